/* SPDX-License-Identifier: MIT */
/* Shared by index.c (pages), index_metadata.c and index_cache.c. */
#pragma once
#include "resolver/index.h"

/* A find-links place: its links are offered to every project. */
struct place {
	Index *index;
	char *url;	  /* absolute; of a folder with a final slash */
	GPtrArray *files; /* names in a folder, of char *; or NULL */
	char *body;	  /* of a page */
	size_t length;
	char *charset;
	bool json;
	bool single; /* the URL is an archive itself */
	bool pending;
};

struct Index {
	Loop *loop;
	Http *http;
	Log *log;
	char **index_urls; /* without a final slash */
	GPtrArray *places; /* of struct place * */
	bool places_started;
	char *cache_dir;
	char **refresh;
	GHashTable *projects; /* normalised name -> struct project * */
	GHashTable *metadata; /* file URL -> struct metadata_entry * */
	struct source_listener listener;
	struct source source;
};

struct metadata_entry; /* index_metadata.c */
void metadata_entry_free(void *entry);

void index_metadata_prefetch(void *user, const IndexPage *page, const struct index_file *file);
const Metadata *index_metadata(
	void *user, const IndexPage *page, const struct index_file *file, GError **error);

/* A kept page: NULL if there is none. *fresh_until as in HttpResponse; etag and last_modified are
 * new strings or NULL. */
IndexPage *index_cache_read(const char *cache_dir, const char *url, int64_t *fresh_until,
	char **etag, char **last_modified);
void index_cache_write(const char *cache_dir, const char *url, const IndexPage *page,
	int64_t fresh_until, const char *etag, const char *last_modified);
/* Only the time, after a 304. */
void index_cache_touch(const char *cache_dir, const char *url, int64_t fresh_until);
