/* SPDX-License-Identifier: MIT */
/* The pipeline that install, download, wheel and lock share: collect, resolve, fetch, unpack. The
 * only place where these are composed; cmd/install.c adds the change of the environment. */
#pragma once
#include "cmd/artifact.h"
#include "cmd/roots.h"
#include "resolver/index.h"
#include "wheel/tags.h"

struct plan_item { /* one distribution of the answer, in installation order */
	const struct resolved *resolved;
	Artifact *artifact; /* what isn't a wheel of an index; else NULL */
	StoreWheel *wheel;  /* after plan_fetch */
};

typedef struct Plan {
	struct xpip *x;
	const Python *python;
	Roots *roots;
	Resolution *resolution; /* after plan_resolve */
	struct plan_item *items;
	size_t count;
	Store *store;
	Jobs *jobs;
	Loop *loop;
	struct plan_rest *rest;
} Plan;

/* Reads options and requirements. `installs`: installed distributions are candidates. Nothing to
 * do is ERROR_INVALID_INPUT with pip's sentence for this command. */
Plan *plan_new(struct xpip *x, bool installs, GError **error);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
/* Finds the set; fills `items`. Says what is collected and what is there already. */
bool plan_resolve(Plan *plan, GError **error);
/* Gets all items that are not kept into the store, building what is no wheel. */
bool plan_fetch(Plan *plan, GError **error);
/* Only builds what is no wheel; failed (of char *) gets the names of the projects that could not be
 * built, which has been said. */
bool plan_build(Plan *plan, GPtrArray *failed, GError **error);
/* Starts the download of an item's file of the index, hash-checked. `done` as in fetch_add. */
bool plan_fetch_file(
	Plan *plan, const struct plan_item *item, fetch_done_fn done, void *user, GError **error);
/* No download is running any more: those that were are forgotten, their `done` is not called. */
void plan_fetch_end(Plan *plan);
/* The items in the order of the resolver's decisions, in which pip tells of them; new array. */
const struct plan_item **plan_decisions(const Plan *plan);
InstalledSet *plan_installed(const Plan *plan); /* or NULL */
/* The requirement as asked for, with who asks: "six>=1.5 (from python-dateutil)". New string. */
char *plan_asked(const Plan *plan, const struct plan_item *item);
/* Where a distribution that the user named by URL or path came from; or NULL. Borrowed. */
const DirectUrl *plan_direct_url(const struct plan_item *item);
