/* SPDX-License-Identifier: MIT */
#include "wheel/wheelcache.h"
#include "lib/fs.h"
#include "verify/digest.h"
#include "wheel/filename.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_ORIGIN = 1 << 20 };

static void
append_quoted(GString *out, const char *text)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_put_string(writer, text);
	g_autofree char *quoted = json_writer_take(writer);
	g_string_append(out, quoted);
}

static void
append_pair(GString *out, const char *key, const char *value)
{
	if (!value)
		return;
	g_string_append_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
	append_quoted(out, value);
}

/* packaging.tags.interpreter_name */
static const char *
short_name(const char *implementation)
{
	static const char *const names[][2] = {{"python", "py"}, {"cpython", "cp"}, {"pypy", "pp"},
		{"ironpython", "ip"}, {"jython", "jy"}};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i][0], implementation) == 0)
			return names[i][1];
	return implementation;
}

char *
wheelcache_folder(const char *cache_dir, const char *url, const Python *python)
{
	g_autoptr(DirectUrl) link = directurl_for_link(url, false, false, NULL, NULL);
	g_autofree char *bare = g_strndup(url, strcspn(url, "#"));
	g_autofree char *number = g_strdup_printf("%d%d", python->major, python->minor);
	g_autoptr(GString) key = g_string_new("{");
	append_pair(key, "interpreter_name", short_name(python->implementation));
	append_pair(key, "interpreter_version", number);
	if (link->hashes && link->hashes[0])
		append_pair(key, link->hashes[0], link->hashes[1]);
	append_pair(key, "subdirectory", link->subdirectory);
	append_pair(key, "url", bare);
	g_string_append_c(key, '}');
	g_autoptr(Hasher) hasher = hasher_new("sha224", NULL);
	if (!hasher)
		return NULL;
	hasher_update(hasher, key->str, key->len);
	g_autofree char *hex = hasher_finish_hex(hasher);
	return g_strdup_printf(
		"%s/wheels/%.2s/%.2s/%.2s/%s", cache_dir, hex, hex + 2, hex + 4, hex + 6);
}

/* pip's test: `name-version` somewhere in the file's name. */
static bool
has_version(const char *url)
{
	g_autofree char *bare = g_strndup(url, strcspn(url, "?#"));
	g_autofree char *base = g_path_get_basename(bare);
	const char *extension = filename_archive_extension(base);
	const char *end = extension ? extension : base + strlen(base);
	for (const char *dash = base + 1; dash + 1 < end; dash++)
		if (*dash == '-' && (g_ascii_isalnum(dash[-1]) || strchr("_.", dash[-1])) &&
			(g_ascii_isalnum(dash[1]) || strchr("_.!+-", dash[1])))
			return true;
	return false;
}

bool
wheelcache_keeps(const char *url, bool is_folder, bool editable, const char *commit)
{
	if (is_folder || editable)
		return false;
	if (!commit)
		return has_version(url);
	g_autoptr(DirectUrl) link = directurl_for_link(url, false, false, commit, NULL);
	return link->vcs && strcmp(link->vcs, "git") == 0 && link->requested_revision &&
	       strcmp(link->requested_revision, commit) == 0;
}

/* The rank of a kept wheel among the tags, or -1 if it is none of this project for this target. */
static int
rank_of(const char *filename, const char *normalized_name, const Tags *tags)
{
	struct wheel_filename parts = {0};
	int rank = -1;
	if (!filename_parse_wheel(filename, &parts, NULL))
		return -1;
	if (name_equal(parts.name, normalized_name))
		rank = tags_rank(tags, parts.python_tags, parts.abi_tags, parts.platform_tags);
	wheel_filename_clear(&parts);
	return rank;
}

static DirectUrl *
read_origin(const char *folder, const char *filename, Log *log)
{
	size_t length;
	bool absent = false;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, "origin.json", NULL);
	g_autofree char *text = fs_read(path, MAX_ORIGIN, &length, &absent, &error);
	DirectUrl *origin = text ? directurl_parse(text, length, &error) : NULL;
	if (!origin && !absent)
		log_warning(log, "Ignoring invalid cache entry origin file %s for %s (%s)", path,
			filename, error->message);
	return origin;
}

char *
wheelcache_find(const char *cache_dir, const char *url, const Python *python,
	const char *normalized_name, const Tags *tags, DirectUrl **origin, Log *log)
{
	g_autofree char *folder = wheelcache_folder(cache_dir, url, python);
	g_autoptr(GDir) dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
	g_autofree char *best = NULL;
	int best_rank = -1;
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		int rank = rank_of(name, normalized_name, tags);
		/* The name decides between equals: readdir's order must not. */
		if (rank >= 0 && (!best || rank < best_rank ||
					 (rank == best_rank && strcmp(name, best) < 0))) {
			g_free(best);
			best = g_strdup(name);
			best_rank = rank;
		}
	}
	if (!best)
		return NULL;
	if (origin)
		*origin = read_origin(folder, best, log);
	return g_build_filename(folder, best, NULL);
}

bool
wheelcache_record(const char *folder, const DirectUrl *origin, Log *log, GError **error)
{
	g_autoptr(DirectUrl) before = read_origin(folder, "a wheel", log);
	if (before && strcmp(before->url, origin->url) != 0)
		log_warning(log,
			"Origin URL %s in cache entry %s does not match download URL %s. Will "
			"overwrite it with the new value.",
			before->url, folder, origin->url);
	g_autofree char *text = directurl_json(origin);
	g_autofree char *path = g_build_filename(folder, "origin.json", NULL);
	return fs_write_atomic(path, text, strlen(text), 0644, false, error);
}
