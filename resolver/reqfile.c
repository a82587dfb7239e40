/* SPDX-License-Identifier: MIT */
#include "resolver/reqfile.h"

#include "lib/optparse.h"
#include "lib/repr.h"
#include "resolver/reqlines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES (64u << 20)
#define MAX_FILES 10000
#define MAX_LINES 1000000
#define MAX_DEPTH 100
#define MAX_LIST 10000 /* indexes, links, hosts: strv_add is linear */

enum word {
	WORD_INDEX_URL,
	WORD_EXTRA_INDEX_URL,
	WORD_NO_INDEX,
	WORD_CONSTRAINT,
	WORD_REQUIREMENT,
	WORD_EDITABLE,
	WORD_FIND_LINKS,
	WORD_NO_BINARY,
	WORD_ONLY_BINARY,
	WORD_PREFER_BINARY,
	WORD_REQUIRE_HASHES,
	WORD_NO_REQUIRE_HASHES,
	WORD_PRE,
	WORD_ALL_RELEASES,
	WORD_ONLY_FINAL,
	WORD_TRUSTED_HOST,
	WORD_USE_FEATURE,
	WORD_HASH,
	WORD_CONFIG_SETTINGS,
};

static const struct optparse_option known[] = {
	{"index-url pypi-url", 'i', true, WORD_INDEX_URL},
	{"extra-index-url", 0, true, WORD_EXTRA_INDEX_URL},
	{"no-index", 0, false, WORD_NO_INDEX},
	{"constraint", 'c', true, WORD_CONSTRAINT},
	{"requirement", 'r', true, WORD_REQUIREMENT},
	{"editable", 'e', true, WORD_EDITABLE},
	{"find-links", 'f', true, WORD_FIND_LINKS},
	{"no-binary", 0, true, WORD_NO_BINARY},
	{"only-binary", 0, true, WORD_ONLY_BINARY},
	{"prefer-binary", 0, false, WORD_PREFER_BINARY},
	{"require-hashes", 0, false, WORD_REQUIRE_HASHES},
	{"no-require-hashes", 0, false, WORD_NO_REQUIRE_HASHES},
	{"pre", 0, false, WORD_PRE},
	{"all-releases", 0, true, WORD_ALL_RELEASES},
	{"only-final", 0, true, WORD_ONLY_FINAL},
	{"trusted-host", 0, true, WORD_TRUSTED_HOST},
	{"use-feature", 0, true, WORD_USE_FEATURE},
	{"hash", 0, true, WORD_HASH},
	{"config-settings", 'C', true, WORD_CONFIG_SETTINGS},
};

static void
line_free(void *data)
{
	struct reqfile_line *line = data;
	g_free(line->text);
	g_strfreev(line->hashes);
	g_strfreev(line->config_settings);
	g_free(line->file);
	g_free(line);
}

static void
format_free(void *data)
{
	struct reqfile_format *format = data;
	g_free(format->value);
	g_free(format);
}

Reqfile *
reqfile_new(void)
{
	Reqfile *file = g_new0(Reqfile, 1);
	file->lines = g_ptr_array_new_with_free_func(line_free);
	file->format_control = g_ptr_array_new_with_free_func(format_free);
	file->warnings = g_ptr_array_new_with_free_func(g_free);
	file->extra_index_urls = g_new0(char *, 1);
	file->find_links = g_new0(char *, 1);
	file->trusted_hosts = g_new0(char *, 1);
	file->use_features = g_new0(char *, 1);
	return file;
}

void
reqfile_free(Reqfile *file)
{
	if (!file)
		return;
	g_ptr_array_unref(file->lines);
	g_ptr_array_unref(file->format_control);
	g_ptr_array_unref(file->warnings);
	g_free(file->index_url);
	g_strfreev(file->extra_index_urls);
	g_strfreev(file->find_links);
	g_strfreev(file->trusted_hosts);
	g_strfreev(file->use_features);
	g_free(file);
}

/* What goes beyond the ceiling is dropped: nobody means ten thousand indexes. */
static void
strv_add(char ***list, const char *text)
{
	guint count = g_strv_length(*list);
	if (count >= MAX_LIST)
		return;
	*list = g_renew(char *, *list, count + 2);
	(*list)[count] = g_strdup(text);
	(*list)[count + 1] = NULL;
}

/* --- one line's options --- */

typedef struct Parsed { /* values are borrowed from the line's words */
	const char *index_url, *requirement, *constraint, *editable, *find_links;
	bool no_index, prefer_binary, require_hashes, no_require_hashes, pre;
	GPtrArray *extra_index_urls, *trusted_hosts, *features, *hashes, *settings; /* of char * */
	Reqfile *file;
} Parsed;

static void
parsed_init(Parsed *parsed, Reqfile *file)
{
	*parsed = (Parsed){.file = file};
	parsed->extra_index_urls = g_ptr_array_new();
	parsed->trusted_hosts = g_ptr_array_new();
	parsed->features = g_ptr_array_new();
	parsed->hashes = g_ptr_array_new();
	parsed->settings = g_ptr_array_new();
}

static void
parsed_clear(Parsed *parsed)
{
	g_ptr_array_unref(parsed->extra_index_urls);
	g_ptr_array_unref(parsed->trusted_hosts);
	g_ptr_array_unref(parsed->features);
	g_ptr_array_unref(parsed->hashes);
	g_ptr_array_unref(parsed->settings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parsed, parsed_clear)

/* --no-binary and its kin count wherever they stand, on a requirement's line too. */
static bool
take_format(Parsed *parsed, enum reqfile_option option, const char *value, const char *names,
	GError **error)
{
	if (*value == '-')
		return error_set(
			error, ERROR_INVALID_INPUT, "%s option requires 1 argument.", names);
	struct reqfile_format *format = g_new0(struct reqfile_format, 1);
	format->option = option;
	format->value = g_strdup(value);
	g_ptr_array_add(parsed->file->format_control, format);
	return true;
}

static bool
take_hash(Parsed *parsed, const char *value, GError **error)
{
	const char *colon = strchr(value, ':');
	if (!colon)
		return error_set(error, ERROR_INVALID_INPUT,
			"Arguments to --hash must be a hash name followed by a value, like "
			"--hash=sha256:abcde...");
	size_t length = (size_t)(colon - value);
	if (length != 6 || (memcmp(value, "sha256", 6) != 0 && memcmp(value, "sha384", 6) != 0 &&
				   memcmp(value, "sha512", 6) != 0))
		return error_set(error, ERROR_INVALID_INPUT,
			"Allowed hash algorithms for --hash are sha256, sha384, sha512.");
	g_ptr_array_add(parsed->hashes, (char *)value);
	return true;
}

static bool
take_feature(Parsed *parsed, const char *value, GError **error)
{
	static const char *const features[] = {"fast-deps", "inprocess-build-deps",
		"venv-isolation", "truststore", "no-binary-enable-wheel-cache", "build-constraint",
		NULL};
	if (g_strv_contains(features, value)) {
		g_ptr_array_add(parsed->features, (char *)value);
		return true;
	}
	g_autofree char *shown = repr_string(value), *list = g_strjoinv("', '", (char **)features);
	return error_set(error, ERROR_INVALID_INPUT,
		"option --use-feature: invalid choice: %s (choose from '%s')", shown, list);
}

static bool
take_rare(Parsed *parsed, enum word word, const char *spelled, const char *value, GError **error)
{
	switch (word) {
	case WORD_NO_BINARY:
		return take_format(
			parsed, REQFILE_NO_BINARY, value, "--no-binary / --only-binary", error);
	case WORD_ONLY_BINARY:
		return take_format(
			parsed, REQFILE_ONLY_BINARY, value, "--no-binary / --only-binary", error);
	case WORD_ALL_RELEASES:
		return take_format(parsed, REQFILE_ALL_RELEASES, value,
			"--all-releases / --only-final", error);
	case WORD_ONLY_FINAL:
		return take_format(
			parsed, REQFILE_ONLY_FINAL, value, "--all-releases / --only-final", error);
	case WORD_USE_FEATURE:
		return take_feature(parsed, value, error);
	case WORD_HASH:
		return take_hash(parsed, value, error);
	default:
		if (!strchr(value, '='))
			return error_set(error, ERROR_INVALID_INPUT,
				"Arguments to %s must be of the form KEY=VAL", spelled);
		g_ptr_array_add(parsed->settings, (char *)value);
		return true;
	}
}

static bool
take_option(int id, const char *spelled, const char *value, size_t at, void *user, GError **error)
{
	Parsed *parsed = user;
	(void)at;
	switch ((enum word)id) {
	case WORD_INDEX_URL:
		parsed->index_url = value;
		return true;
	case WORD_EXTRA_INDEX_URL:
		g_ptr_array_add(parsed->extra_index_urls, (char *)value);
		return true;
	case WORD_NO_INDEX:
		return parsed->no_index = true;
	case WORD_CONSTRAINT: /* of several of these only the first counts */
		parsed->constraint = parsed->constraint ? parsed->constraint : value;
		return true;
	case WORD_REQUIREMENT:
		parsed->requirement = parsed->requirement ? parsed->requirement : value;
		return true;
	case WORD_EDITABLE:
		parsed->editable = parsed->editable ? parsed->editable : value;
		return true;
	case WORD_FIND_LINKS:
		parsed->find_links = parsed->find_links ? parsed->find_links : value;
		return true;
	case WORD_PREFER_BINARY:
		return parsed->prefer_binary = true;
	case WORD_REQUIRE_HASHES:
		return parsed->require_hashes = true;
	case WORD_NO_REQUIRE_HASHES:
		return parsed->no_require_hashes = true;
	case WORD_PRE:
		return parsed->pre = true;
	case WORD_TRUSTED_HOST:
		g_ptr_array_add(parsed->trusted_hosts, (char *)value);
		return true;
	default:
		return take_rare(parsed, (enum word)id, spelled, value, error);
	}
}

/* --- files --- */

struct source {
	const char *path; /* or URL */
	bool constraint;
	const struct source *parent; /* the file that names it, NULL for the first */
	const char *key;	     /* absolute path or URL, to recognise it */
	int depth;
};

struct reading {
	Reqfile *file;
	reqfile_read_fn read;
	void *user;
};

static bool read_source(struct reading *reading, const struct source *source, GError **error);

static bool
is_url(const char *text)
{
	static const char *const schemes[] = {"http:", "https:", "file:"};
	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static char **
copy_strings(const GPtrArray *strings, guint count)
{
	char **list = g_new0(char *, count + 1);
	for (guint i = 0; i < count; i++)
		list[i] = g_strdup(g_ptr_array_index(strings, i));
	return list;
}

static void
add_requirement(Reqfile *file, const struct source *source, int number, const char *text,
	const Parsed *parsed)
{
	struct reqfile_line *line = g_new0(struct reqfile_line, 1);
	line->text = g_strdup(text);
	line->editable = parsed->editable != NULL;
	line->constraint = source->constraint;
	line->hashes = copy_strings(parsed->hashes, line->editable ? 0 : parsed->hashes->len);
	line->config_settings = copy_strings(parsed->settings, parsed->settings->len);
	line->file = g_strdup(source->path);
	line->line = number;
	g_ptr_array_add(file->lines, line);
}

/* A relative path that exists beside the file is meant; otherwise the current folder's. */
static char *
locate_links(const struct source *source, const char *value)
{
	if (is_url(source->path) || is_url(value))
		return g_strdup(value);
	g_autofree char *folder = g_path_get_dirname(source->path);
	g_autofree char *base = g_canonicalize_filename(folder, NULL);
	g_autofree char *beside =
		g_path_is_absolute(value) ? g_strdup(value) : g_build_filename(base, value, NULL);
	return access(beside, F_OK) == 0 ? g_steal_pointer(&beside) : g_strdup(value);
}

static void
apply_options(Reqfile *file, const struct source *source, int number, const Parsed *parsed)
{
	if (parsed->hashes->len)
		g_ptr_array_add(file->warnings,
			g_strdup_printf(
				"%s line %d has --hash but no requirement, and will be ignored.",
				source->path, number));
	file->require_hashes |= parsed->require_hashes;
	file->no_require_hashes |= parsed->no_require_hashes;
	file->pre |= parsed->pre;
	file->prefer_binary |= parsed->prefer_binary;
	for (guint i = 0; i < parsed->features->len; i++)
		if (!g_strv_contains((const char *const *)file->use_features,
			    g_ptr_array_index(parsed->features, i)))
			strv_add(&file->use_features, g_ptr_array_index(parsed->features, i));
	for (guint i = 0; i < parsed->trusted_hosts->len; i++)
		strv_add(&file->trusted_hosts, g_ptr_array_index(parsed->trusted_hosts, i));
	file->no_index |= parsed->no_index;
	if (file->no_index || parsed->index_url) {
		g_strfreev(file->extra_index_urls);
		file->extra_index_urls = g_new0(char *, 1);
		g_free(file->index_url);
		file->index_url = file->no_index ? NULL : g_strdup(parsed->index_url);
	}
	for (guint i = 0; !file->no_index && i < parsed->extra_index_urls->len; i++)
		strv_add(&file->extra_index_urls, g_ptr_array_index(parsed->extra_index_urls, i));
	if (parsed->find_links) {
		g_autofree char *links = locate_links(source, parsed->find_links);
		strv_add(&file->find_links, links);
	}
}

/* The nested file's path or URL, seen from the file that names it. New string. */
static char *
resolve_nested(const struct source *source, const char *named)
{
	if (is_url(source->path)) {
		char *joined = g_uri_resolve_relative(
			source->path, named, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, NULL);
		return joined ? joined : g_strdup(named);
	}
	if (is_url(named))
		return g_strdup(named);
	g_autofree char *folder = g_path_get_dirname(source->path);
	g_autofree char *base = g_canonicalize_filename(folder, NULL);
	return g_canonicalize_filename(named, base);
}

static bool
read_nested(
	struct reading *reading, const struct source *source, const Parsed *parsed, GError **error)
{
	bool constraint = !parsed->requirement;
	g_autofree char *path =
		resolve_nested(source, constraint ? parsed->constraint : parsed->requirement);
	for (const struct source *up = source; up; up = up->parent) {
		if (strcmp(up->key, path) != 0)
			continue;
		if (!up->parent)
			return error_set(error, ERROR_INVALID_INPUT,
				"%s recursively references itself in %s", path, source->path);
		return error_set(error, ERROR_INVALID_INPUT,
			"%s recursively references itself in %s and again in %s", path,
			source->path, up->parent->path);
	}
	if (source->depth >= MAX_DEPTH)
		return error_set(error, ERROR_INVALID_INPUT,
			"reading %s: files are nested more than %d deep", path, MAX_DEPTH);
	struct source nested = {.path = path,
		.constraint = constraint,
		.parent = source,
		.key = path,
		.depth = source->depth + 1};
	return read_source(reading, &nested, error);
}

static bool
read_line(struct reading *reading, const struct source *source, const struct reqlines_line *line,
	GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;
	g_autoptr(GError) why = NULL;
	g_autoptr(GPtrArray) ignored = g_ptr_array_new();
	g_auto(Parsed) parsed;
	parsed_init(&parsed, reading->file);
	struct optparse parser = {.options = known,
		.option_count = G_N_ELEMENTS(known),
		.interspersed = true,
		.take = take_option,
		.user = &parsed};
	if (!reqlines_break(line->text, &text, &words, &why) ||
		!optparse_run(&parser, (const char *const *)words, ignored, NULL, &why))
		return error_set(error, ERROR_INVALID_INPUT,
			"Invalid requirement: %s (from line %d of %s)\nxpip: error: %s", line->text,
			line->number, source->path, why->message);
	if (*text || parsed.editable)
		add_requirement(reading->file, source, line->number, *text ? text : parsed.editable,
			&parsed);
	else if (parsed.requirement || parsed.constraint)
		return read_nested(reading, source, &parsed, error);
	else
		apply_options(reading->file, source, line->number, &parsed);
	return true;
}

char *
reqfile_read_local(const char *path, size_t *length, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0 && bytes->len <= MAX_BYTES) {
		uint8_t block[16384];
		got = read(fd, block, sizeof block);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			g_byte_array_append(bytes, block, (guint)got);
	}
	int saved = errno;
	if (fd >= 0)
		close(fd);
	g_autofree char *shown = repr_string(path);
	if (got < 0) {
		error_set(error, ERROR_IO, "[Errno %d] %s: %s", saved, g_strerror(saved), shown);
		return NULL;
	}
	if (bytes->len > MAX_BYTES) {
		error_set(error, ERROR_INVALID_INPUT, "it is larger than 64 MiB: %s", shown);
		return NULL;
	}
	*length = bytes->len;
	g_byte_array_append(bytes, (const uint8_t *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

static bool
read_source(struct reading *reading, const struct source *source, GError **error)
{
	const char *what = source->constraint ? "constraint" : "requirements";
	size_t length = 0;
	if (++reading->file->files_read > MAX_FILES)
		return error_set(error, ERROR_INVALID_INPUT,
			"reading %s: more than %d files are named", source->path, MAX_FILES);
	g_autofree char *bytes =
		reading->read ? reading->read(source->path, &length, reading->user, error)
			      : reqfile_read_local(source->path, &length, error);
	if (!bytes) {
		if (!is_url(source->path))
			g_prefix_error(error, "Could not open %s file: ", what);
		return false;
	}
	if (length > MAX_BYTES)
		return error_set(error, ERROR_INVALID_INPUT, "reading %s: it is larger than 64 MiB",
			source->path);
	g_autofree char *text = reqlines_decode(bytes, length, source->path, error);
	g_autoptr(GPtrArray) lines = text ? reqlines_split(text, source->path, error) : NULL;
	if (!lines)
		return false;
	if ((reading->file->lines_read += lines->len) > MAX_LINES)
		return error_set(error, ERROR_INVALID_INPUT,
			"reading %s: more than %d lines in all", source->path, MAX_LINES);
	for (guint i = 0; i < lines->len; i++)
		if (!read_line(reading, source, g_ptr_array_index(lines, i), error))
			return false;
	return true;
}

bool
reqfile_read(Reqfile *file, const char *path_or_url, bool constraint, reqfile_read_fn read,
	void *user, GError **error)
{
	g_autofree char *key = is_url(path_or_url) ? g_strdup(path_or_url)
						   : g_canonicalize_filename(path_or_url, NULL);
	struct source source = {.path = path_or_url, .constraint = constraint, .key = key};
	struct reading reading = {.file = file, .read = read, .user = user};
	return read_source(&reading, &source, error);
}
