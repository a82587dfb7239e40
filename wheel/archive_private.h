/* SPDX-License-Identifier: MIT */
/* Between archive*.c: the parsed archive. */
#pragma once
#include "wheel/archive.h"

struct Archive {
	struct archive_source source;
	struct archive_member *members; /* sorted by path */
	size_t count, folders_start;
	GPtrArray *folders; /* of char *, sorted */
	char *dist_info;
	int64_t total;
};

/* archive_zip.c: fills members (files only, unsorted, names checked) from the zip structures. */
bool archive_zip_parse(Archive *archive, GError **error);
/* `length` bytes at `offset`: a pointer into memory, or read into *scratch (grown as needed). */
typedef struct archive_scratch {
	uint8_t *bytes;
	size_t room;
} ArchiveScratch;
void archive_scratch_clear(ArchiveScratch *scratch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ArchiveScratch, archive_scratch_clear)
const uint8_t *archive_bytes_at(const struct archive_source *source, int64_t offset, size_t length,
	ArchiveScratch *scratch, GError **error);

/* archive_layout.c: this is the wheel that its file name says. */
bool archive_layout_check(
	Archive *archive, const char *filename, GPtrArray *warnings, GError **error);
