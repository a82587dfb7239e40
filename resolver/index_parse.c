/* SPDX-License-Identifier: MIT */
/* An answer becomes a page, on a worker thread if it is large: unpacking, parsing and keeping it
 * take longer than fetching it from nearby. */
#include "lib/error.h"
#include "resolver/index_private.h"

#include <string.h>

enum { SMALL = 8192 /* bytes, compressed or not: not worth another thread */ };

struct index_parse {
	/* what the worker reads */
	char *name, *cache_dir, *cache_url;
	HttpResponse *response;
	/* what it makes */
	IndexPage *page;
	GError *error;
	/* whom the main thread tells */
	index_parsed_fn done; /* NULL: nobody any more */
	void *user;
};

bool
index_is_html(const char *content_type, bool local)
{
	return (local && !*content_type) || strcmp(content_type, "text/html") == 0 ||
	       strcmp(content_type, "application/vnd.pypi.simple.v1+html") == 0;
}

bool
index_is_json(const char *content_type)
{
	return strcmp(content_type, "application/vnd.pypi.simple.v1+json") == 0;
}

bool
index_refuse_type(const char *content_type, GError **error)
{
	return error_set(error, ERROR_INVALID_INPUT,
		"the GET request got Content-Type: %s. The only supported Content-Types are "
		"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html, and "
		"text/html",
		*content_type ? content_type : "Unknown");
}

static IndexPage *
parse_page(const char *name, const HttpResponse *response, GError **error)
{
	g_autoptr(GBytes) text = response->is_gzip
					 ? http_decode(response->body, INDEX_MAX_PAGE, error)
					 : g_bytes_ref(response->body);
	if (!text)
		return NULL;
	gsize length = 0;
	const char *bytes = g_bytes_get_data(text, &length);
	PageBuilder *builder = page_builder_new(name);
	bool ok;
	if (index_is_json(response->content_type))
		ok = simple_parse_json(builder, bytes ? bytes : "", length, response->url, error);
	else if (index_is_html(response->content_type, g_str_has_prefix(response->url, "file:")))
		ok = simple_parse_html(builder, bytes ? bytes : "", length, response->url,
			response->charset, error);
	else
		ok = index_refuse_type(response->content_type, error);
	IndexPage *page = page_builder_finish(builder);
	if (!ok)
		g_clear_pointer(&page, page_free);
	return page;
}

static void
run(void *input)
{
	struct index_parse *parse = input;
	const HttpResponse *response = parse->response;
	parse->page = parse_page(parse->name, response, &parse->error);
	if (parse->page && parse->cache_dir && response->fresh_until > 0)
		index_cache_write(parse->cache_dir, parse->cache_url, parse->page,
			response->fresh_until, response->etag, response->last_modified);
}

static void
finish(void *input, bool cancelled)
{
	struct index_parse *parse = input;
	if (parse->done && !cancelled)
		parse->done(g_steal_pointer(&parse->page), parse->error, parse->user);
	page_free(parse->page);
	g_clear_error(&parse->error);
	http_response_free(parse->response);
	g_free(parse->name);
	g_free(parse->cache_dir);
	g_free(parse->cache_url);
	g_free(parse);
}

struct index_parse *
index_parse(Index *index, const char *name, const char *url, HttpResponse *response,
	index_parsed_fn done, void *user)
{
	struct index_parse *parse = g_new0(struct index_parse, 1);
	bool local = g_str_has_prefix(url, "file:");
	*parse = (struct index_parse){.name = g_strdup(name),
		.cache_dir = local ? NULL : g_strdup(index->cache_dir),
		.cache_url = g_strdup(url),
		.response = response,
		.done = done,
		.user = user};
	if (index->jobs && g_bytes_get_size(response->body) > SMALL) {
		jobs_add(index->jobs, run, finish, parse);
		return parse;
	}
	run(parse);
	finish(parse, false);
	return NULL;
}

void
index_parse_forget(struct index_parse *parse)
{
	if (parse)
		parse->done = NULL;
}
