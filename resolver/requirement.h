/* SPDX-License-Identifier: MIT */
/* PEP 508 requirements: `name[extra]>=1.0; python_version > "3.8"` or `name @ URL`. */
#pragma once
#include "resolver/marker.h"
#include "resolver/specifier.h"

typedef struct Requirement {
	char *name;	       /* as written */
	char *normalized_name; /* PEP 503 */
	char **extras; /* as written, sorted, without repeats, NULL-terminated, never NULL */
	SpecifierSet *specifier; /* never NULL, may be empty */
	char *url;		 /* or NULL */
	Marker *marker;		 /* or NULL */
} Requirement;

/* `packaging.requirements.Requirement(text)`; the error has pip's form (expected … and a caret). */
Requirement *requirement_parse(const char *text, size_t length, GError **error);
void requirement_free(Requirement *requirement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Requirement, requirement_free)
/* str(Requirement): `name[extras]<sorted specifier>; marker`. New string. */
char *requirement_text(const Requirement *requirement);
