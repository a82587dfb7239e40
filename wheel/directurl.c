/* SPDX-License-Identifier: MIT */
#include "wheel/directurl.h"
#include "lib/error.h"
#include "lib/repr.h"

#include <string.h>

enum { MAX_HASHES = 32 };

void
directurl_free(DirectUrl *url)
{
	if (!url)
		return;
	g_free(url->url);
	g_free(url->subdirectory);
	g_strfreev(url->hashes);
	g_free(url->vcs);
	g_free(url->commit_id);
	g_free(url->requested_revision);
	g_free(url);
}

/* --- made from a link ---------------------------------------------------------------------- */

static const char *const vcs_names[] = {"git", "hg", "svn", "bzr"};

/* `key=value` among the fragment's parts joined by `&`; as it stands, new string, or NULL. */
static char *
fragment_value(const char *fragment, const char *key)
{
	g_auto(GStrv) parts = g_strsplit(fragment, "&", 0);
	size_t length = strlen(key);
	for (char **part = parts; *part; part++)
		if (strncmp(*part, key, length) == 0 && (*part)[length] == '=')
			return g_strdup(*part + length + 1);
	return NULL;
}

static char **
fragment_hashes(const char *fragment, const char *sha256)
{
	static const char *const algorithms[] = {
		"sha1", "sha224", "sha384", "sha256", "sha512", "md5"};
	for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		g_autofree char *value = fragment_value(fragment, algorithms[i]);
		if (value)
			return g_strdupv((char *[]){(char *)algorithms[i], value, NULL});
	}
	return sha256 ? g_strdupv((char *[]){(char *)"sha256", (char *)sha256, NULL})
		      : g_new0(char *, 1);
}

/* `@ref` at the end of the path: the last `@` behind the host, as pip splits it. */
static void
split_revision(DirectUrl *direct)
{
	char *path = strstr(direct->url, "://");
	path = path ? strchr(path + 3, '/') : NULL;
	char *at = path ? strrchr(path, '@') : NULL;
	if (!at)
		return;
	direct->requested_revision = g_strdup(at + 1);
	*at = '\0';
}

DirectUrl *
directurl_for_link(
	const char *url, bool folder, bool editable, const char *commit, const char *sha256)
{
	DirectUrl *direct = g_new0(DirectUrl, 1);
	size_t length = strcspn(url, "#");
	const char *fragment = url[length] ? url + length + 1 : "";
	const char *plus = strchr(url, '+');
	direct->subdirectory = fragment_value(fragment, "subdirectory");
	for (size_t i = 0; plus && i < G_N_ELEMENTS(vcs_names); i++) {
		size_t n = strlen(vcs_names[i]);
		if ((size_t)(plus - url) != n || strncmp(url, vcs_names[i], n) != 0)
			continue;
		direct->kind = DIRECTURL_VCS;
		direct->vcs = g_strdup(vcs_names[i]);
		direct->url = g_strndup(plus + 1, length - n - 1);
		direct->commit_id = g_strdup(commit ? commit : "");
		split_revision(direct);
		return direct;
	}
	direct->url = g_strndup(url, length);
	direct->kind = folder ? DIRECTURL_FOLDER : DIRECTURL_ARCHIVE;
	direct->editable = folder && editable;
	if (!folder)
		direct->hashes = fragment_hashes(fragment, sha256);
	return direct;
}

/* --- read ---------------------------------------------------------------------------------- */

static const char *
type_name(struct json value)
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

static bool
is_absent(struct json value)
{
	return json_type(value) == JSON_NONE || json_type(value) == JSON_NULL;
}

/* A string member into *out; path: how messages call it (`vcs_info.vcs`). */
static bool
read_text(struct json object, const char *path, bool required, char **out, GError **error)
{
	const char *dot = strrchr(path, '.');
	struct json value = json_get(object, dot ? dot + 1 : path);
	if (is_absent(value))
		return !required || error_set(error, ERROR_INVALID_INPUT,
					    "Missing required value in '%s'", path);
	if (!json_string(value, NULL))
		return error_set(error, ERROR_INVALID_INPUT,
			"Unexpected type %s (expected str) in '%s'", type_name(value), path);
	*out = g_strdup(json_string(value, NULL));
	return true;
}

/* `hash` is the older form: it must agree with `hashes`, or stands in for it. */
static bool
read_legacy_hash(GPtrArray *hashes, bool has_hashes, const char *legacy, GError **error)
{
	const char *equals = strchr(legacy, '=');
	if (!equals)
		return error_set(error, ERROR_INVALID_INPUT,
			"Invalid hash format (expected '<algorithm>=<hash>') in "
			"'archive_info.hash'");
	g_autofree char *name = g_strndup(legacy, (size_t)(equals - legacy));
	if (!has_hashes) {
		g_ptr_array_add(hashes, g_steal_pointer(&name));
		g_ptr_array_add(hashes, g_strdup(equals + 1));
		return true;
	}
	g_autofree char *shown = repr_string(name);
	for (guint i = 0; i < hashes->len; i += 2) {
		if (strcmp(hashes->pdata[i], name) != 0)
			continue;
		if (strcmp(hashes->pdata[i + 1], equals + 1) == 0)
			return true;
		return error_set(error, ERROR_INVALID_INPUT,
			"Algorithm %s used in hash field has different value in hashes field in "
			"'archive_info.hash'",
			shown);
	}
	return error_set(error, ERROR_INVALID_INPUT,
		"Algorithm %s used in hash field is not present in hashes field in "
		"'archive_info.hashes'",
		shown);
}

static bool
read_archive(DirectUrl *url, struct json info, GError **error)
{
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
	struct json object = json_get(info, "hashes");
	if (!is_absent(object) && json_type(object) != JSON_OBJECT)
		return error_set(error, ERROR_INVALID_INPUT,
			"Unexpected type %s (expected Mapping) in 'archive_info.hashes'",
			type_name(object));
	struct json_iter iter = json_iter(object);
	struct json value;
	const char *key;
	while (json_next(&iter, &key, &value) && hashes->len < 2 * MAX_HASHES) {
		if (!json_string(value, NULL))
			return error_set(error, ERROR_INVALID_INPUT,
				"Hash values must be strings in 'archive_info.hashes'");
		g_ptr_array_add(hashes, g_strdup(key));
		g_ptr_array_add(hashes, g_strdup(json_string(value, NULL)));
	}
	g_autofree char *legacy = NULL;
	if (!read_text(info, "archive_info.hash", false, &legacy, error) ||
		(legacy && !read_legacy_hash(hashes, !is_absent(object), legacy, error)))
		return false;
	g_ptr_array_add(hashes, NULL);
	url->hashes = (char **)g_ptr_array_steal(hashes, NULL);
	return true;
}

static bool
read_info(DirectUrl *url, struct json info, GError **error)
{
	if (url->kind == DIRECTURL_ARCHIVE)
		return read_archive(url, info, error);
	if (url->kind == DIRECTURL_VCS)
		return read_text(info, "vcs_info.vcs", true, &url->vcs, error) &&
		       read_text(info, "vcs_info.requested_revision", false,
			       &url->requested_revision, error) &&
		       read_text(info, "vcs_info.commit_id", true, &url->commit_id, error);
	struct json editable = json_get(info, "editable");
	if (!is_absent(editable) && json_type(editable) != JSON_BOOL)
		return error_set(error, ERROR_INVALID_INPUT,
			"Unexpected type %s (expected bool) in 'dir_info.editable'",
			type_name(editable));
	url->editable = json_bool(editable, false);
	return true;
}

static bool
read_url(DirectUrl *url, struct json root, GError **error)
{
	static const char *const keys[] = {"archive_info", "vcs_info", "dir_info"};
	size_t found = 0;
	if (json_type(root) != JSON_OBJECT)
		return error_set(error, ERROR_INVALID_INPUT, "not an object");
	if (!read_text(root, "url", true, &url->url, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		struct json info = json_get(root, keys[i]);
		if (is_absent(info))
			continue;
		if (json_type(info) != JSON_OBJECT)
			return error_set(error, ERROR_INVALID_INPUT,
				"Unexpected type %s (expected Mapping) in '%s'", type_name(info),
				keys[i]);
		if (found++)
			break;
		url->kind = (enum directurl_kind)i;
		if (!read_info(url, info, error))
			return false;
	}
	if (found != 1)
		return error_set(error, ERROR_INVALID_INPUT,
			"Exactly one of vcs_info, archive_info, dir_info must be present");
	if (url->kind == DIRECTURL_FOLDER && g_ascii_strncasecmp(url->url, "file:", 5) != 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"URL scheme must be file:// when dir_info is present in 'url'");
	return read_text(root, "subdirectory", false, &url->subdirectory, error);
}

DirectUrl *
directurl_parse(const char *bytes, size_t length, GError **error)
{
	g_autoptr(Json) json = json_parse(bytes, length, error);
	g_autoptr(DirectUrl) url = g_new0(DirectUrl, 1);
	return json && read_url(url, json_root(json), error) ? g_steal_pointer(&url) : NULL;
}

/* --- written ------------------------------------------------------------------------------- */

/* PEP 610: `${A}` or `${A}:${B}`. */
static bool
is_variables(const char *text, size_t length)
{
	const char *end = text + length;
	for (int i = 0; i < 2; i++) {
		if (end - text < 4 || text[0] != '$' || text[1] != '{')
			return false;
		const char *name = text += 2;
		while (text < end && (g_ascii_isalnum(*text) || *text == '-' || *text == '_'))
			text++;
		if (text == name || text == end || *text++ != '}')
			return false;
		if (text == end)
			return true;
		if (i == 1 || *text++ != ':')
			return false;
	}
	return false;
}

char *
directurl_strip_password(const char *url)
{
	const char *host = strstr(url, "://");
	if (!host)
		return g_strdup(url);
	host += 3;
	size_t length = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', length);
	if (!at)
		return g_strdup(url);
	size_t user = (size_t)(at - host);
	if ((user == 3 && strncmp(host, "git", 3) == 0) || is_variables(host, user))
		return g_strdup(url);
	g_autofree char *scheme = g_strndup(url, (size_t)(host - url));
	return g_strconcat(scheme, at + 1, NULL);
}

static void
put_pair(JsonWriter *writer, const char *key, const char *text)
{
	if (!text)
		return;
	json_key(writer, key);
	json_put_string(writer, text);
}

static void
write_legacy_hash(const DirectUrl *url, JsonWriter *writer)
{
	if (!url->hashes || !url->hashes[0])
		return;
	g_autofree char *text = g_strdup_printf("%s=%s", url->hashes[0], url->hashes[1]);
	put_pair(writer, "hash", text);
}

/* An empty list is written by nobody: pip leaves `hashes` out when there are none. */
static void
write_hashes(const DirectUrl *url, JsonWriter *writer, bool sorted)
{
	if (!url->hashes || !url->hashes[0])
		return;
	json_key(writer, "hashes");
	json_begin(writer, '{');
	const char *last = "";
	for (size_t done = 0; url->hashes[2 * done]; done++) {
		const char *next = NULL;
		size_t at = 2 * done;
		for (size_t i = 0; sorted && url->hashes[i]; i += 2)
			if (strcmp(url->hashes[i], last) > 0 &&
				(!next || strcmp(url->hashes[i], next) < 0)) {
				next = url->hashes[i];
				at = i;
			}
		if (sorted && !next)
			break;
		last = url->hashes[at];
		put_pair(writer, url->hashes[at], url->hashes[at + 1]);
	}
	json_end(writer);
}

static void
write_info(const DirectUrl *url, JsonWriter *writer, bool sorted)
{
	static const char *const keys[] = {"archive_info", "vcs_info", "dir_info"};
	json_key(writer, keys[url->kind]);
	json_begin(writer, '{');
	switch (url->kind) {
	case DIRECTURL_ARCHIVE:
		if (sorted)
			write_legacy_hash(url, writer);
		write_hashes(url, writer, sorted);
		if (!sorted)
			write_legacy_hash(url, writer);
		break;
	case DIRECTURL_VCS:
		if (!sorted)
			put_pair(writer, "vcs", url->vcs);
		put_pair(writer, "commit_id", url->commit_id);
		put_pair(writer, "requested_revision", url->requested_revision);
		if (sorted)
			put_pair(writer, "vcs", url->vcs);
		break;
	case DIRECTURL_FOLDER:
		if (url->editable) {
			json_key(writer, "editable");
			json_put_bool(writer, true);
		}
		break;
	}
	json_end(writer);
}

void
directurl_write(const DirectUrl *url, JsonWriter *writer, bool sorted)
{
	g_autofree char *bare = directurl_strip_password(url->url);
	json_begin(writer, '{');
	if (!sorted)
		put_pair(writer, "url", bare);
	if (!sorted || url->kind != DIRECTURL_VCS)
		write_info(url, writer, sorted);
	put_pair(writer, "subdirectory", url->subdirectory);
	if (sorted)
		put_pair(writer, "url", bare);
	if (sorted && url->kind == DIRECTURL_VCS)
		write_info(url, writer, sorted);
	json_end(writer);
}

char *
directurl_json(const DirectUrl *url)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	directurl_write(url, writer, true);
	return json_writer_take(writer);
}

char *
directurl_requirement(const DirectUrl *url, const char *name)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_string_append_printf(out, "%s @ ", name);
	const char *before = "#";
	if (url->kind == DIRECTURL_VCS)
		g_string_append_printf(out, "%s+%s@%s", url->vcs, url->url, url->commit_id);
	else
		g_string_append(out, url->url);
	if (url->kind == DIRECTURL_ARCHIVE && url->hashes && url->hashes[0]) {
		g_string_append_printf(out, "%s%s=%s", before, url->hashes[0], url->hashes[1]);
		before = "&";
	}
	if (url->subdirectory)
		g_string_append_printf(out, "%ssubdirectory=%s", before, url->subdirectory);
	return g_strdup(out->str);
}
