/* SPDX-License-Identifier: MIT */
/* The HTML form of the Simple API (PEP 503, 592, 629, 658, 714) and find-links pages: the anchors
 * of a page, in the tolerant manner of html.parser. */
#include "lib/error.h"
#include "resolver/simple.h"
#include "resolver/simple_link.h"

#include <string.h>

enum { MAX_ATTRIBUTES = 32 };

struct attribute {
	char *name, *value; /* value unescaped; NULL without `=` */
};

struct tag {
	const char *name; /* within the page */
	size_t name_length;
	struct attribute attributes[MAX_ATTRIBUTES];
	unsigned count;
};

static void
tag_clear(struct tag *tag)
{
	for (unsigned i = 0; i < tag->count; i++) {
		g_free(tag->attributes[i].name);
		g_free(tag->attributes[i].value);
	}
	tag->count = 0;
}

/* `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;`, `&#39;`, `&#x27;`: what appears in attributes. */
static char *
unescape(const char *text, size_t length)
{
	static const struct {
		const char *name;
		char value;
	} entities[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
	GString *out = g_string_sized_new(length);
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '&') {
			g_string_append_c(out, text[i]);
			continue;
		}
		const char *rest = text + i + 1;
		size_t left = length - i - 1;
		bool known = false;
		for (size_t e = 0; e < G_N_ELEMENTS(entities) && !known; e++) {
			size_t size = strlen(entities[e].name);
			known = left >= size && memcmp(rest, entities[e].name, size) == 0;
			if (known) {
				g_string_append_c(out, entities[e].value);
				i += size;
			}
		}
		if (!known && left > 1 && rest[0] == '#') {
			bool hex = rest[1] == 'x' || rest[1] == 'X';
			g_autofree char *digits =
				g_strndup(rest + (hex ? 2 : 1), MIN(left - (hex ? 2 : 1), 9));
			char *end;
			guint64 c = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
			known = end > digits && c > 0 && c < 0x110000 &&
				!(c >= 0xd800 && c < 0xe000);
			if (known) {
				g_string_append_unichar(out, (gunichar)c);
				i += (size_t)(end - digits) + (hex ? 2 : 1) + (*end == ';');
			}
		}
		if (!known)
			g_string_append_c(out, '&');
	}
	return g_string_free(out, FALSE);
}

static const char *
skip_space(const char *at, const char *end)
{
	while (at < end && g_ascii_isspace(*at))
		at++;
	return at;
}

/* One `name="value"` at `at`; returns what follows. */
static const char *
take_attribute(const char *at, const char *end, struct tag *tag)
{
	const char *name = at;
	while (at < end && !g_ascii_isspace(*at) && *at != '=' && *at != '>' && *at != '/')
		at++;
	if (at == name)
		return at + 1;
	size_t name_length = (size_t)(at - name);
	const char *next = skip_space(at, end), *value = NULL;
	size_t value_length = 0;
	if (next < end && *next == '=') {
		at = skip_space(next + 1, end);
		char quote = at < end && (*at == '"' || *at == '\'') ? *at : '\0';
		value = quote ? ++at : at;
		while (at < end && (quote ? *at != quote : !g_ascii_isspace(*at) && *at != '>'))
			at++;
		value_length = (size_t)(at - value);
		at += quote && at < end;
	}
	if (tag->count < MAX_ATTRIBUTES) {
		struct attribute *attribute = &tag->attributes[tag->count++];
		attribute->name = g_ascii_strdown(name, (gssize)name_length);
		attribute->value = value ? unescape(value, value_length) : NULL;
	}
	return at;
}

/* A start tag behind its `<`; returns what follows its `>`, NULL if the page ends within. */
static const char *
take_tag(const char *at, const char *end, struct tag *tag)
{
	tag->name = at;
	tag->count = 0;
	while (at < end && !g_ascii_isspace(*at) && *at != '>' && *at != '/')
		at++;
	tag->name_length = (size_t)(at - tag->name);
	for (;;) {
		while (at < end && (g_ascii_isspace(*at) || *at == '/'))
			at++;
		if (at >= end)
			return NULL;
		if (*at == '>')
			return at + 1;
		at = take_attribute(at, end, tag);
	}
}

static const struct attribute *
find(const struct tag *tag, const char *name)
{
	for (unsigned i = 0; i < tag->count; i++)
		if (strcmp(tag->attributes[i].name, name) == 0)
			return &tag->attributes[i];
	return NULL;
}

static const char *
value_of(const struct tag *tag, const char *name)
{
	const struct attribute *attribute = find(tag, name);
	return attribute ? attribute->value : NULL;
}

static char *
metadata_hash(const struct tag *tag)
{
	const char *value = value_of(tag, "data-core-metadata");
	if (!value)
		value = value_of(tag, "data-dist-info-metadata");
	if (!value || g_ascii_strcasecmp(value, "false") == 0)
		return NULL;
	return g_strdup(g_str_has_prefix(value, "sha256=") ? value : "");
}

static void
add_anchor(PageBuilder *builder, const struct tag *tag, const char *base, const char *source)
{
	const char *href = value_of(tag, "href");
	g_autofree char *fragment = NULL, *url = href ? link_resolve(base, href, &fragment) : NULL;
	if (!url)
		return;
	g_autofree char *filename = link_filename(url), *metadata = metadata_hash(tag);
	/* `#sha256=hex`, perhaps with `&egg=` beside it. */
	g_auto(GStrv) parts = g_strsplit(fragment, "&", 4);
	const char *hashes[5] = {NULL};
	size_t count = 0;
	for (char **part = parts; *part && count < 4; part++)
		if (g_str_has_prefix(*part, "sha") || g_str_has_prefix(*part, "md5="))
			hashes[count++] = *part;
	const struct attribute *yanked = find(tag, "data-yanked");
	struct page_link link = {.filename = filename,
		.url = url,
		.requires_python = value_of(tag, "data-requires-python"),
		.yanked = !yanked	  ? NULL
			  : yanked->value ? yanked->value
					  : "",
		.source = source,
		.metadata_hash = metadata,
		.hashes = hashes,
		.size = -1,
		.upload_time = INT64_MIN};
	page_builder_add(builder, &link);
}

static bool
is_named(const struct tag *tag, const char *name)
{
	return tag->name_length == strlen(name) &&
	       g_ascii_strncasecmp(tag->name, name, tag->name_length) == 0;
}

static bool
check_version(const struct tag *tag, const char *source, GError **error)
{
	const char *name = value_of(tag, "name"), *content = value_of(tag, "content");
	if (!name || !content || g_ascii_strcasecmp(name, "pypi:repository-version") != 0 ||
		g_ascii_strtoull(content, NULL, 10) <= 1)
		return true;
	return error_set(error, ERROR_INVALID_INPUT,
		"%s: version %s of the repository API is not supported", source, content);
}

/* The page as UTF-8; NULL stands for "as it is". */
static char *
decode(const char *bytes, size_t length, const char *charset, gsize *decoded_length)
{
	bool utf8 = !charset || g_ascii_strcasecmp(charset, "utf-8") == 0;
	if (utf8 && g_utf8_validate(bytes, (gssize)length, NULL))
		return NULL;
	char *decoded = g_convert_with_fallback(bytes, (gssize)length, "UTF-8",
		utf8 ? "ISO-8859-1" : charset, "?", NULL, decoded_length, NULL);
	/* An unknown charset, or bytes that are none of it: any byte is Latin-1. */
	return decoded ? decoded
		       : g_convert(bytes, (gssize)length, "UTF-8", "ISO-8859-1", NULL,
				 decoded_length, NULL);
}

bool
simple_parse_html(PageBuilder *builder, const char *bytes, size_t length, const char *base_url,
	const char *charset, GError **error)
{
	gsize decoded_length = 0;
	g_autofree char *decoded = decode(bytes, length, charset, &decoded_length);
	const char *at = decoded ? decoded : bytes;
	const char *end = at + (decoded ? decoded_length : length);
	g_autofree char *base = g_strdup(base_url);
	bool based = false, ok = true;
	while (ok && at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
		if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
			const char *close = g_strstr_len(at + 4, end - at - 4, "-->");
			at = close ? close + 3 : end;
			continue;
		}
		at++;
		if (at == end || !g_ascii_isalpha(*at))
			continue;
		struct tag tag;
		at = take_tag(at, end, &tag);
		if (!at) {
			tag_clear(&tag);
			break;
		}
		const char *href = value_of(&tag, "href");
		if (is_named(&tag, "a")) {
			add_anchor(builder, &tag, base, base_url);
		} else if (is_named(&tag, "base") && !based && href) {
			g_autofree char *fragment = NULL;
			char *resolved = link_resolve(base_url, href, &fragment);
			if (resolved) {
				g_free(base);
				base = resolved;
				based = true;
			}
		} else if (is_named(&tag, "meta")) {
			ok = check_version(&tag, base_url, error);
		}
		tag_clear(&tag);
	}
	return ok;
}
