/* SPDX-License-Identifier: MIT */
/* The JSON form of the Simple API: PEP 691, 700, 714, 792. */
#include "lib/error.h"
#include "lib/json.h"
#include "resolver/simple.h"
#include "resolver/simple_link.h"

#include <string.h>

enum {
	FILENAME,
	URL,
	HASHES,
	REQUIRES_PYTHON,
	SIZE,
	UPLOAD_TIME,
	YANKED,
	CORE_METADATA,
	DIST_INFO_METADATA,
	COLUMNS
};

static const char *const columns[] = {"filename", "url", "hashes", "requires-python", "size",
	"upload-time", "yanked", "core-metadata", "dist-info-metadata"};

struct reading {
	PageBuilder *builder;
	const char *base_url;
	GString *url, *metadata; /* room for texts of one file */
};

/* A member of an object, or NULL. */
static const char *
member(const struct json_cell *cell, const char *key)
{
	for (unsigned i = 0; i < cell->count; i++)
		if (strcmp(cell->members[i].key, key) == 0)
			return cell->members[i].text;
	return NULL;
}

/* core-metadata (PEP 714) or its older name: true, or an object of hashes. NULL: none. */
static const char *
metadata_hash(const struct json_cell *cells, GString *room)
{
	const struct json_cell *cell = &cells[CORE_METADATA];
	if (cell->type != JSON_BOOL && cell->type != JSON_OBJECT)
		cell = &cells[DIST_INFO_METADATA];
	if (cell->type != JSON_OBJECT)
		return cell->type == JSON_BOOL && cell->number ? "" : NULL;
	const char *sha256 = member(cell, "sha256");
	g_string_assign(room, sha256 ? "sha256=" : "");
	g_string_append(room, sha256 ? sha256 : "");
	return room->str;
}

/* All hashes as "sha256=hex" texts, NULL-terminated. */
static char **
all_hashes(const struct json_cell *cell)
{
	char **hashes = g_new0(char *, JSON_CELL_MEMBERS + 1);
	for (unsigned i = 0; i < cell->count; i++)
		hashes[i] = g_strconcat(cell->members[i].key, "=", cell->members[i].text, NULL);
	return hashes;
}

static void
add_file(const struct json_cell *cells, void *user)
{
	struct reading *reading = user;
	const struct json_cell *yanked = &cells[YANKED], *hashes = &cells[HASHES];
	const char *href = cells[URL].text;
	if (!cells[FILENAME].text || !href)
		return;
	g_autofree char *fragment = NULL, *resolved = NULL;
	g_auto(GStrv) several = NULL;
	const char *url = link_resolve_quick(reading->base_url, href, reading->url);
	if (!url)
		url = resolved = link_resolve(reading->base_url, href, &fragment);
	if (!url)
		return;
	struct page_link link = {.filename = cells[FILENAME].text,
		.url = url,
		.requires_python = cells[REQUIRES_PYTHON].text,
		.yanked = yanked->text && *yanked->text			? yanked->text
			  : yanked->type == JSON_BOOL && yanked->number ? ""
									: NULL,
		.source = reading->base_url,
		.metadata_hash = metadata_hash(cells, reading->metadata),
		.size = cells[SIZE].type == JSON_INT && cells[SIZE].number >= 0 ? cells[SIZE].number
										: -1,
		.upload_time = link_time(cells[UPLOAD_TIME].text)};
	if (hashes->count == 1)
		link.sha256 = member(hashes, "sha256");
	if (!link.sha256 && hashes->count > 0)
		link.hashes = (const char *const *)(several = all_hashes(hashes));
	page_builder_add(reading->builder, &link);
}

bool
simple_parse_json(PageBuilder *builder, const char *bytes, size_t length, const char *base_url,
	GError **error)
{
	g_autoptr(JsonRows) rows = json_rows_new();
	if (!json_rows_parse(rows, bytes, length, error)) {
		g_prefix_error(error, "%s: ", base_url);
		return false;
	}
	const char *api = json_rows_text(rows, "meta", "api-version");
	if (api && g_ascii_strtoull(api, NULL, 10) > 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s: version %s of the repository API is not supported", base_url, api);
	g_autoptr(GString) url = g_string_new(NULL), metadata = g_string_new(NULL);
	struct reading reading = {builder, base_url, url, metadata};
	if (!json_rows_each(rows, "files", columns, COLUMNS, add_file, &reading))
		return error_set(
			error, ERROR_INVALID_INPUT, "%s: not a project page: no files", base_url);
	const char *state = json_rows_text(rows, "project-status", "status");
	if (state)
		page_builder_status(
			builder, state, json_rows_text(rows, "project-status", "reason"));
	return true;
}
