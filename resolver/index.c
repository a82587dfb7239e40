/* SPDX-License-Identifier: MIT */
/* Pages: every index and find-links place is asked for a project, all at once, and the answers are
 * merged in pip's order (find-links first). */
#include "resolver/index.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "resolver/index_private.h"
#include "resolver/shelf.h"

#include <string.h>
#include <time.h>

#define HTML_ACCEPT "application/vnd.pypi.simple.v1+html, text/html; q=0.9, */*; q=0.1"

struct project {
	Index *index;
	char *name;
	unsigned pending;
	struct reply {
		struct project *project;
		char *url;
		IndexPage *page; /* NULL: not there */
		char *etag, *last_modified;
		unsigned transfer;	   /* that runs, or 0 */
		struct index_parse *parse; /* that runs, or NULL */
		bool html;		   /* the server refused JSON: asked for HTML */
	} * replies;			   /* one an index */
	IndexPage *page;		   /* merged, when all are there */
	GError *error;
};

static void
project_free(void *data)
{
	struct project *project = data;
	guint count = g_strv_length(project->index->index_urls);
	for (guint i = 0; i < count; i++) {
		http_cancel(project->index->http, project->replies[i].transfer);
		index_parse_forget(project->replies[i].parse);
		g_free(project->replies[i].url);
		g_free(project->replies[i].etag);
		g_free(project->replies[i].last_modified);
		page_free(project->replies[i].page);
	}
	g_free(project->replies);
	g_free(project->name);
	page_free(project->page);
	g_clear_error(&project->error);
	g_free(project);
}

/* --- answers ------------------------------------------------------------------------------- */

static void
warn_several(struct project *project)
{
	g_autoptr(GString) urls = g_string_new(NULL);
	unsigned found = 0;
	for (char **url = project->index->index_urls; *url; url++) {
		const IndexPage *page = project->replies[url - project->index->index_urls].page;
		if (!page || page_file_count(page) == 0)
			continue;
		g_autofree char *shown = http_redact_url(*url);
		g_string_append_printf(urls, "%s%s", found++ ? ", " : "", shown);
	}
	if (found > 1)
		log_warning(project->index->log,
			"%s stands on more than one index (%s): the newest version wins wherever "
			"it is; "
			"give --index-url alone, or hashes, if that is not what you want.",
			project->name, urls->str);
}

/* All answers are there: one page of them, in pip's order. */
static void
complete(struct project *project)
{
	Index *index = project->index;
	if (project->pending > 0 || project->page || index_places_pending(index))
		return;
	guint count = g_strv_length(index->index_urls);
	if (index->places->len == 0 && count == 1 && project->replies[0].page) {
		project->page = page_ref(project->replies[0].page);
	} else {
		PageBuilder *builder = page_builder_new(project->name);
		for (guint i = 0; i < index->places->len; i++)
			index_place_add(
				index, builder, g_ptr_array_index(index->places, i), project->name);
		for (guint i = 0; i < count; i++)
			if (project->replies[i].page)
				page_builder_add_page(builder, project->replies[i].page);
		project->page = page_builder_finish(builder);
		if (count > 1)
			warn_several(project);
	}
	if (index->listener.page_ready)
		index->listener.page_ready(index->listener.user, project->name, project->page);
}

/* In the order of the names: no message may depend on a hash table's. */
void
index_complete(Index *index)
{
	g_autoptr(GList) names = g_hash_table_get_keys(index->projects);
	names = g_list_sort(names, (GCompareFunc)strcmp);
	for (const GList *name = names; name; name = name->next)
		complete(g_hash_table_lookup(index->projects, name->data));
}

static void
on_parsed(IndexPage *page, const GError *error, void *user)
{
	struct reply *reply = user;
	struct project *project = reply->project;
	reply->parse = NULL;
	reply->page = page;
	project->pending--;
	if (error)
		log_warning(project->index->log, "Skipping page %s because %s", reply->url,
			error->message);
	complete(project);
}

static void ask_server(struct reply *reply);

/* The index gave no page. One that is kept serves if the index could not be reached at all. */
static void
take_failure(struct reply *reply, const GError *error)
{
	Log *log = reply->project->index->log;
	long status = http_error_status(error);
	bool absent = status == 404 || status == 410 || g_str_has_prefix(reply->url, "file:");
	if (status == 0 && reply->page) {
		log_warning(log, "Could not fetch URL %s: %s - using the page that was kept",
			reply->url, error->message);
		return;
	}
	g_clear_pointer(&reply->page, page_free);
	log_write(log, absent ? LOG_DEBUG : LOG_WARNING, "Could not fetch URL %s: %s - skipping",
		reply->url, error->message);
}

static void
on_page(HttpResponse *owned, const GError *error, void *user)
{
	struct reply *reply = user;
	struct project *project = reply->project;
	g_autoptr(HttpResponse) response = owned;
	reply->transfer = 0;
	if (g_error_matches(error, XPIP_ERROR, ERROR_INTERRUPTED))
		return;
	if (http_error_status(error) == 406 && !reply->html) {
		reply->html = true;
		ask_server(reply);
		return;
	}
	if (response && response->status != 304) {
		g_clear_pointer(&reply->page, page_free);
		reply->parse = index_parse(project->index, project->name, reply->url,
			g_steal_pointer(&response), on_parsed, reply);
		return;
	}
	if (response && project->index->cache_dir)
		index_cache_touch(project->index->cache_dir, reply->url, response->fresh_until);
	if (error)
		take_failure(reply, error);
	project->pending--;
	complete(project);
}

/* --- asking -------------------------------------------------------------------------------- */

static bool
wants_refresh(const Index *index, const char *name)
{
	for (char **word = index->refresh; word && *word; word++)
		if (strcmp(*word, ":all:") == 0 || strcmp(*word, name) == 0)
			return true;
	return false;
}

/* A folder has its page in index.html. */
static char *
page_url(const char *root, const char *name)
{
	bool local = g_str_has_prefix(root, "file:");
	return g_strconcat(root, "/", name, local ? "/index.html" : "/", NULL);
}

static void
ask_server(struct reply *reply)
{
	Index *index = reply->project->index;
	bool refresh = wants_refresh(index, reply->project->name);
	struct http_request request = {.url = reply->url,
		.accept = reply->html ? HTML_ACCEPT : INDEX_ACCEPT,
		.cache = refresh ? HTTP_CACHE_RELOAD : HTTP_CACHE_NONE,
		.etag = reply->page ? reply->etag : NULL,
		.last_modified = reply->page ? reply->last_modified : NULL,
		.max_size = INDEX_MAX_PAGE,
		.done = on_page,
		.user = reply,
		.priority = true,
		.leave_gzip = true};
	reply->transfer = http_get(index->http, &request);
}

static void
ask_index(struct project *project, struct reply *reply, const char *root)
{
	Index *index = project->index;
	reply->project = project;
	reply->url = page_url(root, project->name);
	int64_t fresh_until = 0;
	if (index->cache_dir)
		reply->page = index_cache_read(index->cache_dir, reply->url, project->name,
			&fresh_until, &reply->etag, &reply->last_modified);
	bool fresh = reply->page && fresh_until > (int64_t)time(NULL);
	if (!fresh || wants_refresh(index, project->name)) {
		project->pending++;
		ask_server(reply);
	}
}

static struct project *
project_new(Index *index, const char *name)
{
	struct project *project = g_new0(struct project, 1);
	project->index = index;
	project->name = g_strdup(name);
	project->replies = g_new0(struct reply, g_strv_length(index->index_urls) + 1);
	g_hash_table_insert(index->projects, project->name, project);
	return project;
}

void
index_lock(Index *index, const char *name, const struct page_link *link)
{
	struct project *project = project_new(index, name);
	PageBuilder *builder = page_builder_new(name);
	page_builder_add(builder, link);
	page_builder_status(builder, "locked", NULL);
	project->page = page_builder_finish(builder);
}

static struct project *
ask(Index *index, const char *name)
{
	struct project *project = g_hash_table_lookup(index->projects, name);
	if (project)
		return project;
	if (!index->places_started)
		index_places_start(index);
	project = project_new(index, name);
	guint count = g_strv_length(index->index_urls);
	for (guint i = 0; i < count; i++)
		ask_index(project, &project->replies[i], index->roots[i]);
	complete(project);
	return project;
}

static void
prefetch_page(void *user, const char *name)
{
	ask(user, name);
}

static const IndexPage *
get_page(void *user, const char *name, GError **error)
{
	Index *index = user;
	struct project *project = ask(index, name);
	while (!project->page)
		if (!loop_turn(index->loop, -1, error))
			return NULL;
	return project->page;
}

static void
set_listener(void *user, const struct source_listener *listener)
{
	Index *index = user;
	index->listener = listener ? *listener : (struct source_listener){0};
}

/* --- making -------------------------------------------------------------------------------- */

/* An index given as a path becomes a file URL; a final slash goes. */
static char *
root_url(const char *text)
{
	g_autofree char *expanded = fs_expand_user(text);
	bool url = strstr(text, "://") != NULL || g_str_has_prefix(text, "file:");
	char *root = url ? g_strdup(text) : fs_path_to_url(expanded);
	size_t length = strlen(root);
	while (length > 0 && root[length - 1] == '/')
		root[--length] = '\0';
	return root;
}

static void
add_root(Index *index, GPtrArray *roots, const char *text)
{
	if (!text || !*text)
		return;
	char *root = root_url(text);
	bool known = false;
	for (guint i = 0; i < roots->len && !known; i++)
		known = strcmp(g_ptr_array_index(roots, i), root) == 0;
	if (!known && !http_is_secure(index->http, root)) {
		g_autofree char *shown = http_redact_url(root);
		log_warning(index->log,
			"The repository located at %s is not a trusted or secure host and is being "
			"ignored. If this repository is available via HTTPS we recommend you use "
			"HTTPS instead, otherwise you may silence this warning and allow it anyway "
			"with '--trusted-host'.",
			shown);
		known = true;
	}
	if (known)
		g_free(root);
	else
		g_ptr_array_add(roots, root);
}

Index *
index_new(Loop *loop, Http *http, Log *log, const struct index_options *options)
{
	Index *index = g_new0(Index, 1);
	index->loop = loop;
	index->http = http;
	index->log = log;
	index->jobs = options->jobs;
	index->cache_dir = g_strdup(options->cache_dir);
	index->refresh = g_strdupv((char **)options->refresh);
	GPtrArray *roots = g_ptr_array_new();
	if (!options->no_index) {
		add_root(index, roots, options->index_url);
		for (const char *const *url = options->extra_index_urls; url && *url; url++)
			add_root(index, roots, *url);
	}
	g_ptr_array_add(roots, NULL);
	index->index_urls = (char **)g_ptr_array_free(roots, FALSE);
	index->roots = g_strdupv(index->index_urls);
	for (char **root = index->roots; *root; root++) {
		http_know_url(http, *root);
		char *clean = http_strip_url(*root);
		g_free(*root);
		*root = clean;
	}
	index->places = g_ptr_array_new_with_free_func(index_place_free);
	index->find_links = g_strdupv((char **)options->find_links);
	for (const char *const *link = options->find_links; link && *link; link++) {
		struct place *place = index_place_new(index, *link);
		if (place)
			g_ptr_array_add(index->places, place);
	}
	index->projects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, project_free);
	index->metadata =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, metadata_entry_free);
	index->shelves =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)shelf_free);
	index->tails = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	index->source = (struct source){.user = index,
		.set_listener = set_listener,
		.prefetch_page = prefetch_page,
		.prefetch_metadata = index_metadata_prefetch,
		.page = get_page,
		.metadata = index_metadata};
	return index;
}

void
index_free(Index *index)
{
	if (!index)
		return;
	g_hash_table_unref(index->metadata);
	g_hash_table_unref(index->tails);
	g_hash_table_unref(index->shelves);
	g_hash_table_unref(index->projects);
	g_ptr_array_unref(index->places);
	g_strfreev(index->index_urls);
	g_strfreev(index->roots);
	g_strfreev(index->find_links);
	g_strfreev(index->refresh);
	g_free(index->cache_dir);
	g_free(index);
}

struct source *
index_source(Index *index)
{
	return &index->source;
}

void
index_say_where(const Index *index)
{
	char *const *urls = index->index_urls;
	g_autofree char *standard = root_url(XPIP_INDEX_URL);
	if (urls[0] && (urls[1] || strcmp(urls[0], standard) != 0)) {
		g_autoptr(GString) line = g_string_new("Looking in indexes: ");
		for (char *const *url = urls; *url; url++) {
			g_autofree char *shown = http_redact_url(*url);
			g_string_append_printf(line, "%s%s", url > urls ? ", " : "", shown);
		}
		log_info(index->log, "%s", line->str);
	}
	g_autoptr(GString) links = g_string_new(NULL);
	for (char **link = index->find_links; link && *link; link++) {
		g_autofree char *expanded = fs_expand_user(*link);
		bool exists = g_file_test(expanded, G_FILE_TEST_EXISTS);
		g_autofree char *shown = http_redact_url(exists ? expanded : *link);
		g_string_append_printf(links, "%s%s", links->len ? ", " : "", shown);
	}
	if (links->len)
		log_info(index->log, "Looking in links: %s", links->str);
}
