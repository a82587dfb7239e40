/* SPDX-License-Identifier: MIT */
/* Reading conformance files and counting results. See ../shared/conformance/FORMAT.md. */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* One data row of a TSV file: unescaped columns, each NUL-terminated, lengths beside them. */
struct row {
	char **columns;
	size_t *lengths;
	size_t count;
	unsigned line;
};

struct file {
	const char *name;
	unsigned passed, failed;
};

/* Calls `check` for each row with at least `columns` columns; prints the file's line. A file that
 * is not there is skipped with a note. */
typedef bool (*row_fn)(const struct row *row, void *user);
void conformance_tsv(
	const char *folder, const char *name, size_t columns, row_fn check, void *user);
/* The same for each line of a JSONL file. */
typedef bool (*line_fn)(const char *text, size_t length, void *user);
void conformance_jsonl(const char *folder, const char *name, line_fn check, void *user);
/* Prints `NAME: N passed, N failed`. */
void conformance_report(const struct file *file);
/* The whole file, or NULL with a note when it is not there. */
char *conformance_read(const char *folder, const char *name, size_t *length);
/* true if the two texts are the same; otherwise shows both. */
bool conformance_same(const char *what, const char *expected, const char *got);
