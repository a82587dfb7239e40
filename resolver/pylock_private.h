/* SPDX-License-Identifier: MIT */
/* Shared by pylock.c (selection) and pylock_parts.c (typed values, files of a package). */
#pragma once
#include "lib/json.h"
#include "resolver/pylock.h"

/* Where we are in the document: `packages[3].wheels[0]`. */
struct cursor {
	struct json table;
	const char *path; /* "" at the top */
	GError **error;
};

/* `WHY in 'packages[0].name'`; key NULL: of the table itself. Always false. */
bool pylock_refuse(const struct cursor *at, const char *key, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
char *pylock_path_to(const struct cursor *at, const char *key);
const char *pylock_python_type(struct json value);
/* *value is JSON_NONE if the key is absent. */
bool pylock_get(const struct cursor *at, const char *key, enum json_type type, const char *expected,
	bool required, struct json *value);
/* Borrowed; *text is NULL if the key is absent. */
bool pylock_get_text(const struct cursor *at, const char *key, bool required, const char **text);
bool pylock_check_texts(const struct cursor *at, const char *key); /* a list of strings */
/* The marker of a text that may be absent; *out stays NULL then. */
bool pylock_get_marker(const struct cursor *at, const char *key, const char *text, Marker **out);
/* requires-python: does the target satisfy it? */
bool pylock_get_python(const struct cursor *at, const struct pylock_target *target, bool *satisfied,
	const char **text);

/* What a table of a package says; NULL with error. */
struct pylock_item *pylock_read_sdist(
	const struct cursor *at, const char *place, const char *package, const char *version);
/* rank: of the wheel among the target's tags, -1 for none. */
struct pylock_item *pylock_read_wheel(const struct cursor *at, const char *place,
	const char *package, const char *version, const struct pylock_target *target, int *rank);
struct pylock_item *pylock_read_archive(
	const struct cursor *at, const char *place, const char *package);
struct pylock_item *pylock_read_vcs(
	const struct cursor *at, const char *place, const char *package);
struct pylock_item *pylock_read_folder(
	const struct cursor *at, const char *place, const char *package);
