/* SPDX-License-Identifier: MIT */
#include "wheel/manifest.h"
#include "lib/error.h"

#include <string.h>

enum { MAX_ROWS = 1000000, MAX_BYTES = 64 << 20, MAX_DIGEST = 64 };

struct Manifest {
	char *text; /* the fields, unquoted in place; rows point into it */
	GArray *rows;
};

/* Reads one field at *at, unquoting in place. Returns it NUL-terminated; *last if a row ends with
 * it. `end` is where the text's own NUL stands. NULL: a quote is never closed. */
static char *
read_field(char **at, const char *end, bool *last)
{
	char *in = *at, *out = in, *start = in;
	bool quoted = in < end && *in == '"';
	if (quoted)
		in++;
	for (; in < end; in++) {
		if (quoted && *in == '"' && in[1] == '"')
			in++;
		else if (quoted && *in == '"') {
			quoted = false; /* what follows until the comma is taken as it is */
			continue;
		} else if (!quoted && (*in == ',' || *in == '\n' || *in == '\r'))
			break;
		*out++ = *in;
	}
	if (quoted)
		return NULL;
	*last = in == end || *in != ',';
	if (in < end && *in == '\r' && in[1] == '\n')
		in++;
	*at = in < end ? in + 1 : in;
	*out = '\0';
	return start;
}

/* Digits only. Not g_ascii_string_to_unsigned: its first call may leave errno set by the loading of
 * a locale and fail for that. */
static int64_t
read_size(const char *text)
{
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length > 18 || text[length])
		return -1;
	return (int64_t)g_ascii_strtoll(text, NULL, 10);
}

static struct manifest_row
make_row(char *path, char *digest, const char *size)
{
	struct manifest_row row = {path, "", "", read_size(size)};
	char *equal = strchr(digest, '=');
	if (equal) {
		*equal = '\0';
		row.algorithm = digest;
		row.digest = equal + 1;
	}
	return row;
}

static bool
read_rows(Manifest *manifest, size_t length, GError **error)
{
	char *at = manifest->text;
	const char *end = at + length;
	while (at < end) {
		char none[] = "";
		char *fields[3] = {none, none, none};
		bool last = false;
		for (size_t i = 0; !last; i++) {
			char *field = read_field(&at, end, &last);
			if (!field)
				return error_set(error, ERROR_INVALID_INPUT,
					"RECORD: a quote is never closed");
			if (i < 3)
				fields[i] = field;
		}
		if (!*fields[0])
			continue;
		if (manifest->rows->len == MAX_ROWS)
			return error_set(error, ERROR_INVALID_INPUT, "RECORD: too many rows");
		struct manifest_row row = make_row(fields[0], fields[1], fields[2]);
		g_array_append_val(manifest->rows, row);
	}
	return true;
}

Manifest *
manifest_parse(const char *bytes, size_t length, GError **error)
{
	if (length > MAX_BYTES) {
		error_set(error, ERROR_INVALID_INPUT, "RECORD: too long");
		return NULL;
	}
	if (!g_utf8_validate(bytes, (gssize)length, NULL)) { /* NUL is refused too */
		error_set(error, ERROR_INVALID_INPUT, "RECORD: not UTF-8");
		return NULL;
	}
	g_autoptr(Manifest) manifest = g_new0(Manifest, 1);
	manifest->text = g_strndup(bytes, length);
	manifest->rows = g_array_new(FALSE, FALSE, sizeof(struct manifest_row));
	return read_rows(manifest, length, error) ? g_steal_pointer(&manifest) : NULL;
}

void
manifest_free(Manifest *manifest)
{
	if (!manifest)
		return;
	g_array_unref(manifest->rows);
	g_free(manifest->text);
	g_free(manifest);
}

size_t
manifest_count(const Manifest *manifest)
{
	return manifest->rows->len;
}

const struct manifest_row *
manifest_get(const Manifest *manifest, size_t index)
{
	return &g_array_index(manifest->rows, struct manifest_row, index);
}

/* Decodes base64 of either alphabet, or hex; returns the number of bytes, 0 if it is neither. */
static size_t
decode(const char *text, uint8_t out[MAX_DIGEST])
{
	size_t length = strcspn(text, "=");
	if (length > MAX_DIGEST * 2)
		return 0;
	size_t hex = strspn(text, "0123456789abcdefABCDEF");
	if (hex == length && (hex == 32 || hex == 40 || hex == 64 || hex == 96 || hex == 128)) {
		for (size_t i = 0; i < hex / 2; i++)
			out[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) * 16 +
					   g_ascii_xdigit_value(text[2 * i + 1]));
		return hex / 2;
	}
	uint32_t bits = 0;
	size_t count = 0;
	for (size_t i = 0; i < length; i++) {
		static const char alphabet[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/";
		const char *found = strchr(alphabet, text[i]);
		if (!found)
			return 0;
		size_t value = (size_t)(found - alphabet);
		bits = bits << 6 | (uint32_t)(value >= 64 ? value - 2 : value);
		if (i % 4 == 0)
			continue;
		if (count == MAX_DIGEST)
			return 0;
		out[count++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return count;
}

bool
manifest_row_sha256(const struct manifest_row *row, struct digest *out)
{
	uint8_t bytes[MAX_DIGEST];
	if (g_ascii_strcasecmp(row->algorithm, "sha256") != 0 ||
		decode(row->digest, bytes) != sizeof out->bytes)
		return false;
	memcpy(out->bytes, bytes, sizeof out->bytes);
	return true;
}

bool
manifest_row_matches_hex(const struct manifest_row *row, const char *hex)
{
	uint8_t written[MAX_DIGEST], found[MAX_DIGEST];
	size_t count = decode(row->digest, written);
	return count > 0 && count == decode(hex, found) && memcmp(written, found, count) == 0;
}

void
manifest_append_text(GString *out, const char *path, const char *digest, const char *size)
{
	if (strpbrk(path, ",\"\r\n")) {
		g_string_append_c(out, '"');
		for (const char *c = path; *c; c++) {
			if (*c == '"')
				g_string_append_c(out, '"');
			g_string_append_c(out, *c);
		}
		g_string_append_c(out, '"');
	} else {
		g_string_append(out, path);
	}
	g_string_append_c(out, ',');
	g_string_append(out, digest);
	g_string_append_c(out, ',');
	g_string_append(out, size);
	g_string_append(out, "\r\n");
}

void
manifest_append(GString *out, const char *path, const struct digest *digest, int64_t size)
{
	g_autofree char *text = digest ? digest_record(digest) : g_strdup("");
	g_autofree char *number =
		size >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, size) : g_strdup("");
	manifest_append_text(out, path, text, number);
}
