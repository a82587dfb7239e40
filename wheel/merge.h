/* SPDX-License-Identifier: MIT */
/* From what is staged and what is to be removed to the fewest renames that make it so. */
#pragma once
#include "wheel/journal.h"
#include "wheel/stage.h"

typedef struct Merge Merge;
Merge *merge_new(Stage *stage, Journal *journal, Log *log);
void merge_free(Merge *merge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Merge, merge_free)

/* An absolute path, whose folder is without links, that goes; absent ones are ignored. */
void merge_remove(Merge *merge, const char *path);
/* A staged file (relative to purelib) that replaces one outside of the staged trees. */
bool merge_replace(Merge *merge, const char *staged, const char *path, GError **error);

/* Adds the steps for everything. A folder is renamed whole where nothing is in its place, or where
 * all that is in it goes; else its entries are. */
bool merge_plan(Merge *merge, GError **error);
/* The same for --target: what exists at the top is kept with pip's warning, or replaced. */
bool merge_plan_flat(Merge *merge, bool replace, GError **error);
