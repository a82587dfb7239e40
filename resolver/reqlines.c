/* SPDX-License-Identifier: MIT */
#include "resolver/reqlines.h"

#include "lib/unicode.h"

#include <limits.h>
#include <string.h>

#define MAX_LINE (1 << 20)

/* --- decoding --- */

static const struct {
	const char *mark;
	size_t length;
	const char *encoding;
} marks[] = {
	/* UTF-32's little-endian mark begins with UTF-16's */
	{"\xef\xbb\xbf", 3, "UTF-8"},
	{"\xff\xfe\0\0", 4, "UTF-32LE"},
	{"\0\0\xfe\xff", 4, "UTF-32BE"},
	{"\xff\xfe", 2, "UTF-16LE"},
	{"\xfe\xff", 2, "UTF-16BE"},
};

/* `coding[:=]\s*([-\w.]+)` in a comment of the first two lines; new string or NULL. */
static char *
declared_encoding(const char *bytes, size_t length)
{
	for (int i = 0; i < 2 && length; i++) {
		const char *end = memchr(bytes, '\n', length);
		size_t size = end ? (size_t)(end - bytes) : length;
		g_autofree char *line = *bytes == '#' ? g_strndup(bytes, size) : g_strdup("");
		for (const char *at = line; (at = strstr(at, "coding"));) {
			at += strlen("coding");
			if (*at != ':' && *at != '=')
				continue;
			const char *name = at + 1 + strspn(at + 1, " \t\r\f\v");
			size_t count = 0;
			while (g_ascii_isalnum(name[count]) ||
				(name[count] && strchr("-_.", name[count])))
				count++;
			if (count)
				return g_strndup(name, count);
		}
		size_t step = size + (end != NULL);
		bytes += step;
		length -= step;
	}
	return NULL;
}

/* Python's names of the common codecs, spelled in any way, as iconv knows them. */
static const char *
iconv_name(const char *name)
{
	static const char *const aliases[][2] = {{"utf8", "UTF-8"}, {"utf8sig", "UTF-8"},
		{"u8", "UTF-8"}, {"latin1", "ISO-8859-1"}, {"latin", "ISO-8859-1"},
		{"l1", "ISO-8859-1"}, {"iso88591", "ISO-8859-1"}, {"ascii", "ASCII"},
		{"usascii", "ASCII"}, {"cp1252", "CP1252"}, {"windows1252", "CP1252"},
		{"sjis", "SHIFT_JIS"}, {"shiftjis", "SHIFT_JIS"}};
	g_autoptr(GString) plain = g_string_new(NULL);
	for (const char *at = name; *at; at++)
		if (g_ascii_isalnum(*at))
			g_string_append_c(plain, g_ascii_tolower(*at));
	for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
		if (strcmp(plain->str, aliases[i][0]) == 0)
			return aliases[i][1];
	return name;
}

static char *
convert(const char *bytes, size_t length, const char *encoding, const char *name, GError **error)
{
	g_autoptr(GError) why = NULL;
	gsize size = 0;
	g_autofree char *text = NULL;
	if (strcmp(iconv_name(encoding), "UTF-8") != 0) {
		text = g_convert(
			bytes, (gssize)length, "UTF-8", iconv_name(encoding), NULL, &size, &why);
	} else if (g_utf8_validate_len(bytes, length, NULL)) {
		text = g_strndup(bytes, length);
		size = length;
	}
	if (!text) {
		error_set(error, ERROR_INVALID_INPUT, "reading %s: it cannot be decoded as %s: %s",
			name, encoding,
			why ? why->message
			    : "name its encoding in a comment like `# -*- coding: NAME -*-`");
		return NULL;
	}
	if (strlen(text) != size) {
		error_set(error, ERROR_INVALID_INPUT, "reading %s: it contains a NUL character",
			name);
		return NULL;
	}
	return g_steal_pointer(&text);
}

char *
reqlines_decode(const char *bytes, size_t length, const char *name, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (length >= marks[i].length && memcmp(bytes, marks[i].mark, marks[i].length) == 0)
			return convert(bytes + marks[i].length, length - marks[i].length,
				marks[i].encoding, name, error);
	g_autofree char *declared = declared_encoding(bytes, length);
	return convert(bytes, length, declared ? declared : "UTF-8", name, error);
}

/* --- lines --- */

void
reqlines_line_free(void *data)
{
	struct reqlines_line *line = data;
	g_free(line->text);
	g_free(line);
}

/* Where str.splitlines() ends a line. */
static bool
is_line_end(gunichar rune)
{
	return (rune >= '\n' && rune <= '\r') || (rune >= 0x1c && rune <= 0x1e) || rune == 0x85 ||
	       rune == 0x2028 || rune == 0x2029;
}

static const char *
skip_space(const char *text)
{
	size_t length = strlen(text);
	unicode_strip(&text, &length);
	return text;
}

static void
strip(GString *line)
{
	const char *text = line->str;
	size_t length = line->len;
	unicode_strip(&text, &length);
	g_string_truncate(line, (gsize)(text - line->str) + length);
	g_string_erase(line, 0, text - line->str);
}

/* Cuts the line at a `#` that stands at its begin or after white space. */
static void
strip_comment(GString *line)
{
	bool after_space = true;
	for (size_t at = 0, step; at < line->len; at += step) {
		if (line->str[at] == '#' && after_space) {
			g_string_truncate(line, at);
			return;
		}
		step = unicode_space(line->str + at, line->len - at);
		after_space = step != 0;
		step = MAX(step, 1);
	}
}

/* `${NAME}` of upper-case letters, digits, `_` -> the variable, if it is set and not empty. Names
 * are those of the line as written; each is replaced wherever it then stands. */
static bool
expand_variables(GString *line)
{
	g_autofree char *written = g_strdup(line->str);
	for (const char *at = written; (at = strstr(at, "${"));) {
		at += 2;
		size_t length = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (!length || at[length] != '}')
			continue;
		g_autofree char *whole = g_strndup(at - 2, length + 3),
				*name = g_strndup(at, length);
		const char *value = g_getenv(name);
		at += length;
		if (!value || !*value || !g_utf8_validate(value, -1, NULL))
			continue;
		g_auto(GStrv) parts = g_strsplit(line->str, whole, 0);
		size_t count = g_strv_length(parts) - 1;
		if (line->len + count * strlen(value) > MAX_LINE)
			return false;
		g_autofree char *joined = g_strjoinv(value, parts);
		g_string_assign(line, joined);
	}
	return true;
}

struct splitter {
	GPtrArray *lines;
	GString *joined; /* continuation lines so far */
	int first;	 /* number of the first of them, 0 if there are none */
	const char *name;
};

static bool
finish_line(struct splitter *splitter, GString *line, int number, GError **error)
{
	strip_comment(line);
	strip(line);
	if (!line->len)
		return true;
	if (!expand_variables(line))
		return error_set(error, ERROR_INVALID_INPUT,
			"reading %s: line %d is longer than 1 MiB", splitter->name, number);
	struct reqlines_line *made = g_new0(struct reqlines_line, 1);
	made->text = g_strdup(line->str);
	made->number = number;
	g_ptr_array_add(splitter->lines, made);
	return true;
}

/* A backslash at the end joins a line with the next; a comment line ends the joining. pip strips
 * backslashes from both ends of a joined line. */
static bool
add_physical(struct splitter *splitter, const char *text, size_t length, int number, GError **error)
{
	g_autoptr(GString) line = g_string_new_len(text, (gssize)length);
	bool comment = *skip_space(line->str) == '#';
	if (length > MAX_LINE || splitter->joined->len > MAX_LINE)
		return error_set(error, ERROR_INVALID_INPUT,
			"reading %s: line %d is longer than 1 MiB", splitter->name, number);
	if (length && text[length - 1] == '\\' && !comment) {
		size_t start = strspn(line->str, "\\"), end = length;
		while (end > start && line->str[end - 1] == '\\')
			end--;
		if (!splitter->first)
			splitter->first = number;
		g_string_append_len(splitter->joined, line->str + start, (gssize)(end - start));
		return true;
	}
	if (!splitter->first)
		return finish_line(splitter, line, number, error);
	if (comment)
		g_string_append_c(splitter->joined, ' ');
	g_string_append_len(splitter->joined, line->str, (gssize)line->len);
	int first = splitter->first;
	splitter->first = 0;
	bool done = finish_line(splitter, splitter->joined, first, error);
	g_string_truncate(splitter->joined, 0);
	return done;
}

GPtrArray *
reqlines_split(const char *text, const char *name, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(reqlines_line_free);
	g_autoptr(GString) joined = g_string_new(NULL);
	struct splitter splitter = {.lines = lines, .joined = joined, .name = name};
	int number = 0;
	while (*text) {
		const char *end = text;
		while (*end && !is_line_end(g_utf8_get_char(end)))
			end = g_utf8_next_char(end);
		if (number == INT_MAX)
			break;
		if (!add_physical(&splitter, text, (size_t)(end - text), ++number, error))
			return NULL;
		bool pair = end[0] == '\r' && end[1] == '\n';
		text = *end ? g_utf8_next_char(end) + pair : end;
	}
	if (splitter.first && !finish_line(&splitter, joined, splitter.first, error))
		return NULL;
	return g_steal_pointer(&lines);
}

/* --- words --- */

/* One word by shlex's POSIX rules, from *at on; NULL at the end, or with *broken set for an open
 * quote or a lone backslash. */
static char *
next_word(const char **at, bool *broken)
{
	const char *in = *at + strspn(*at, " \t\r\n");
	if (!*in)
		return NULL;
	g_autoptr(GString) word = g_string_new(NULL);
	char quote = 0;
	for (; *in && (quote || !strchr(" \t\r\n", *in)); in++) {
		if (quote ? *in == quote : *in == '\'' || *in == '"') {
			quote = quote ? 0 : *in;
		} else if (*in == '\\' && quote != '\'') {
			bool escapes = !quote || in[1] == '\\' || in[1] == quote;
			if (!in[1]) {
				*broken = true;
				return NULL;
			}
			if (escapes)
				in++;
			g_string_append_c(word, *in);
		} else {
			g_string_append_c(word, *in);
		}
	}
	*broken = quote != 0;
	*at = in;
	return *broken ? NULL : g_string_free(g_steal_pointer(&word), FALSE);
}

bool
reqlines_break(const char *line, char **argument, char ***words, GError **error)
{
	const char *options = line;
	/* tokens are separated by single blanks only */
	while (*options && *options != '-') {
		const char *blank = strchr(options, ' ');
		options = blank ? blank + 1 : options + strlen(options);
	}
	const char *at = options;
	bool broken = false;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	for (char *word; (word = next_word(&at, &broken));)
		g_ptr_array_add(list, word);
	if (broken)
		return error_set(
			error, ERROR_INVALID_INPUT, "Could not split options: %s", options);
	g_ptr_array_add(list, NULL);
	*argument = g_strstrip(g_strndup(line, (gsize)(options - line)));
	*words = g_strdupv((char **)list->pdata);
	return true;
}
