/* SPDX-License-Identifier: MIT */
/* pip's search: the order in which pip pins projects, backtracks and backjumps, so that the answer
 * is pip's. Cheap while requirements agree; where it wanders, pubgrub.h takes over. */
#pragma once
#include "resolver/universe.h"

enum search_outcome {
	SEARCH_FOUND,
	SEARCH_IMPOSSIBLE,
	SEARCH_TOO_LONG, /* the effort is used up: says nothing about solvability */
	SEARCH_ERROR,	 /* a callback failed, or a signal */
};

/* A demand and who makes it. */
struct cause {
	const struct demand *demand;
	struct node *parent; /* NULL: a root requirement */
	candidate_id parent_candidate;
	size_t root; /* index of the root requirement, if it is one */
};

struct search_result {
	GArray *pins;	/* candidate_id by node id; CANDIDATE_NONE where nothing is pinned */
	GArray *order;	/* uint32_t: node ids in the order of pinning */
	GArray *causes; /* struct cause: of SEARCH_IMPOSSIBLE */
	size_t rounds;
};

struct search_effort {
	size_t demands;	 /* that may be looked at */
	size_t given_up; /* candidates that may turn out not to fit: each had to be fetched */
	size_t unbuilt;	 /* ... of one package before older releases of it are built */
};
enum search_outcome search_run(Universe *universe, const struct search_effort *effort,
	struct search_result *result, GError **error);
void search_result_clear(struct search_result *result);
