/* SPDX-License-Identifier: MIT */
/* find-links: folders, files and pages whose links are offered to every project. */
#include "lib/error.h"
#include "lib/fs.h"
#include "resolver/index_private.h"
#include "resolver/simple_link.h"
#include "wheel/filename.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

void
index_place_free(void *data)
{
	struct place *place = data;
	if (place->pending)
		http_cancel(place->index->http, place->transfer);
	g_free(place->url);
	if (place->files)
		g_ptr_array_unref(place->files);
	if (place->pages)
		g_ptr_array_unref(place->pages);
	g_free(place->body);
	g_free(place->charset);
	g_free(place);
}

/* --- what is at a place -------------------------------------------------------------------- */

static bool
is_html_name(const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);
	return g_str_has_suffix(lower, ".html") || g_str_has_suffix(lower, ".htm");
}

/* A page on disk. */
static struct place *
local_page(const char *path)
{
	struct place *place = g_new0(struct place, 1);
	place->url = fs_path_to_url(path);
	place->body = fs_read(path, INDEX_MAX_PAGE, &place->length, NULL, NULL);
	return place;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_folder(struct place *place, const char *path)
{
	DIR *folder = opendir(path);
	place->files = g_ptr_array_new_with_free_func(g_free);
	place->pages = g_ptr_array_new_with_free_func(index_place_free);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		g_autofree char *below = g_build_filename(path, entry->d_name, NULL);
		if (is_html_name(entry->d_name))
			g_ptr_array_add(place->pages, local_page(below));
		else if (filename_archive_extension(entry->d_name))
			g_ptr_array_add(place->files, g_strdup(entry->d_name));
	}
	if (folder)
		closedir(folder);
	/* The order of a folder is chance. */
	g_ptr_array_sort(place->files, compare_names);
}

static void
warn_ignored(Index *index, const char *text, bool is_url)
{
	g_autofree char *shown = http_redact_url(text);
	log_warning(index->log,
		is_url ? "Location '%s' is ignored: it is neither a file nor a directory."
		       : "Location '%s' is ignored: it is either a non-existing path or lacks a "
			 "specific scheme.",
		shown);
}

struct place *
index_place_new(Index *index, const char *text)
{
	bool is_url = strstr(text, "://") != NULL || g_str_has_prefix(text, "file:");
	g_autofree char *expanded = fs_expand_user(text);
	g_autofree char *path = !is_url				  ? g_strdup(expanded)
				: g_str_has_prefix(text, "file:") ? fs_url_to_path(text, NULL)
								  : NULL;
	struct stat info;
	if (!path && g_str_has_prefix(text, "file:")) {
		warn_ignored(index, text, true);
		return NULL;
	}
	if (path && stat(path, &info) != 0) {
		warn_ignored(index, text, is_url);
		return NULL;
	}
	if (path && S_ISREG(info.st_mode) && !filename_archive_extension(path))
		return local_page(path);
	struct place *place = g_new0(struct place, 1);
	if (!path) {
		http_know_url(index->http, text);
		place->url = http_strip_url(text);
		place->single = filename_archive_extension(place->url) != NULL;
	} else if (S_ISDIR(info.st_mode)) {
		g_autofree char *folder = fs_path_to_url(path);
		place->url = g_str_has_suffix(folder, "/") ? g_steal_pointer(&folder)
							   : g_strconcat(folder, "/", NULL);
		list_folder(place, path);
	} else {
		place->url = fs_path_to_url(path);
		place->single = true;
	}
	return place;
}

static void
add_local_file(PageBuilder *builder, const struct place *place, const char *filename)
{
	g_autofree char *escaped = g_uri_escape_string(filename, NULL, FALSE);
	g_autofree char *url = g_strconcat(place->url, escaped, NULL);
	struct page_link link = {.filename = filename,
		.url = url,
		.source = place->url,
		.size = -1,
		.upload_time = INT64_MIN};
	page_builder_add(builder, &link);
}

void
index_place_add(Index *index, PageBuilder *builder, const struct place *place, const char *name)
{
	for (guint i = 0; place->files && i < place->files->len; i++) {
		const char *filename = g_ptr_array_index(place->files, i);
		/* Most files of a big folder belong to others. */
		if (g_ascii_tolower(filename[0]) == name[0])
			add_local_file(builder, place, filename);
	}
	for (guint i = 0; place->pages && i < place->pages->len; i++)
		index_place_add(index, builder, g_ptr_array_index(place->pages, i), name);
	if (place->single) {
		g_autofree char *filename = link_filename(place->url);
		struct page_link link = {.filename = filename,
			.url = place->url,
			.source = place->url,
			.size = -1,
			.upload_time = INT64_MIN};
		page_builder_add(builder, &link);
	}
	g_autoptr(GError) error = NULL;
	bool ok = !place->body ||
		  (place->json ? simple_parse_json(
					 builder, place->body, place->length, place->url, &error)
			       : simple_parse_html(builder, place->body, place->length, place->url,
					 place->charset, &error));
	if (!ok)
		log_warning(index->log, "Skipping page %s because %s", place->url, error->message);
}

/* --- places on the web --------------------------------------------------------------------- */

bool
index_places_pending(const Index *index)
{
	for (guint i = 0; i < index->places->len; i++)
		if (((struct place *)g_ptr_array_index(index->places, i))->pending)
			return true;
	return false;
}

static void
on_place(HttpResponse *owned, const GError *error, void *user)
{
	struct place *place = user;
	g_autoptr(HttpResponse) response = owned;
	Index *index = place->index;
	place->pending = false;
	if (g_error_matches(error, XPIP_ERROR, ERROR_INTERRUPTED))
		return;
	g_autoptr(GError) refused = NULL;
	if (response && !index_is_json(response->content_type) &&
		!index_is_html(response->content_type, false)) {
		index_refuse_type(response->content_type, &refused);
		log_warning(
			index->log, "Skipping page %s because %s", place->url, refused->message);
	} else if (response && response->body) {
		gsize length = 0;
		const char *bytes = g_bytes_get_data(response->body, &length);
		place->body = g_memdup2(bytes ? bytes : "", length ? length : 1);
		place->length = length;
		place->json = index_is_json(response->content_type);
		place->charset = g_strdup(response->charset);
		g_free(place->url); /* links are relative to where redirects led */
		place->url = g_strdup(response->url);
	} else if (error) {
		log_warning(index->log, "Could not fetch URL %s: %s - skipping", place->url,
			error->message);
	}
	if (!index_places_pending(index))
		index_complete(index);
}

void
index_places_start(Index *index)
{
	index->places_started = true;
	for (guint i = 0; i < index->places->len; i++) {
		struct place *place = g_ptr_array_index(index->places, i);
		if (place->single || g_str_has_prefix(place->url, "file:"))
			continue;
		place->pending = true;
		place->index = index;
		struct http_request request = {.url = place->url,
			.accept = INDEX_ACCEPT,
			.cache = HTTP_CACHE_REFRESH,
			.max_size = INDEX_MAX_PAGE,
			.done = on_place,
			.user = place,
			.priority = true};
		place->transfer = http_get(index->http, &request);
	}
}
