/* SPDX-License-Identifier: MIT */
/* Metadata that was fetched before: one file a project, to whose end records are added. A search
 * that wanders looks at thousands of releases; a file for each would cost more than fetching it. */
#pragma once
#include "verify/digest.h"

#include <glib.h>

typedef struct Shelf Shelf;
/* Never fails: what cannot be read is not there. project: normalised. */
Shelf *shelf_open(const char *cache_dir, const char *project);
/* One that has these bytes and is never written. */
Shelf *shelf_from_bytes(GBytes *bytes);
void shelf_free(Shelf *shelf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shelf, shelf_free)

/* The text under a key, or NULL; lives as long as the shelf. */
const char *shelf_get(const Shelf *shelf, const struct digest *key, size_t *length);
/* For later runs; what fails is of no consequence. */
void shelf_put(Shelf *shelf, const struct digest *key, const char *text, size_t length);
