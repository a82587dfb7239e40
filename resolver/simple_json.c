/* SPDX-License-Identifier: MIT */
/* The JSON form of the Simple API: PEP 691, 700, 714, 792. */
#include "lib/error.h"
#include "lib/json.h"
#include "resolver/simple.h"
#include "resolver/simple_link.h"

#include <string.h>

/* An object of hashes as "sha256=hex" texts, NULL-terminated. */
static char **
read_hashes(struct json object)
{
	GPtrArray *hashes = g_ptr_array_new();
	struct json_iter iter = json_iter(object);
	const char *name;
	struct json value;
	while (iter.object && json_next(&iter, &name, &value)) {
		const char *hex = json_string(value, NULL);
		if (hex && hashes->len < 16)
			g_ptr_array_add(hashes, g_strdup_printf("%s=%s", name, hex));
	}
	g_ptr_array_add(hashes, NULL);
	return (char **)g_ptr_array_free(hashes, FALSE);
}

/* core-metadata (PEP 714) or its older name: true, or an object of hashes. NULL: none. */
static char *
read_metadata_hash(struct json file)
{
	static const char *const keys[] = {
		"core-metadata", "dist-info-metadata", "data-dist-info-metadata"};
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		struct json value = json_get(file, keys[i]);
		if (json_type(value) == JSON_BOOL)
			return json_bool(value, false) ? g_strdup("") : NULL;
		if (json_type(value) != JSON_OBJECT)
			continue;
		const char *sha256 = json_string(json_get(value, "sha256"), NULL);
		return sha256 ? g_strconcat("sha256=", sha256, NULL) : g_strdup("");
	}
	return NULL;
}

static void
add_file(PageBuilder *builder, struct json file, const char *base_url)
{
	const char *filename = json_string(json_get(file, "filename"), NULL);
	const char *href = json_string(json_get(file, "url"), NULL);
	if (!filename || !href)
		return;
	g_autofree char *fragment = NULL, *url = link_resolve(base_url, href, &fragment);
	if (!url)
		return;
	g_auto(GStrv) hashes = read_hashes(json_get(file, "hashes"));
	g_autofree char *metadata = read_metadata_hash(file);
	struct json yanked = json_get(file, "yanked");
	const char *reason = json_string(yanked, NULL);
	struct page_link link = {.filename = filename,
		.url = url,
		.requires_python = json_string(json_get(file, "requires-python"), NULL),
		.yanked = reason		     ? reason
			  : json_bool(yanked, false) ? ""
						     : NULL,
		.source = base_url,
		.metadata_hash = metadata,
		.hashes = (const char *const *)hashes,
		.size = -1,
		.upload_time = link_time(json_string(json_get(file, "upload-time"), NULL))};
	json_int(json_get(file, "size"), &link.size);
	page_builder_add(builder, &link);
}

bool
simple_parse_json(PageBuilder *builder, const char *bytes, size_t length, const char *base_url,
	GError **error)
{
	g_autoptr(Json) json = json_parse(bytes, length, error);
	if (!json) {
		g_prefix_error(error, "%s: ", base_url);
		return false;
	}
	struct json root = json_root(json);
	const char *api = json_string(json_get(json_get(root, "meta"), "api-version"), NULL);
	if (api && g_ascii_strtoull(api, NULL, 10) > 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: version %s of the repository API is not supported", base_url, api);
	struct json files = json_get(root, "files");
	if (json_type(files) != JSON_ARRAY)
		return error_set(
			error, ERROR_INVALID_INPUT, "%s: not a project page: no files", base_url);
	struct json_iter iter = json_iter(files);
	struct json file;
	while (json_next(&iter, NULL, &file))
		add_file(builder, file, base_url);
	struct json status = json_get(root, "project-status");
	const char *state = json_string(json_get(status, "status"), NULL);
	if (state)
		page_builder_status(builder, state, json_string(json_get(status, "reason"), NULL));
	return true;
}
