/* SPDX-License-Identifier: MIT */
/* The scanner under markers and requirements (PEP 508), with packaging's error texts. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct tokens {
	const char *text, *at, *end;
};

/* Skips blanks and tabs; true if there were any. */
bool tokens_space(struct tokens *t);
/* One of these characters is next; it is taken. */
bool tokens_take(struct tokens *t, char c);
bool tokens_peek(const struct tokens *t, char c);
bool tokens_end(const struct tokens *t);
/* An identifier: letters, digits, `._-`, with a word boundary at both ends. Bytes, 0 if none. */
size_t tokens_identifier(const struct tokens *t);
/* `word` with word boundaries around it is next; it is taken. */
bool tokens_word(struct tokens *t, const char *word);
/* Bytes of a version specifier (`>=1.0`, `===any`), 0 if none. */
size_t tokens_specifier(const struct tokens *t);

/* Sets ERROR_INVALID_INPUT: message, the text, and a caret below `at`, tildes from `from`. */
bool tokens_fail(const struct tokens *t, const char *from, const char *at, GError **error,
	const char *format, ...) G_GNUC_PRINTF(5, 6);
