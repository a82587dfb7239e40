/* SPDX-License-Identifier: MIT */
/* TOML 1.0 documents, given back as JSON values (toml++ behind a C API). */
#pragma once
#include "lib/json.h"

/* Parses a TOML document (pyproject.toml, pylock.toml) into a Json document; dates and times become
 * strings in RFC 3339 form. ERROR_INVALID_INPUT with line and column. Keys keep no order. */
Json *toml_parse(const char *bytes, size_t length, const char *source_name, GError **error);
/* A TOML document of a parsed object, laid out as Python's tomli_w does: nulls are left out. New
 * string. */
char *toml_text(struct json table);
