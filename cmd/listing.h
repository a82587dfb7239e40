/* SPDX-License-Identifier: MIT */
/* What list, freeze and inspect share: which installed distributions --path, --local and --user
 * select. */
#pragma once
#include "cmd/cmd.h"
#include "wheel/installed.h"

typedef struct Listing {
	InstalledSet *set;
	GPtrArray *dists; /* of Installed *, borrowed from the set, sorted by normalised name */
} Listing;

/* ERROR_INVALID_INPUT when --path comes together with --user or --local. */
Listing *listing_new(struct xpip *x, GError **error);
void listing_free(Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listing, listing_free)

/* Packages of the standard library that may carry metadata yet are not "installed". */
bool listing_is_stdlib(const Installed *dist);

/* The version as PEP 440 spells it, or, with *legacy (may be NULL) set, as it is written. New
 * string. */
char *listing_version(const Installed *dist, bool *legacy);

/* Says so if a change of the environment was cut short and nobody has finished it yet. */
void listing_warn_broken(const struct xpip *x, const Python *python);
