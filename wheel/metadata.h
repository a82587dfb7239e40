/* SPDX-License-Identifier: MIT */
/* Core metadata 1.0–2.5 (METADATA, PKG-INFO): the header block and PEP 566 JSON. */
#pragma once
#include "lib/json.h"

typedef struct Metadata {
	char *metadata_version, *name, *version; /* as written; never NULL */
	char *requires_python;			 /* or NULL */
	char **requires_dist;  /* requirement texts, NULL-terminated, never NULL */
	char **provides_extra; /* as written */
	char **dynamic;	       /* PEP 643 */
	GPtrArray *headers;    /* of struct metadata_header, in the file's order */
	char *description;     /* the body, or NULL */
} Metadata;

struct metadata_header {
	char *name, *value; /* name as written; continuation lines joined as email.parser does */
};

/* At most 16 MiB. ERROR_INVALID_INPUT when Name or Version is missing or the metadata version is
 * unknown (major > 2). Undecodable bytes are replaced, as pip does. */
Metadata *metadata_parse(const char *bytes, size_t length, GError **error);
void metadata_free(Metadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metadata, metadata_free)
/* PEP 643: an sdist's PKG-INFO tells what every wheel built from it will depend on. */
bool metadata_is_static(const Metadata *metadata);
const char *metadata_get(const Metadata *metadata, const char *name); /* first, any case; or NULL */
char **metadata_get_all(const Metadata *metadata, const char *name);  /* new list, never NULL */
/* Appends a header; the lists above follow. */
void metadata_add(Metadata *metadata, const char *name, const char *value);
/* PEP 566 JSON as pip's report and inspect print it (keys lower case with `_`). */
void metadata_write_json(const Metadata *metadata, JsonWriter *writer);
