/* SPDX-License-Identifier: MIT */
#include "tests/conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN = 20 };

char *
conformance_read(const char *folder, const char *name, size_t *length)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;
	gsize size = 0;
	if (!g_file_get_contents(path, &text, &size, NULL)) {
		printf("# %s: not there, skipped\n", name);
		return NULL;
	}
	*length = size;
	return text;
}

void
conformance_report(const struct file *file)
{
	printf("%s: %u passed, %u failed\n", file->name, file->passed, file->failed);
	fflush(stdout);
}

/* `\\`, `\t`, `\n`, `\r`, `\xHH`, in place; returns the new length. */
static size_t
unescape(char *text, size_t length)
{
	size_t out = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\\' || i + 1 == length) {
			text[out++] = text[i];
			continue;
		}
		char c = text[++i];
		if (c == 'x' && i + 2 < length + 0 && g_ascii_isxdigit(text[i + 1])) {
			text[out++] = (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
					     g_ascii_xdigit_value(text[i + 2]));
			i += 2;
		} else {
			text[out++] = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
	}
	text[out] = '\0';
	return out;
}

static void
check_row(char *line, size_t length, size_t columns, unsigned number, row_fn check, void *user,
	struct file *file)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	g_autoptr(GArray) lengths = g_array_new(FALSE, FALSE, sizeof(size_t));
	char *end = line + length;
	for (char *at = line;;) {
		char *tab = memchr(at, '\t', (size_t)(end - at));
		char *stop = tab ? tab : end;
		*stop = '\0';
		size_t size = unescape(at, (size_t)(stop - at));
		g_ptr_array_add(texts, at);
		g_array_append_val(lengths, size);
		if (!tab)
			break;
		at = tab + 1;
	}
	struct row row = {
		(char **)texts->pdata, (size_t *)(void *)lengths->data, texts->len, number};
	if (row.count >= columns && check(&row, user)) {
		file->passed++;
		return;
	}
	if (file->failed++ < MAX_SHOWN)
		printf("# %s:%u failed: %s\n", file->name, number, row.columns[0]);
}

void
conformance_tsv(const char *folder, const char *name, size_t columns, row_fn check, void *user)
{
	size_t length;
	g_autofree char *text = conformance_read(folder, name, &length);
	if (!text)
		return;
	struct file file = {.name = name};
	unsigned number = 0;
	for (char *at = text, *end = text + length; at < end;) {
		char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		if (number++ > 0)
			check_row(at, (size_t)(stop - at), columns, number, check, user, &file);
		at = stop + 1;
	}
	conformance_report(&file);
}

void
conformance_jsonl(const char *folder, const char *name, line_fn check, void *user)
{
	size_t length;
	g_autofree char *text = conformance_read(folder, name, &length);
	if (!text)
		return;
	struct file file = {.name = name};
	unsigned number = 0;
	for (char *at = text, *end = text + length; at < end;) {
		char *stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		number++;
		if (stop > at && check(at, (size_t)(stop - at), user))
			file.passed++;
		else if (stop > at && file.failed++ < MAX_SHOWN)
			printf("# %s:%u failed\n", name, number);
		at = stop + 1;
	}
	conformance_report(&file);
}

bool
conformance_same(const char *what, const char *expected, const char *got)
{
	if (g_strcmp0(expected, got) == 0)
		return true;
	printf("#   %s: expected <%s>, got <%s>\n", what, expected ? expected : "NULL",
		got ? got : "NULL");
	return false;
}
