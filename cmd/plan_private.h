/* SPDX-License-Identifier: MIT */
/* What the files of the plan share: cmd/plan.c, plan_resolve.c, plan_fetch.c. */
#pragma once
#include "cmd/plan.h"

struct plan_rest {
	const struct plan_rest *parent; /* of a build environment's plan: index, store, … are its */
	Tags *tags;
	NameControl *formats, *releases;
	char *python_version;
	Index *index;
	Fetch *fetch;
	Progress *progress;
	InstalledSet *installed;
	struct artifact_context context;
	GPtrArray *artifacts; /* all that the resolver looked at */
	GHashTable *sdists;   /* const struct index_file * -> Artifact * */
	struct root_requirement *roots, *constraints;
	GHashTable *unpacking; /* struct unpack: under way */
	GError *failure;       /* the first of plan_fetch */
	bool installs, require_hashes, quiet;
};

struct unpack {	    /* one wheel on its way into the store */
	Plan *plan; /* NULL once the plan is gone */
	struct plan_item *item;
	char *filename;
};

/* The sdist of an index, fetched and asked for its metadata once. Owned by the plan. */
Artifact *plan_open_sdist(
	Plan *plan, const IndexPage *page, const struct index_file *file, GError **error);

/* --require-hashes (cmd/plan_hashes.c): folders and checkouts have no hash; everything must be
 * pinned and have one. ERROR_INTEGRITY with pip's words. */
bool plan_check_place(const char *url, GError **error);
bool plan_check_hashes(const Plan *plan, GError **error);
