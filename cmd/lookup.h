/* SPDX-License-Identifier: MIT */
/* Asking the index about projects by name, for `list --outdated` and `index versions`: which
 * releases could be installed here. */
#pragma once
#include "cmd/cmd.h"
#include "resolver/candidate.h"
#include "resolver/index.h"

typedef struct Lookup Lookup;

/* Reads the command's options; those of a foreign target count where the command has them. Borrows
 * x. */
Lookup *lookup_new(struct xpip *x, GError **error);
void lookup_free(Lookup *lookup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lookup, lookup_free)
struct source *lookup_source(Lookup *lookup);

/* The releases of a page that may be installed, best first, without yanked ones and, unless asked
 * for, without pre-releases. */
Candidates *lookup_candidates(
	const Lookup *lookup, const char *normalized_name, const IndexPage *page, GError **error);

struct latest {
	const Version *version; /* borrowed from the page; NULL: no release may be installed */
	bool wheel;
};
bool lookup_latest(const Lookup *lookup, const char *normalized_name, const IndexPage *page,
	struct latest *latest, GError **error);

/* The installed version as PEP 440 spells it: new string, or NULL if there is none. */
char *lookup_installed(struct xpip *x, const char *normalized_name);
/* pip's two indented lines: what is installed, and which release is the newest. */
void lookup_say_installed(struct xpip *x, const char *installed, const char *latest);
