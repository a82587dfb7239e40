/* SPDX-License-Identifier: MIT */
/* Requirements in a comment of a script (PEP 723). */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Inline {
	char *requires_python; /* or NULL */
	char **dependencies;   /* requirement texts, NULL-terminated, never NULL */
} Inline;

/* name: for messages. ERROR_INVALID_INPUT with pip's words: no block, two blocks, bad TOML. */
Inline *inline_parse(const char *bytes, size_t length, const char *name, GError **error);
void inline_free(Inline *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inline, inline_free)
