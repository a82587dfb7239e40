/* SPDX-License-Identifier: MIT */
/* INI files as Python's RawConfigParser reads and writes them. */
#pragma once
#include "lib/error.h"

struct ini_item {
	char *key; /* lower case */
	char *value;
};

struct ini_section {
	char *name;
	GPtrArray *items;   /* of struct ini_item *, in file order */
	GHashTable *by_key; /* key -> struct ini_item * */
};

typedef struct Ini {
	struct ini_section *defaults; /* [DEFAULT]: part of every section */
	GPtrArray *sections;	      /* of struct ini_section * */
	GHashTable *by_name;
} Ini;

Ini *ini_new(void);
/* Continuation lines, `=` and `:`, full-line `#` and `;` comments, no interpolation; a section or
 * key given twice is an error. `name` stands for the file in messages, which are configparser's.
 * ERROR_CONFIG. */
Ini *ini_parse(const char *bytes, size_t length, const char *name, GError **error);
void ini_free(Ini *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ini, ini_free)

/* Value of a key (defaults included), or NULL. */
const char *ini_get(const Ini *ini, const char *section, const char *key);
void ini_set(Ini *ini, const char *section, const char *key, const char *value);
/* Removes a key, and its section when that becomes empty. False if it was not there. */
bool ini_unset(Ini *ini, const char *section, const char *key);
/* The file's text. New string. */
char *ini_text(const Ini *ini);
