/* SPDX-License-Identifier: MIT */
#include "wheel/filename.h"
#include "lib/error.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_NAME = 4096 };

void
wheel_filename_clear(struct wheel_filename *name)
{
	g_free(name->name);
	g_free(name->version);
	g_free(name->build);
	g_free(name->python_tags);
	g_free(name->abi_tags);
	g_free(name->platform_tags);
	*name = (struct wheel_filename){0};
}

static bool
refuse(const char *filename, const char *why, GError **error)
{
	return error_set(
		error, ERROR_INVALID_INPUT, "Invalid wheel filename (%s): '%s'", why, filename);
}

/* Letters, digits, `_` and `.`, in any script; no `__` (PEP 427). */
static bool
is_project(const char *text, size_t length)
{
	if (length == 0 || g_strstr_len(text, (gssize)length, "__") ||
		!g_utf8_validate(text, (gssize)length, NULL))
		return false;
	for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (c != '_' && c != '.' && !g_unichar_isalnum(c))
			return false;
	}
	return true;
}

/* A number and a suffix: leading zeros of the number go. NULL if it is none. */
static char *
parse_build(const char *text, size_t length)
{
	size_t digits = 0, zeros = 0;
	while (digits < length && g_ascii_isdigit(text[digits]))
		digits++;
	while (zeros + 1 < digits && text[zeros] == '0')
		zeros++;
	return digits ? g_strndup(text + zeros, length - zeros) : NULL;
}

/* A compressed set: parts joined by dots. */
static bool
is_tag_set(const char *text)
{
	if (!*text || *text == '.' || strstr(text, "..") || text[strlen(text) - 1] == '.')
		return false;
	return true;
}

/* Python's str.isidentifier for each part. */
static bool
are_identifiers(const char *text)
{
	bool first = true;
	for (const char *c = text; *c; c++) {
		if (first && g_ascii_isdigit(*c))
			return false;
		if (*c != '.' && *c != '_' && !g_ascii_isalnum(*c) && (unsigned char)*c < 0x80)
			return false;
		first = *c == '.';
	}
	return true;
}

bool
filename_parse_wheel(const char *filename, struct wheel_filename *out, GError **error)
{
	*out = (struct wheel_filename){0};
	size_t length = strlen(filename);
	if (length > MAX_NAME || !g_str_has_suffix(filename, ".whl"))
		return refuse(filename, "extension must be '.whl'", error);
	g_autofree char *stem = g_strndup(filename, length - 4);
	g_auto(GStrv) parts = g_strsplit(stem, "-", -1);
	size_t count = g_strv_length(parts);
	if (count != 5 && count != 6)
		return refuse(filename, "wrong number of parts", error);
	if (!is_project(parts[0], strlen(parts[0])))
		return error_set(
			error, ERROR_INVALID_INPUT, "Invalid project name: '%s'", filename);
	char **tags = parts + count - 3;
	out->build = count == 6 ? parse_build(parts[2], strlen(parts[2])) : g_strdup("");
	bool ok = out->build && *parts[1] && are_identifiers(tags[0]);
	for (int i = 0; ok && i < 3; i++)
		ok = is_tag_set(tags[i]);
	if (!ok) {
		wheel_filename_clear(out);
		return refuse(filename, "invalid version, build number or tag", error);
	}
	out->name = name_normalize(parts[0]);
	out->version = g_steal_pointer(&parts[1]);
	parts[1] = g_strdup("");
	out->python_tags = g_ascii_strdown(tags[0], -1);
	out->abi_tags = g_ascii_strdown(tags[1], -1);
	out->platform_tags = g_ascii_strdown(tags[2], -1);
	return true;
}

const char *
filename_archive_extension(const char *filename)
{
	static const char *const extensions[] = {".tar.gz", ".whl", ".zip", ".tar.bz2", ".tar.xz",
		".tgz", ".tbz", ".txz", ".tlz", ".tar", ".tar.lz", ".tar.lzma"};
	size_t length = strlen(filename);
	for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
		size_t size = strlen(extensions[i]);
		if (length > size && strcmp(filename + length - size, extensions[i]) == 0)
			return filename + length - size;
	}
	return NULL;
}

bool
filename_parse_sdist(const char *filename, char **name, char **version, GError **error)
{
	size_t suffix = g_str_has_suffix(filename, ".tar.gz") ? 7
			: g_str_has_suffix(filename, ".zip")  ? 4
							      : 0;
	g_autofree char *stem = g_strndup(filename, strlen(filename) - suffix);
	char *dash = suffix ? strrchr(stem, '-') : NULL;
	if (!dash || dash == stem || !dash[1])
		return error_set(
			error, ERROR_INVALID_INPUT, "Invalid sdist filename: '%s'", filename);
	*dash = '\0';
	*name = name_normalize(stem);
	*version = g_strdup(dash + 1);
	return true;
}

char *
filename_sdist_version(const char *filename, const char *normalized_name)
{
	const char *extension = filename_archive_extension(filename);
	if (!extension)
		return NULL;
	/* The separating dash is the one whose left side is the project's name. */
	for (const char *dash = strchr(filename, '-'); dash && dash < extension;
		dash = strchr(dash + 1, '-')) {
		g_autofree char *name = name_normalize_n(filename, (size_t)(dash - filename));
		if (strcmp(name, normalized_name) == 0)
			return dash + 1 < extension
				       ? g_strndup(dash + 1, (gsize)(extension - dash - 1))
				       : NULL;
	}
	return NULL;
}
