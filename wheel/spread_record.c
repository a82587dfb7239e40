/* SPDX-License-Identifier: MIT */
/* RECORD of an installed wheel: the archive's rows under their new paths, then ours. */
#include "wheel/manifest.h"
#include "wheel/spread_private.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *path, *digest, *size;
};

struct rows {
	GArray *list; /* of struct row */
	GStringChunk *texts;
};

static void
add(struct rows *rows, const char *path, const char *digest, const char *size)
{
	struct row row = {g_string_chunk_insert(rows->texts, path), digest, size};
	g_array_append_val(rows->list, row);
}

/* Python sorts the rows as tuples of strings; UTF-8 sorts like code points. */
static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int by_path = strcmp(x->path, y->path);
	int by_digest = by_path ? 0 : strcmp(x->digest, y->digest);
	return by_path ? by_path : by_digest ? by_digest : strcmp(x->size, y->size);
}

static size_t
find_file(const StoreWheel *wheel, const char *path)
{
	size_t low = 0, high = store_wheel_file_count(wheel);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(path, store_wheel_file(wheel, middle)->path);
		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NO_FILE;
}

static const char *
size_text(struct rows *rows, int64_t size)
{
	char text[24];
	if (size < 0)
		return "";
	g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, size);
	return g_string_chunk_insert(rows->texts, text);
}

static void
add_extra(struct rows *rows, const Spread *spread, const struct extra *extra, const char *digest,
	const char *size)
{
	g_autofree char *path =
		stage_record_path(spread->stage, spread->lib, extra->root, extra->path);
	if (extra->digest) {
		digest = g_string_chunk_insert(rows->texts, extra->digest);
		size = size_text(rows, (int64_t)extra->size);
	}
	add(rows, path, digest, size);
}

/* Rows of the archive's RECORD; `seen` notes the files that have one. */
static void
add_archive_rows(struct rows *rows, const Spread *spread, const Manifest *manifest,
	const struct extra *const *by_file, bool *seen)
{
	for (size_t i = 0; i < manifest_count(manifest); i++) {
		const struct manifest_row *row = manifest_get(manifest, i);
		size_t file = find_file(spread->wheel, row->path);
		g_autofree char *digest =
			*row->algorithm ? g_strconcat(row->algorithm, "=", row->digest, NULL)
					: g_strdup("");
		const char *text = g_string_chunk_insert(rows->texts, digest);
		const struct extra *extra = file != NO_FILE && !seen[file] ? by_file[file] : NULL;
		if (extra && !extra->skipped)
			add_extra(rows, spread, extra, text, size_text(rows, row->size));
		else
			add(rows, row->path, text, size_text(rows, row->size));
		if (file != NO_FILE)
			seen[file] = true;
	}
}

static void
add_our_rows(struct rows *rows, const Spread *spread, const struct extra *const *by_file,
	const bool *seen)
{
	for (guint i = 0; i < spread->extras->len; i++) {
		const struct extra *extra = &g_array_index(spread->extras, struct extra, i);
		if (extra->index == NO_FILE)
			add_extra(rows, spread, extra, "", "");
	}
	for (size_t i = 0; i < store_wheel_file_count(spread->wheel); i++) {
		if (seen[i])
			continue;
		if (!by_file[i])
			add(rows, store_wheel_file(spread->wheel, i)->path, "", "");
		else if (!by_file[i]->skipped) {
			struct extra plain = *by_file[i];
			plain.digest = NULL;
			add_extra(rows, spread, &plain, "", "");
		}
	}
	for (guint i = 0; i < spread->compiled->len; i++) {
		const struct bytecode_file *file =
			&g_array_index(spread->compiled, struct bytecode_file, i);
		if (!file->compiled)
			continue;
		g_autofree char *source =
			stage_record_path(spread->stage, spread->lib, file->root, file->path);
		g_autofree char *path = bytecode_path(spread->python, source);
		add(rows, path, "", "");
	}
}

char *
spread_record(const Spread *spread, size_t *length, GError **error)
{
	size_t size = 0, count = store_wheel_file_count(spread->wheel);
	g_autofree char *name = g_strconcat(store_wheel_dist_info(spread->wheel), "/RECORD", NULL);
	g_autofree char *text = store_wheel_read(spread->wheel, name, &size);
	g_autoptr(Manifest) manifest = manifest_parse(text ? text : "", text ? size : 0, error);
	if (!manifest)
		return NULL;
	g_autofree const struct extra **by_file = g_new0(const struct extra *, count + 1);
	g_autofree bool *seen = g_new0(bool, count + 1);
	for (guint i = 0; i < spread->extras->len; i++) {
		const struct extra *extra = &g_array_index(spread->extras, struct extra, i);
		if (extra->index != NO_FILE)
			by_file[extra->index] = extra;
	}
	struct rows rows = {
		g_array_new(FALSE, FALSE, sizeof(struct row)), g_string_chunk_new(1 << 16)};
	add_archive_rows(&rows, spread, manifest, by_file, seen);
	add_our_rows(&rows, spread, by_file, seen);
	g_array_sort(rows.list, compare_rows);
	g_autoptr(GString) out = g_string_sized_new(rows.list->len * 100);
	for (guint i = 0; i < rows.list->len; i++) {
		const struct row *row = &g_array_index(rows.list, struct row, i);
		manifest_append_text(out, row->path, row->digest, row->size);
	}
	g_array_unref(rows.list);
	g_string_chunk_free(rows.texts);
	*length = out->len;
	return g_string_free(g_steal_pointer(&out), FALSE);
}
