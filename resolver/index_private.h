/* SPDX-License-Identifier: MIT */
/* Shared by index.c (pages), index_places.c (find-links), index_metadata.c and index_cache.c. */
#pragma once
#include "resolver/index.h"

/* A find-links place: its links are offered to every project. */
struct place {
	Index *index;
	char *url;	  /* absolute; of a folder with a final slash */
	GPtrArray *files; /* names in a folder, of char *; or NULL */
	GPtrArray *pages; /* of a folder: its HTML files, of struct place *; or NULL */
	char *body;	  /* of a page */
	size_t length;
	char *charset;
	bool json;
	bool single; /* the URL is an archive itself */
	bool pending;
	unsigned transfer;
};

struct Index {
	Loop *loop;
	Jobs *jobs; /* or NULL */
	Http *http;
	Log *log;
	char **index_urls; /* without a final slash; for messages with hidden passwords */
	char **roots;	   /* the same without credentials: the client knows them */
	char **find_links; /* as given */
	GPtrArray *places; /* of struct place * */
	bool places_started;
	char *cache_dir;
	char **refresh;
	GHashTable *projects; /* normalised name -> struct project * */
	GHashTable *metadata; /* file URL -> struct metadata_entry * */
	GHashTable *shelves;  /* project -> Shelf *: metadata from earlier runs */
	GHashTable *tails;    /* project -> bytes that the end of its last wheel took */
	struct source_listener listener;
	struct source source;
};

/* As pip sends it. */
#define INDEX_ACCEPT                                                                               \
	"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, "        \
	"text/html; q=0.01"
enum { INDEX_MAX_PAGE = 128 << 20 };

/* --- index.c --- */
/* Goes on with the projects that only waited for find-links places. */
void index_complete(Index *index);

/* --- index_places.c --- */
/* NULL, after a warning, if there is no such place. */
struct place *index_place_new(Index *index, const char *text);
void index_place_free(void *place);
/* Offers the place's links to a project. */
void index_place_add(
	Index *index, PageBuilder *builder, const struct place *place, const char *name);
void index_places_start(Index *index); /* asks for those on the web */
bool index_places_pending(const Index *index);

/* --- index_parse.c --- */
/* The media types of the Simple API; a local file has none. */
bool index_is_html(const char *content_type, bool local);
bool index_is_json(const char *content_type);
bool index_refuse_type(const char *content_type, GError **error); /* always false */
/* Makes a page of an answer (owned) and keeps it under `url`. `done` gets the page (owned by it) or
 * an error, later (the result is what index_parse_forget takes) or at once (the result is NULL). */
typedef void (*index_parsed_fn)(IndexPage *page, const GError *error, void *user);
struct index_parse *index_parse(Index *index, const char *name, const char *url,
	HttpResponse *response, index_parsed_fn done, void *user);
void index_parse_forget(struct index_parse *parse); /* `done` is not called any more */

/* --- index_metadata.c --- */
struct metadata_entry;
void metadata_entry_free(void *entry);

void index_metadata_prefetch(void *user, const IndexPage *page, const struct index_file *file);
const Metadata *index_metadata(
	void *user, const IndexPage *page, const struct index_file *file, GError **error);

/* --- index_cache.c --- */
/* A kept page: NULL if there is none. *fresh_until as in HttpResponse; etag and last_modified are
 * new strings or NULL. */
IndexPage *index_cache_read(const char *cache_dir, const char *url, const char *name,
	int64_t *fresh_until, char **etag, char **last_modified);
void index_cache_write(const char *cache_dir, const char *url, const IndexPage *page,
	int64_t fresh_until, const char *etag, const char *last_modified);
/* Only the time, after a 304. */
void index_cache_touch(const char *cache_dir, const char *url, int64_t fresh_until);
