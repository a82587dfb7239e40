/* SPDX-License-Identifier: MIT */
/* The index client: project pages and metadata over HTTP, from folders and from caches. */
#pragma once
#include "lib/http.h"
#include "lib/jobs.h"
#include "resolver/source.h"

struct index_options {
	const char *index_url;		     /* PEP 503 root, or a folder's path */
	const char *const *extra_index_urls; /* NULL-terminated, or NULL */
	const char *const *find_links;	     /* paths, file and http URLs; or NULL */
	bool no_index;
	const char *cache_dir;	    /* parsed pages and metadata are kept below it; or NULL */
	Jobs *jobs;		    /* parses big pages; NULL: the main thread does */
	const char *const *refresh; /* names whose pages are revalidated, or ":all:" */
};

typedef struct Index Index;

/* Files that had to be fetched whole for their metadata (no ranges, a small wheel) stay with the
 * client (http_keep_whole): they are not fetched again. Borrows loop, http, jobs and log; to be
 * freed before them (what runs is cancelled). */
Index *index_new(Loop *loop, Http *http, Log *log, const struct index_options *options);
void index_free(Index *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Index, index_free)

/* The source for the resolver; lives as long as the index. Its metadata() returns NULL without an
 * error for an sdist whose metadata the index does not serve. */
struct source *index_source(Index *index);

/* Makes this file the only one of the project (a lock file says so): no index is asked for it. The
 * page's status becomes "locked". */
void index_lock(Index *index, const char *name, const struct page_link *link);

/* pip's "Looking in indexes: …" and "Looking in links: …" when these differ from the default. */
void index_say_where(const Index *index);
