/* SPDX-License-Identifier: MIT */
/* Typed values of a lock file with packaging's words for what is wrong, and the tables that name
 * one file, checkout or folder. */
#include "lib/fs.h"
#include "lib/repr.h"
#include "resolver/pylock_private.h"
#include "resolver/specifier.h"
#include "wheel/filename.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_HASHES = 32 };

void
pylock_item_free(void *data)
{
	struct pylock_item *item = data;
	g_free(item->name);
	g_free(item->version);
	g_free(item->url);
	g_free(item->filename);
	g_free(item->place);
	g_strfreev(item->hashes);
	g_free(item);
}

/* --- typed values -------------------------------------------------------------------------- */

char *
pylock_path_to(const struct cursor *at, const char *key)
{
	return *at->path ? g_strconcat(at->path, ".", key, NULL) : g_strdup(key);
}

bool
pylock_refuse(const struct cursor *at, const char *key, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *why = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *path = key ? pylock_path_to(at, key) : g_strdup(at->path);
	if (!*path)
		return error_set(at->error, ERROR_INVALID_INPUT, "%s", why);
	return error_set(at->error, ERROR_INVALID_INPUT, "%s in '%s'", why, path);
}

const char *
pylock_python_type(struct json value)
{
	static const char *const names[] = {[JSON_NONE] = "NoneType",
		[JSON_NULL] = "NoneType",
		[JSON_BOOL] = "bool",
		[JSON_INT] = "int",
		[JSON_DOUBLE] = "float",
		[JSON_STRING] = "str",
		[JSON_ARRAY] = "list",
		[JSON_OBJECT] = "dict"};
	return names[json_type(value)];
}

bool
pylock_get(const struct cursor *at, const char *key, enum json_type type, const char *expected,
	bool required, struct json *value)
{
	*value = json_get(at->table, key);
	if (json_type(*value) == JSON_NONE)
		return !required || pylock_refuse(at, key, "Missing required value");
	if (json_type(*value) == type)
		return true;
	return pylock_refuse(
		at, key, "Unexpected type %s (expected %s)", pylock_python_type(*value), expected);
}

bool
pylock_get_text(const struct cursor *at, const char *key, bool required, const char **text)
{
	struct json value;
	if (!pylock_get(at, key, JSON_STRING, "str", required, &value))
		return false;
	*text = json_string(value, NULL);
	return true;
}

bool
pylock_check_texts(const struct cursor *at, const char *key)
{
	struct json list, item;
	if (!pylock_get(at, key, JSON_ARRAY, "Sequence", false, &list))
		return false;
	struct json_iter iter = json_iter(list);
	for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
		if (json_type(item) == JSON_STRING)
			continue;
		g_autofree char *place = g_strdup_printf("%s[%zu]", key, i);
		return pylock_refuse(
			at, place, "Unexpected type %s (expected str)", pylock_python_type(item));
	}
	return true;
}

bool
pylock_get_marker(const struct cursor *at, const char *key, const char *text, Marker **out)
{
	g_autoptr(GError) why = NULL;
	if (!text)
		return true;
	*out = marker_parse(text, strlen(text), &why);
	return *out || pylock_refuse(at, key, "%s", why->message);
}

bool
pylock_get_python(const struct cursor *at, const struct pylock_target *target, bool *satisfied,
	const char **text)
{
	g_autoptr(GError) why = NULL;
	*satisfied = true;
	if (!pylock_get_text(at, "requires-python", false, text))
		return false;
	if (!*text)
		return true;
	g_autoptr(SpecifierSet) set = specifier_parse(*text, strlen(*text), &why);
	if (!set)
		return pylock_refuse(at, "requires-python", "%s", why->message);
	const char *version = target->env->values[MARKER_PYTHON_FULL_VERSION];
	*satisfied = specifier_contains_text(set, version, strlen(version), PRERELEASES_DEFAULT);
	return true;
}

/* --- files of a package -------------------------------------------------------------------- */

static bool
is_url(const char *text)
{
	static const char *const schemes[] = {"http://", "https://", "file://"};
	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* Scheme and host are the same. */
static bool
same_origin(const char *a, const char *b)
{
	const char *end = strstr(a, "://");
	size_t length = end ? (size_t)(end + 3 - a) + strcspn(end + 3, "/?#") : 0;
	return length > 0 && g_ascii_strncasecmp(a, b, length) == 0 &&
	       (b[length] == '\0' || strchr("/?#", b[length]));
}

/* The URL of a path or URL in the file; a path wins. A file from the web cannot point to local
 * files or to another host. New string. */
static char *
file_url(const char *place, const char *path, const char *url, GError **error)
{
	if (!path)
		return g_strdup(url);
	g_autofree char *shown = repr_string(path), *shown_place = repr_string(place);
	if (!is_url(place)) {
		g_autofree char *folder = g_path_get_dirname(place);
		g_autofree char *whole = g_canonicalize_filename(folder, NULL);
		g_autofree char *joined = g_canonicalize_filename(path, whole);
		return fs_path_to_url(joined);
	}
	if (*path == '/') {
		error_set(error, ERROR_INVALID_INPUT,
			"Absolute paths are not supported in pylock files obtained from a URL: %s "
			"in %s",
			shown, shown_place);
		return NULL;
	}
	char *joined = g_uri_resolve_relative(place, path, G_URI_FLAGS_ENCODED, error);
	if (joined && same_origin(joined, place))
		return joined;
	g_clear_error(error);
	error_set(error, ERROR_INVALID_INPUT,
		"Path %s in pylock file obtained from a URL resolves outside its location: %s",
		shown, shown_place);
	g_free(joined);
	return NULL;
}

static bool
read_hashes(const struct cursor *at, struct pylock_item *item)
{
	struct json hashes, value;
	const char *key;
	if (!pylock_get(at, "hashes", JSON_OBJECT, "Mapping", true, &hashes))
		return false;
	if (json_length(hashes) == 0)
		return pylock_refuse(at, "hashes", "At least one hash must be provided");
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	struct json_iter iter = json_iter(hashes);
	while (json_next(&iter, &key, &value) && texts->len < MAX_HASHES) {
		if (!json_string(value, NULL))
			return pylock_refuse(at, "hashes", "Hash values must be strings");
		g_ptr_array_add(texts, g_strconcat(key, ":", json_string(value, NULL), NULL));
	}
	g_ptr_array_add(texts, NULL);
	item->hashes = (char **)g_ptr_array_steal(texts, NULL);
	return true;
}

/* What wheels, sdists and archives have in common: path, url, size, upload-time, hashes. */
static bool
read_file(const struct cursor *at, const char *place, struct pylock_item *item)
{
	const char *path = NULL, *url = NULL, *time = NULL;
	struct json size;
	if (!pylock_get_text(at, "url", false, &url) ||
		!pylock_get_text(at, "path", false, &path) ||
		!pylock_get(at, "size", JSON_INT, "int", false, &size) ||
		!pylock_get_text(at, "upload-time", false, &time) || !read_hashes(at, item))
		return false;
	if (!(path && *path) && !(url && *url))
		return pylock_refuse(at, NULL, "path or url must be provided");
	item->size = -1;
	item->upload_time = INT64_MIN;
	json_int(size, &item->size);
	g_autoptr(GDateTime) moment = time ? g_date_time_new_from_iso8601(time, NULL) : NULL;
	if (moment)
		item->upload_time = g_date_time_to_unix(moment) * G_USEC_PER_SEC;
	item->url = file_url(place, path, url, at->error);
	return item->url != NULL;
}

/* The name given, or the last part of the path or URL. */
static char *
file_name(struct json table)
{
	const char *name = json_string(json_get(table, "name"), NULL);
	const char *path = json_string(json_get(table, "path"), NULL);
	const char *url = json_string(json_get(table, "url"), NULL);
	if (name && *name)
		return g_strdup(name);
	if (path && *path) {
		const char *slash = strrchr(path, '/');
		return g_strdup(slash ? slash + 1 : path);
	}
	g_autofree char *bare = g_strndup(url ? url : "", url ? strcspn(url, "?#") : 0);
	const char *slash = strrchr(bare, '/');
	char *decoded = g_uri_unescape_string(slash ? slash + 1 : bare, NULL);
	return decoded ? decoded : g_strdup("");
}

static bool
same_version(const char *a, const char *b)
{
	g_autoptr(Version) left = version_parse_string(a);
	g_autoptr(Version) right = version_parse_string(b);
	return left && right ? version_compare(left, right) == 0 : strcmp(a, b) == 0;
}

/* The file's name must agree with the package's name and version. */
static bool
check_file_name(const struct cursor *at, const char *kind, const char *filename, const char *name,
	const char *version, const char *package, const char *wanted)
{
	g_autofree char *shown = repr_string(filename);
	if (!name)
		return pylock_refuse(at, NULL, "Invalid %s filename %s", kind, shown);
	if (!name_equal(name, package))
		return pylock_refuse(at, NULL,
			"Name in %s is not consistent with package name '%s'", shown, package);
	if (wanted && !same_version(version, wanted))
		return pylock_refuse(at, NULL,
			"Version in %s is not consistent with package version '%s'", shown, wanted);
	return true;
}

struct pylock_item *
pylock_read_sdist(
	const struct cursor *at, const char *place, const char *package, const char *version)
{
	struct pylock_item *item = g_new0(struct pylock_item, 1);
	const char *unused = NULL;
	g_autofree char *name = NULL;
	char *found = NULL;
	item->kind = PYLOCK_SDIST;
	item->name = g_strdup(package);
	bool ok = pylock_get_text(at, "name", false, &unused) && read_file(at, place, item);
	if (ok) {
		item->filename = file_name(at->table);
		filename_parse_sdist(item->filename, &name, &found, NULL);
		item->version = g_strdup(version ? version : found);
		ok = check_file_name(at, "sdist", item->filename, name, found, package, version);
		g_free(found);
	}
	if (ok)
		return item;
	pylock_item_free(item);
	return NULL;
}

struct pylock_item *
pylock_read_wheel(const struct cursor *at, const char *place, const char *package,
	const char *version, const struct pylock_target *target, int *rank)
{
	struct pylock_item *item = g_new0(struct pylock_item, 1);
	struct wheel_filename parts = {0};
	const char *unused = NULL;
	item->kind = PYLOCK_WHEEL;
	item->name = g_strdup(package);
	bool ok = pylock_get_text(at, "name", false, &unused) && read_file(at, place, item);
	if (ok) {
		item->filename = file_name(at->table);
		filename_parse_wheel(item->filename, &parts, NULL);
		item->version = g_strdup(version ? version : parts.version);
		ok = check_file_name(
			at, "wheel", item->filename, parts.name, parts.version, package, version);
	}
	if (ok)
		*rank = tags_rank(
			target->tags, parts.python_tags, parts.abi_tags, parts.platform_tags);
	wheel_filename_clear(&parts);
	if (ok)
		return item;
	pylock_item_free(item);
	return NULL;
}

struct pylock_item *
pylock_read_archive(const struct cursor *at, const char *place, const char *package)
{
	struct pylock_item *item = g_new0(struct pylock_item, 1);
	const char *below = NULL;
	item->kind = PYLOCK_ARCHIVE;
	item->name = g_strdup(package);
	bool ok = read_file(at, place, item) && pylock_get_text(at, "subdirectory", false, &below);
	if (ok && item->url && below && *below) {
		char *whole = g_strconcat(item->url, "#subdirectory=", below, NULL);
		ok = !strchr(item->url, '#') ||
		     pylock_refuse(at, NULL,
			     "Package URL '%s' cannot contain fragments in combination with "
			     "subdirectory field",
			     item->url);
		g_free(item->url);
		item->url = whole;
	}
	if (ok)
		return item;
	pylock_item_free(item);
	return NULL;
}

struct pylock_item *
pylock_read_vcs(const struct cursor *at, const char *place, const char *package)
{
	const char *type = NULL, *url = NULL, *path = NULL, *revision = NULL, *commit = NULL;
	const char *below = NULL;
	if (!pylock_get_text(at, "type", true, &type) || !pylock_get_text(at, "url", false, &url) ||
		!pylock_get_text(at, "path", false, &path) ||
		!pylock_get_text(at, "requested-revision", false, &revision) ||
		!pylock_get_text(at, "commit-id", true, &commit) ||
		!pylock_get_text(at, "subdirectory", false, &below))
		return NULL;
	if (!(path && *path) && !(url && *url)) {
		pylock_refuse(at, NULL, "path or url must be provided");
		return NULL;
	}
	g_autofree char *found = file_url(place, path, url, at->error);
	if (!found)
		return NULL;
	if (below && *below && strchr(found, '#')) {
		pylock_refuse(at, NULL,
			"Package URL '%s' cannot contain fragments in combination with "
			"subdirectory field",
			found);
		return NULL;
	}
	struct pylock_item *item = g_new0(struct pylock_item, 1);
	item->kind = PYLOCK_VCS;
	item->name = g_strdup(package);
	bool subdirectory = below && *below;
	item->url = g_strdup_printf("%s+%s@%s%s%s", type, found, commit,
		subdirectory ? "#subdirectory=" : "", subdirectory ? below : "");
	return item;
}

struct pylock_item *
pylock_read_folder(const struct cursor *at, const char *place, const char *package)
{
	const char *path = NULL, *below = NULL;
	struct json editable;
	if (!pylock_get_text(at, "path", true, &path) ||
		!pylock_get(at, "editable", JSON_BOOL, "bool", false, &editable) ||
		!pylock_get_text(at, "subdirectory", false, &below))
		return NULL;
	if (is_url(place) && g_ascii_strncasecmp(place, "file:", 5) != 0) {
		g_autofree char *shown = repr_string(place);
		error_set(at->error, ERROR_INVALID_INPUT,
			"Directory entries are not supported in remote pylock.toml %s", shown);
		return NULL;
	}
	g_autofree char *url = file_url(place, path, NULL, at->error);
	if (!url)
		return NULL;
	struct pylock_item *item = g_new0(struct pylock_item, 1);
	item->kind = PYLOCK_FOLDER;
	item->name = g_strdup(package);
	item->editable = json_bool(editable, false);
	item->url = below && *below ? g_strconcat(url, "/", below, NULL) : g_steal_pointer(&url);
	return item;
}
