/* SPDX-License-Identifier: MIT */
#include "resolver/version.h"
#include "lib/error.h"
#include "lib/unicode.h"
#include "resolver/version_key.h"

#include <string.h>

enum { MAX_TEXT = 4095 };

enum {
	IS_PRE = 1,
	IS_POST = 2,
	IS_DEV = 4,
	HAS_LOCAL = 8,
};

/* The key orders versions by memcmp. A number below 240 is one byte; others are their count of
 * decimal digits (two bytes from 0xf000 on) and the digits. Parts, in order:
 *   epoch; for each component of the release without trailing zeros 01 number; 00;
 *   pre: 00 (only dev), 01/02/03 number (a, b, rc), 04 (none);
 *   post: 00 (none), 01 number; dev: 00 number, 01 (none);
 *   local: 00 (none), or 01, for each segment 01 text 00 or 02 number, then 00. */
struct Version {
	uint32_t size;				/* of the block */
	uint16_t key_length, post_at, local_at; /* within the key */
	uint16_t text_length, release_count;	/* components as written */
	uint16_t base_length, public_length;	/* prefixes of the text */
	uint8_t flags, pad[3];
	uint8_t data[]; /* key, text, NUL */
};

/* --- parsing ------------------------------------------------------------------------------- */

struct span {
	const char *at;
	size_t length;
};

struct parsed {
	struct span epoch;
	const char *release; /* digits and dots */
	size_t release_length;
	int pre; /* 0, or 1, 2, 3 for a, b, rc */
	bool post, dev, local;
	struct span pre_number, post_number, dev_number, local_text;
};

struct reader {
	const char *at, *end;
};

static size_t
digits(const struct reader *r, const char *from)
{
	const char *p = from;
	while (p < r->end && g_ascii_isdigit(*p))
		p++;
	return (size_t)(p - from);
}

static bool
is_mark(const struct reader *r, const char *p)
{
	return p < r->end && (*p == '-' || *p == '_' || *p == '.');
}

/* A number without leading zeros; an empty one stands for 0. */
static struct span
number(const char *at, size_t length)
{
	while (length > 1 && *at == '0') {
		at++;
		length--;
	}
	return length ? (struct span){at, length} : (struct span){"0", 1};
}

/* `[._-]?WORD[._-]?DIGITS?` for one of the words (longest first); index + 1, or 0. */
static int
take_word(struct reader *r, const char *const *words, struct span *value)
{
	const char *p = r->at + (is_mark(r, r->at) ? 1 : 0);
	for (int i = 0; words[i]; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(r->end - p) < length || g_ascii_strncasecmp(p, words[i], length) != 0)
			continue;
		p += length;
		const char *after = p + (is_mark(r, p) ? 1 : 0);
		size_t count = digits(r, after);
		/* `1.0a-` has no number: its mark still belongs to the word. */
		*value = number(after, count);
		r->at = after + count;
		return i + 1;
	}
	return 0;
}

static bool
take_release(struct reader *r, struct parsed *out)
{
	size_t count = digits(r, r->at);
	if (count == 0)
		return false;
	out->epoch = number("", 0);
	if (r->at + count < r->end && r->at[count] == '!') {
		out->epoch = number(r->at, count);
		r->at += count + 1;
		count = digits(r, r->at);
		if (count == 0)
			return false;
	}
	out->release = r->at;
	r->at += count;
	while (r->at < r->end && *r->at == '.' && (count = digits(r, r->at + 1)) > 0)
		r->at += count + 1;
	out->release_length = (size_t)(r->at - out->release);
	return true;
}

static void
take_suffixes(struct reader *r, struct parsed *out)
{
	static const char *const pre_words[] = {
		"alpha", "a", "beta", "b", "preview", "pre", "c", "rc", NULL};
	static const int pre_kinds[] = {0, 1, 1, 2, 2, 3, 3, 3, 3};
	static const char *const post_words[] = {"post", "rev", "r", NULL};
	static const char *const dev_words[] = {"dev", NULL};
	out->pre = pre_kinds[take_word(r, pre_words, &out->pre_number)];
	size_t count;
	if (r->at < r->end && *r->at == '-' && (count = digits(r, r->at + 1)) > 0) {
		out->post = true;
		out->post_number = number(r->at + 1, count);
		r->at += count + 1;
	} else {
		out->post = take_word(r, post_words, &out->post_number) > 0;
	}
	out->dev = take_word(r, dev_words, &out->dev_number) > 0;
}

/* `+` and alphanumeric segments with one mark between them. */
static bool
take_local(struct reader *r, struct parsed *out)
{
	if (r->at == r->end || *r->at != '+')
		return true;
	const char *start = ++r->at;
	bool wants_segment = true;
	for (; r->at < r->end; r->at++) {
		if (g_ascii_isalnum(*r->at))
			wants_segment = false;
		else if (is_mark(r, r->at) && !wants_segment)
			wants_segment = true;
		else
			return false;
	}
	out->local = true;
	out->local_text = (struct span){start, (size_t)(r->at - start)};
	return !wants_segment;
}

static bool
parse(const char *text, size_t length, struct parsed *out)
{
	unicode_strip(&text, &length);
	if (length == 0 || length > MAX_TEXT)
		return false;
	struct reader r = {text, text + length};
	if (*r.at == 'v' || *r.at == 'V')
		r.at++;
	*out = (struct parsed){0};
	if (!take_release(&r, out))
		return false;
	if (r.at < r.end)
		take_suffixes(&r, out);
	return take_local(&r, out) && r.at == r.end;
}

size_t
version_scan(const char *text, size_t length, bool suffixes, bool local, unsigned *components)
{
	struct reader r = {text, text + length};
	struct parsed p = {0};
	if (length > 0 && (*r.at == 'v' || *r.at == 'V'))
		r.at++;
	if (!take_release(&r, &p))
		return 0;
	*components = 1;
	for (size_t i = 0; i < p.release_length; i++)
		*components += p.release[i] == '.';
	if (suffixes)
		take_suffixes(&r, &p);
	if (local && r.at < r.end && *r.at == '+') {
		const char *at = r.at + 1;
		while (at < r.end && g_ascii_isalnum(*at)) {
			while (at < r.end && g_ascii_isalnum(*at))
				at++;
			r.at = at;
			at += is_mark(&r, at) ? 1 : 0;
		}
	}
	return (size_t)(r.at - text);
}

/* --- building ------------------------------------------------------------------------------ */

static uint8_t *
put_number(uint8_t *key, struct span value)
{
	if (value.length <= 3) {
		unsigned n = 0;
		for (size_t i = 0; i < value.length; i++)
			n = n * 10 + (unsigned)(value.at[i] - '0');
		if (n < 240) {
			*key++ = (uint8_t)n;
			return key;
		}
	}
	*key++ = (uint8_t)(240 + (value.length >> 8));
	*key++ = (uint8_t)(value.length & 255);
	memcpy(key, value.at, value.length);
	return key + value.length;
}

static char *
put_text(char *text, struct span value)
{
	if (value.length)
		memcpy(text, value.at, value.length);
	return text + value.length;
}

static char *
put_word(char *text, const char *word, struct span value)
{
	size_t length = strlen(word);
	memcpy(text, word, length);
	return put_text(text + length, value);
}

/* Writes key and text of the release; returns the key's end. Trailing zeros stay out of the key. */
static uint8_t *
put_release(struct Version *v, const struct parsed *p, uint8_t *key, char **text)
{
	const char *at = p->release, *end = p->release + p->release_length;
	uint8_t *kept = key;
	v->release_count = 0;
	for (;;) {
		size_t count = 0;
		while (at + count < end && at[count] != '.')
			count++;
		struct span value = number(at, count);
		if (v->release_count++)
			*(*text)++ = '.';
		*text = put_text(*text, value);
		*key++ = 1;
		key = put_number(key, value);
		if (value.length != 1 || value.at[0] != '0')
			kept = key;
		at += count + 1;
		if (at > end)
			break;
	}
	*kept++ = 0;
	return kept;
}

static uint8_t *
put_local(const struct parsed *p, uint8_t *key, char **text)
{
	*key++ = 1;
	*(*text)++ = '+';
	const char *at = p->local_text.at, *end = at + p->local_text.length;
	for (bool first = true; at < end; first = false) {
		size_t count = 0;
		bool numeric = true;
		for (; at + count < end && g_ascii_isalnum(at[count]); count++)
			numeric = numeric && g_ascii_isdigit(at[count]);
		if (!first)
			*(*text)++ = '.';
		if (numeric) {
			struct span value = number(at, count);
			*text = put_text(*text, value);
			*key++ = 2;
			key = put_number(key, value);
		} else {
			*key++ = 1;
			for (size_t i = 0; i < count; i++) {
				*key++ = (uint8_t)g_ascii_tolower(at[i]);
				*(*text)++ = g_ascii_tolower(at[i]);
			}
			*key++ = 0;
		}
		at += count + 1;
	}
	*key++ = 0;
	return key;
}

static uint8_t *
put_suffixes(struct Version *v, const struct parsed *p, uint8_t *start, uint8_t *key, char **text)
{
	static const char *const pre_texts[] = {"", "a", "b", "rc"};
	if (p->pre) {
		*key++ = (uint8_t)p->pre;
		key = put_number(key, p->pre_number);
		*text = put_word(*text, pre_texts[p->pre], p->pre_number);
	} else {
		*key++ = p->dev && !p->post ? 0 : 4;
	}
	v->post_at = (uint16_t)(key - start);
	*key++ = p->post;
	if (p->post) {
		key = put_number(key, p->post_number);
		*text = put_word(*text, ".post", p->post_number);
	}
	*key++ = !p->dev;
	if (p->dev) {
		key = put_number(key, p->dev_number);
		*text = put_word(*text, ".dev", p->dev_number);
	}
	return key;
}

static Version *
build(const struct parsed *p, size_t length)
{
	/* A component of one digit takes two bytes of key and two of text; a local letter three. */
	size_t room = 4 * length + 64;
	struct Version *v = g_malloc0(sizeof *v + 2 * room);
	uint8_t *start = v->data;
	g_autofree char *buffer = g_malloc(room);
	char *text = buffer;
	uint8_t *key = put_number(start, p->epoch);
	if (p->epoch.length > 1 || p->epoch.at[0] != '0') {
		text = put_text(text, p->epoch);
		*text++ = '!';
	}
	key = put_release(v, p, key, &text);
	v->base_length = (uint16_t)(text - buffer);
	key = put_suffixes(v, p, start, key, &text);
	v->local_at = (uint16_t)(key - start);
	v->public_length = (uint16_t)(text - buffer);
	if (p->local)
		key = put_local(p, key, &text);
	else
		*key++ = 0;
	v->key_length = (uint16_t)(key - start);
	v->text_length = (uint16_t)(text - buffer);
	v->flags = (uint8_t)((p->pre || p->dev ? IS_PRE : 0) | (p->post ? IS_POST : 0) |
			     (p->dev ? IS_DEV : 0) | (p->local ? HAS_LOCAL : 0));
	memcpy(key, buffer, v->text_length);
	key[v->text_length] = '\0';
	size_t size = sizeof *v + v->key_length + v->text_length + 1;
	v->size = (uint32_t)((size + 3) & ~(size_t)3);
	memset(v->data + v->key_length + v->text_length, 0,
		v->size - sizeof *v - v->key_length - v->text_length);
	return g_realloc(v, v->size);
}

Version *
version_parse(const char *text, size_t length, GError **error)
{
	struct parsed parsed;
	if (parse(text, length, &parsed))
		return build(&parsed, length);
	error_set(
		error, ERROR_INVALID_INPUT, "Invalid version: '%.*s'", (int)MIN(length, 200), text);
	return NULL;
}

Version *
version_parse_string(const char *text)
{
	struct parsed parsed;
	size_t length = strlen(text);
	return parse(text, length, &parsed) ? build(&parsed, length) : NULL;
}

Version *
version_copy(const Version *version)
{
	return g_memdup2(version, version->size);
}

void
version_free(Version *version)
{
	g_free(version);
}

size_t
version_size(const Version *version)
{
	return version->size;
}

const Version *
version_from_block(const void *bytes, size_t available)
{
	const struct Version *v = bytes;
	if ((uintptr_t)bytes % 4 != 0 || available < sizeof *v || v->size > available ||
		v->size % 4 != 0)
		return NULL;
	size_t need = sizeof *v + v->key_length + v->text_length + 1;
	if (need > v->size || v->post_at >= v->local_at || v->local_at >= v->key_length ||
		v->base_length > v->public_length || v->public_length > v->text_length ||
		v->data[v->key_length - 1] != 0 || v->release_count == 0)
		return NULL;
	const char *text = (const char *)v->data + v->key_length;
	return strnlen(text, v->text_length + 1u) == v->text_length ? v : NULL;
}

/* --- use ----------------------------------------------------------------------------------- */

int
version_compare(const Version *a, const Version *b)
{
	int order = memcmp(a->data, b->data, MIN(a->key_length, b->key_length));
	return order ? order : (int)a->key_length - (int)b->key_length;
}

int
version_compare_public(const Version *a, const Version *b)
{
	int order = memcmp(a->data, b->data, MIN(a->local_at, b->local_at));
	return order ? order : (int)a->local_at - (int)b->local_at;
}

bool
version_same_through_pre(const Version *a, const Version *b)
{
	return a->post_at == b->post_at && memcmp(a->data, b->data, a->post_at) == 0;
}

/* Bytes of the number at key. */
static size_t
number_size(const uint8_t *key)
{
	return *key < 240 ? 1 : 2 + (((size_t)(*key - 240) << 8) | key[1]);
}

bool
version_has_prefix(const Version *version, const Version *prefix, unsigned components)
{
	const uint8_t *a = version->data, *b = prefix->data;
	size_t epoch = number_size(a);
	if (epoch != number_size(b) || memcmp(a, b, epoch) != 0)
		return false;
	a += epoch;
	b += epoch;
	for (; components > 0; components--) {
		/* A stripped zero and the release's end look alike: both are absent. */
		size_t left = *a == 1 ? number_size(a + 1) : 0;
		size_t right = *b == 1 ? number_size(b + 1) : 0;
		bool left_zero = left == 0 || (left == 1 && a[1] == 0);
		bool right_zero = right == 0 || (right == 1 && b[1] == 0);
		if (left_zero != right_zero)
			return false;
		if (!left_zero && (left != right || memcmp(a + 1, b + 1, left) != 0))
			return false;
		a += left ? left + 1 : 0;
		b += right ? right + 1 : 0;
	}
	return true;
}

bool
version_less_than_dev0(const Version *a, const Version *b)
{
	/* b.dev0 differs from b, which has no dev, in the last byte before the local part: 01
	 * there, 00 00 for dev0. For b without pre and post the byte of pre is 00 as well. */
	bool bare = !(b->flags & (IS_POST | IS_PRE));
	size_t same = bare ? b->post_at - 1u : b->local_at - 1u;
	static const uint8_t tail_bare[] = {0, 0, 0, 0, 0}, tail_suffixed[] = {0, 0, 0};
	const uint8_t *tail = bare ? tail_bare : tail_suffixed;
	size_t tail_length = bare ? sizeof tail_bare : sizeof tail_suffixed;
	int order = memcmp(a->data, b->data, MIN(a->key_length, same));
	if (order || a->key_length <= same)
		return order ? order < 0 : true;
	return memcmp(a->data + same, tail, MIN(a->key_length - same, tail_length)) < 0;
}

unsigned
version_release_count(const Version *version)
{
	return version->release_count;
}

bool
version_has_local(const Version *version)
{
	return (version->flags & HAS_LOCAL) != 0;
}

const char *
version_text(const Version *version)
{
	return (const char *)version->data + version->key_length;
}

bool
version_is_prerelease(const Version *version)
{
	return (version->flags & IS_PRE) != 0;
}

bool
version_is_postrelease(const Version *version)
{
	return (version->flags & IS_POST) != 0;
}

bool
version_is_devrelease(const Version *version)
{
	return (version->flags & IS_DEV) != 0;
}

char *
version_public(const Version *version)
{
	return g_strndup(version_text(version), version->public_length);
}

char *
version_base(const Version *version)
{
	return g_strndup(version_text(version), version->base_length);
}

char *
version_canonical(const Version *version)
{
	const char *text = version_text(version);
	size_t end = version->base_length;
	while (end >= 2 && text[end - 1] == '0' && text[end - 2] == '.')
		end -= 2;
	GString *out = g_string_new_len(text, (gssize)end);
	g_string_append(out, text + version->base_length);
	return g_string_free(out, FALSE);
}

char *
version_local(const Version *version)
{
	return version_has_local(version)
		       ? g_strdup(version_text(version) + version->public_length + 1)
		       : NULL;
}

char *
version_epoch(const Version *version)
{
	const char *text = version_text(version), *mark = strchr(text, '!');
	return mark ? g_strndup(text, (gsize)(mark - text)) : g_strdup("0");
}
