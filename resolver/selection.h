/* SPDX-License-Identifier: MIT */
/* Which candidates of a node satisfy a set of demands, in the order in which pip tries them; with
 * pip's rules for pre-releases, yanks (PEP 592), hashes and installed distributions. */
#pragma once
#include "resolver/universe.h"

typedef struct Selection {
	struct node *node;
	struct range **ranges; /* all must hold; the constraint among them */
	size_t range_count;
	candidate_id
		fixed; /* the only one (a URL, or what an extra is tied to), or CANDIDATE_NONE */
	bool empty;    /* nothing can satisfy the demands */
	bool prereleases, yanked,
		hashed; /* which releases count; `hashed`: only with a known hash */
	bool installed; /* the installed distribution is one of them */
	bool installed_first;
	bool pending; /* the page was not needed so far: releases are still unknown */
} Selection;

struct selection_demands {
	const struct demand *const *own; /* on the node itself */
	size_t own_count;
	const struct demand *const *base; /* on the node without extras */
	size_t base_count;
};

/* bad: candidates that are out of the question. May fetch the package's page. */
bool selection_make(Universe *universe, struct node *node, const struct selection_demands *demands,
	const candidate_id *bad, size_t bad_count, Selection *out, GError **error);
/* Fetches the page if that was put off. */
bool selection_complete(Universe *universe, Selection *selection, GError **error);
void selection_clear(Selection *selection);

struct selection_cursor {
	candidate_id next;
	bool installed_done;
};
/* The next candidate, or CANDIDATE_NONE. Start with a cursor of zeros. */
candidate_id selection_next(const Selection *selection, struct selection_cursor *cursor,
	const candidate_id *bad, size_t bad_count);
