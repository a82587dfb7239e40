/* SPDX-License-Identifier: MIT */
/* What an interpreter says of itself, kept in the cache, and a Python filled with it. */
#pragma once
#include "lib/json.h"
#include "wheel/python.h"

/* What is behind every Python that is handed out. */
struct python_facts {
	Python python; /* first */
	Json *answer;  /* the base interpreter's: python_query.h */
};

/* The facts of the interpreter `executable`, which is no virtual environment's: from the cache
 * while the file has the same size and time, else it is asked. ERROR_ENVIRONMENT. */
Json *python_facts_find(const char *executable, const char *cache_dir, GError **error);

/* Runs `executable` with `flags` (NULL-terminated) and a program; its output as JSON. */
Json *python_facts_ask(
	const char *executable, const char *const *flags, const char *program, GError **error);

/* Fills the fields that do not depend on the environment. */
void python_facts_read(Python *python, struct json root);
char *python_facts_text(struct json object, const char *key); /* new, "" if absent */
char **python_facts_list(struct json object, const char *key);
