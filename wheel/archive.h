/* SPDX-License-Identifier: MIT */
/* A wheel's zip archive: validated strictly before a byte of it is used, then read by members. */
#pragma once
#include "wheel/manifest.h"

/* Where the bytes are: all in memory, or (bytes NULL) in a file that nobody else can write to. The
 * digest that was checked is of these very bytes. */
struct archive_source {
	const uint8_t *bytes;
	int fd;
	int64_t length;
};

struct archive_member { /* a file; folders are not kept */
	char *path;	/* relative, safe (fs_is_safe_relative) */
	int64_t size, compressed;
	int64_t data; /* offset of its compressed bytes */
	uint32_t crc;
	uint16_t method; /* ZIP_STORED or ZIP_DEFLATED */
	bool executable; /* a regular file with some x bit */
};

/* Immutable once open: any thread may read. */
typedef struct Archive Archive;

/* Checks the structure (directory, local headers and end record agree, entries touch each other
 * without gap or overlap), the names, and that this is the wheel `filename` (dist-info, WHEEL,
 * METADATA, RECORD, .data schemes). `source` is copied, its bytes are borrowed. Oddities that
 * installers let pass are added to `warnings` (of char *). ERROR_INVALID_INPUT, ERROR_INTEGRITY:
 * messages name the entry, not the file. */
Archive *archive_open(const struct archive_source *source, const char *filename,
	GPtrArray *warnings, GError **error);
void archive_free(Archive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_free)

size_t archive_count(const Archive *archive);
const struct archive_member *archive_get(
	const Archive *archive, size_t index); /* sorted by path, bytewise */
bool archive_find(const Archive *archive, const char *path, size_t *index);
/* Every folder that holds something, parents first. */
size_t archive_folder_count(const Archive *archive);
const char *archive_folder(const Archive *archive, size_t index);
const char *archive_dist_info(const Archive *archive); /* "six-1.16.0.dist-info" */
int64_t archive_total(const Archive *archive);	       /* bytes of all members, uncompressed */

/* One thread's means of reading members. */
typedef struct ArchiveReader ArchiveReader;
ArchiveReader *archive_reader_new(const Archive *archive);
const Archive *archive_reader_archive(const ArchiveReader *reader);
void archive_reader_free(ArchiveReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveReader, archive_reader_free)
/* Hands over the member's contents, checked against its CRC: at once if they are small (at most 64
 * MiB), else piece by piece, the check coming last. `take` returns false to stop. Errors name the
 * member. */
typedef bool (*archive_take_fn)(void *user, const void *bytes, size_t length, GError **error);
bool archive_read(
	ArchiveReader *reader, size_t index, archive_take_fn take, void *user, GError **error);
/* The whole of a member of at most `limit` bytes, NUL-terminated; new block. */
char *archive_text(
	ArchiveReader *reader, size_t index, size_t limit, size_t *length, GError **error);

/* What RECORD promises of the members. */
typedef struct ArchiveRecord ArchiveRecord;
/* Reads RECORD and matches its rows. Files without a row, other sizes and rows that contradict each
 * other are ERROR_INTEGRITY if `strict`, else warnings; rows without a file are warnings. */
ArchiveRecord *archive_record_new(
	ArchiveReader *reader, bool strict, GPtrArray *warnings, GError **error);
void archive_record_free(ArchiveRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveRecord, archive_record_free)
/* true if `strict` would have let it pass. */
bool archive_record_is_clean(const ArchiveRecord *record);
/* Compares a member's digest with its row: ERROR_INTEGRITY if it differs. true also where there is
 * nothing to compare with. */
bool archive_record_check(
	const ArchiveRecord *record, size_t index, const struct digest *found, GError **error);
/* The algorithm of a row that is not SHA-256 (then its hex goes to archive_record_check_other), or
 * NULL. */
const char *archive_record_other(const ArchiveRecord *record, size_t index);
bool archive_record_check_other(
	const ArchiveRecord *record, size_t index, const char *hex, GError **error);

/* What a warning says that is about a RECORD that is out of step with the list of files, as
 * home-made wheels often have: of less weight than bytes that differ. */
#define ARCHIVE_OMISSION "RECORD does not list it"
#define ARCHIVE_GHOST "RECORD lists it but the wheel has no such file"
