/* SPDX-License-Identifier: MIT */
/* Writing lock files: the keys in the order of PEP 751, as pip writes them. */
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/toml.h"
#include "resolver/pylock.h"

#include <stdlib.h>
#include <string.h>

static void
put(JsonWriter *writer, const char *key, const char *text)
{
	if (!text)
		return;
	json_key(writer, key);
	json_put_string(writer, text);
}

static bool
put_hashes(JsonWriter *writer, const struct pylock_package *package, GError **error)
{
	const DirectUrl *origin = package->origin;
	if (!origin->hashes || !origin->hashes[0])
		return error_set(error, ERROR_INVALID_INPUT, "%s: the hash of %s is not known",
			package->name, origin->url);
	json_key(writer, "hashes");
	json_begin(writer, '{');
	for (size_t i = 0; origin->hashes[i]; i += 2)
		put(writer, origin->hashes[i], origin->hashes[i + 1]);
	json_end(writer);
	return true;
}

/* From one absolute folder to another, both without links: `../x`. New string. */
static char *
relative_path(const char *to, const char *base)
{
	g_auto(GStrv) there = g_strsplit(to, "/", 0), here = g_strsplit(base, "/", 0);
	g_autoptr(GString) out = g_string_new(NULL);
	size_t same = 0;
	while (there[same] && here[same] && strcmp(there[same], here[same]) == 0)
		same++;
	for (size_t i = same; here[i]; i++)
		if (*here[i])
			g_string_append(out, out->len ? "/.." : "..");
	for (size_t i = same; there[i]; i++)
		if (*there[i])
			g_string_append_printf(out, "%s%s", out->len ? "/" : "", there[i]);
	return g_strdup(out->len ? out->str : ".");
}

static bool
put_folder(JsonWriter *writer, const DirectUrl *origin, const char *base, GError **error)
{
	g_autofree char *path = fs_url_to_path(origin->url, error);
	if (!path)
		return false;
	g_autofree char *real = realpath(path, NULL), *real_base = realpath(base, NULL);
	g_autofree char *relative = relative_path(real ? real : path, real_base ? real_base : base);
	json_key(writer, "directory");
	json_begin(writer, '{');
	put(writer, "path", relative);
	if (origin->editable) {
		json_key(writer, "editable");
		json_put_bool(writer, true);
	}
	put(writer, "subdirectory", origin->subdirectory);
	json_end(writer);
	return true;
}

static void
put_vcs(JsonWriter *writer, const DirectUrl *origin, const char *url)
{
	json_key(writer, "vcs");
	json_begin(writer, '{');
	put(writer, "type", origin->vcs);
	put(writer, "url", url);
	put(writer, "requested-revision", origin->requested_revision);
	put(writer, "commit-id", origin->commit_id);
	put(writer, "subdirectory", origin->subdirectory);
	json_end(writer);
}

static bool
put_archive(
	JsonWriter *writer, const struct pylock_package *package, const char *url, GError **error)
{
	json_key(writer, "archive");
	json_begin(writer, '{');
	put(writer, "url", url);
	bool ok = put_hashes(writer, package, error);
	put(writer, "subdirectory", package->origin->subdirectory);
	json_end(writer);
	return ok;
}

/* A file of an index: `wheels` has one element, `sdist` is a table. */
static bool
put_file(JsonWriter *writer, const struct pylock_package *package, const char *url, GError **error)
{
	g_autofree char *bare = g_strndup(url, strcspn(url, "?#"));
	const char *slash = strrchr(bare, '/');
	g_autofree char *name = g_uri_unescape_string(slash ? slash + 1 : bare, NULL);
	bool wheel = name && g_str_has_suffix(name, ".whl");
	json_key(writer, wheel ? "wheels" : "sdist");
	if (wheel)
		json_begin(writer, '[');
	json_begin(writer, '{');
	put(writer, "name", name);
	put(writer, "url", url);
	bool ok = put_hashes(writer, package, error);
	json_end(writer);
	if (wheel)
		json_end(writer);
	return ok;
}

static bool
put_package(
	JsonWriter *writer, const struct pylock_package *package, const char *base, GError **error)
{
	const DirectUrl *origin = package->origin;
	g_autofree char *url = directurl_strip_password(origin->url);
	bool ok = true;
	json_begin(writer, '{');
	put(writer, "name", package->name);
	if (!package->is_direct) {
		put(writer, "version", package->version);
		ok = put_file(writer, package, url, error);
	} else if (origin->kind == DIRECTURL_FOLDER) {
		ok = put_folder(writer, origin, base, error);
	} else if (origin->kind == DIRECTURL_ARCHIVE) {
		ok = put_archive(writer, package, url, error);
	} else {
		put_vcs(writer, origin, url);
	}
	json_end(writer);
	return ok;
}

char *
pylock_text(const struct pylock_package *packages, size_t count, const char *base, GError **error)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_begin(writer, '{');
	put(writer, "lock-version", "1.0");
	put(writer, "created-by", "xpip");
	json_key(writer, "packages");
	json_begin(writer, '[');
	for (size_t i = 0; i < count; i++)
		if (!put_package(writer, &packages[i], base, error))
			return NULL;
	json_end(writer);
	json_end(writer);
	g_autofree char *text = json_writer_take(writer);
	g_autoptr(Json) json = json_parse(text, strlen(text), error);
	return json ? toml_text(json_root(json)) : NULL;
}
