/* SPDX-License-Identifier: MIT */
/* What makes an archive the wheel that its file name says (PEP 427): one dist-info folder of that
 * project, WHEEL of a version we know, METADATA, RECORD, and .data folders with known schemes. */
#include "lib/error.h"
#include "wheel/archive_private.h"
#include "wheel/filename.h"
#include "wheel/metadata.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_TEXT = 16 << 20, MAX_VERSION_PARTS = 8 };
#define SUFFIX_INFO ".dist-info"
#define SUFFIX_DATA ".data"

static bool
has_suffix(const char *text, size_t length, const char *suffix)
{
	size_t size = strlen(suffix);
	return length >= size && memcmp(text + length - size, suffix, size) == 0;
}

/* The project's name in `NAME-VERSION.dist-info` or `.data`. New string, normalised. */
static char *
folder_project(const char *folder, const char *suffix)
{
	size_t length = strlen(folder) - strlen(suffix);
	const char *dash = memrchr(folder, '-', length);
	return name_normalize_n(folder, dash ? (size_t)(dash - folder) : length);
}

static bool
find_dist_info(Archive *archive, const char *project, GError **error)
{
	g_autoptr(GString) found = g_string_new(NULL);
	size_t count = 0;
	for (size_t i = 0; i < archive->folders->len; i++) {
		const char *folder = archive->folders->pdata[i];
		if (strchr(folder, '/') || !has_suffix(folder, strlen(folder), SUFFIX_INFO))
			continue;
		g_string_append_printf(found, "%s%s", count++ ? ", " : "", folder);
	}
	if (count == 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, .dist-info directory not found", project);
	if (count > 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, multiple .dist-info directories found: %s",
			project, found->str);
	g_autofree char *name = folder_project(found->str, SUFFIX_INFO);
	if (strcmp(name, project) != 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, .dist-info directory '%s' does not start with "
			"'%s'",
			project, found->str, project);
	archive->dist_info = g_strdup(found->str);
	return true;
}

/* A file of the dist-info folder. */
static char *
read_info(const Archive *archive, const char *project, const char *file, size_t *length,
	GError **error)
{
	g_autofree char *path = g_strconcat(archive->dist_info, "/", file, NULL);
	size_t index;
	if (!archive_find(archive, path, &index)) {
		error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, could not read '%s' file: it is missing", project,
			path);
		return NULL;
	}
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	return archive_text(reader, index, MAX_TEXT, length, error);
}

/* The first header of that name, as email.parser reads it; new string or NULL. */
static char *
find_header(const char *text, const char *name)
{
	size_t size = strlen(name);
	for (const char *line = text; *line && *line != '\n' && *line != '\r';) {
		const char *end = line + strcspn(line, "\r\n");
		if (g_ascii_strncasecmp(line, name, size) == 0 && line[size] == ':')
			return g_strstrip(
				g_strndup(line + size + 1, (gsize)(end - line) - size - 1));
		line = end + (*end == '\r') + (end[*end == '\r'] == '\n');
	}
	return NULL;
}

/* Numbers joined by dots: pip takes int() of each part. */
static bool
parse_wheel_version(const char *text, uint64_t parts[2])
{
	g_auto(GStrv) words = g_strsplit(text, ".", MAX_VERSION_PARTS);
	parts[0] = parts[1] = 0;
	for (size_t i = 0; words[i]; i++) {
		const char *word = g_strstrip(words[i]);
		size_t length = strspn(word, "0123456789");
		if (length == 0 || length > 9 || word[length])
			return false;
		if (i < 2)
			parts[i] = g_ascii_strtoull(word, NULL, 10);
	}
	return words[0] != NULL;
}

static bool
check_wheel_file(const Archive *archive, const char *project, GPtrArray *warnings, GError **error)
{
	g_autofree char *text = read_info(archive, project, "WHEEL", NULL, error);
	if (!text)
		return false;
	g_autofree char *version = find_header(text, "Wheel-Version");
	if (!version)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, WHEEL is missing Wheel-Version", project);
	uint64_t parts[2];
	if (!parse_wheel_version(version, parts))
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, invalid Wheel-Version: '%s'", project, version);
	if (parts[0] > 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"%s's Wheel-Version (%s) is not compatible with this version of xpip",
			project, version);
	if (parts[0] == 1 && parts[1] > 0)
		g_ptr_array_add(warnings,
			g_strdup_printf("Installing from a newer Wheel-Version (%s)", version));
	return true;
}

static bool
check_metadata(const Archive *archive, const char *project, GError **error)
{
	size_t length;
	g_autofree char *text = read_info(archive, project, "METADATA", &length, error);
	g_autoptr(Metadata) metadata = text ? metadata_parse(text, length, error) : NULL;
	if (!metadata)
		return false;
	if (!name_equal(metadata->name, project))
		return error_set(error, ERROR_INVALID_INPUT, "METADATA is of another project: '%s'",
			metadata->name);
	return true;
}

/* Files below `NAME-VERSION.data/` go where the scheme's key says. */
static bool
check_data(const Archive *archive, const char *project, GError **error)
{
	static const char *const schemes[] = {"purelib", "platlib", "headers", "scripts", "data"};
	for (size_t i = 0; i < archive->count; i++) {
		const char *path = archive->members[i].path, *slash = strchr(path, '/');
		if (!slash || !has_suffix(path, (size_t)(slash - path), SUFFIX_DATA))
			continue;
		g_autofree char *folder = g_strndup(path, (gsize)(slash - path));
		g_autofree char *name = folder_project(folder, SUFFIX_DATA);
		const char *key = slash + 1, *end = strchr(key, '/');
		if (!end)
			return error_set(error, ERROR_INVALID_INPUT,
				"unexpected file in %s: '%s'. .data directory contents should be "
				"named like: '<scheme key>/<path>'.",
				folder, path);
		bool known = false;
		for (size_t k = 0; k < G_N_ELEMENTS(schemes); k++)
			known = known ||
				(strlen(schemes[k]) == (size_t)(end - key) &&
					strncmp(schemes[k], key, (size_t)(end - key)) == 0);
		if (!known)
			return error_set(error, ERROR_INVALID_INPUT,
				"Unknown scheme key used: %.*s (for file '%s'). .data directory "
				"contents should be in subdirectories named with a valid scheme "
				"key (data, headers, platlib, purelib, scripts)",
				(int)(end - key), key, path);
		if (strcmp(name, project) != 0)
			return error_set(error, ERROR_INVALID_INPUT,
				"%s belongs to another project than %s", folder, project);
	}
	return true;
}

bool
archive_layout_check(Archive *archive, const char *filename, GPtrArray *warnings, GError **error)
{
	struct wheel_filename parsed;
	if (!filename_parse_wheel(filename, &parsed, error))
		return false;
	g_autofree char *project = g_strdup(parsed.name);
	wheel_filename_clear(&parsed);
	if (!find_dist_info(archive, project, error) ||
		!check_wheel_file(archive, project, warnings, error) ||
		!check_metadata(archive, project, error) || !check_data(archive, project, error))
		return false;
	g_autofree char *record = g_strconcat(archive->dist_info, "/RECORD", NULL);
	if (!archive_find(archive, record, NULL))
		return error_set(error, ERROR_INVALID_INPUT,
			"%s has an invalid wheel, it has no RECORD", project);
	return true;
}
