/* SPDX-License-Identifier: MIT */
/* A wheel's RECORD against the archive's members: PEP 427 wants every file listed with a digest,
 * RECORD itself and its signatures aside. */
#include "lib/error.h"
#include "wheel/archive_private.h"

#include <string.h>

enum { MAX_RECORD = 64 << 20, MAX_WARNINGS = 20 };

struct ArchiveRecord {
	const Archive *archive;
	Manifest *manifest;
	const struct manifest_row **rows; /* of each member, or NULL */
	bool strict;
	unsigned warned;
};

void
archive_record_free(ArchiveRecord *record)
{
	if (!record)
		return;
	manifest_free(record->manifest);
	g_free(record->rows);
	g_free(record);
}

/* An oddity: an error if strict, else a warning, as long as they are few. */
static bool
object(ArchiveRecord *record, GPtrArray *warnings, const char *path, const char *what,
	GError **error)
{
	if (record->strict)
		return error_set(error, ERROR_INTEGRITY, "%s: %s", path, what);
	if (record->warned++ < MAX_WARNINGS)
		g_ptr_array_add(warnings, g_strdup_printf("%s: %s", path, what));
	return true;
}

static bool
is_exempt(const ArchiveRecord *record, const char *path)
{
	size_t length = strlen(record->archive->dist_info);
	if (strncmp(path, record->archive->dist_info, length) != 0 || path[length] != '/')
		return false;
	const char *file = path + length + 1;
	return strcmp(file, "RECORD") == 0 || strcmp(file, "RECORD.jws") == 0 ||
	       strcmp(file, "RECORD.p7s") == 0;
}

/* Some old wheels made on Windows have backslashes in RECORD. */
static bool
find_member(const ArchiveRecord *record, const char *path, size_t *index)
{
	if (archive_find(record->archive, path, index))
		return true;
	if (!strchr(path, '\\'))
		return false;
	g_autofree char *slashed = g_strdelimit(g_strdup(path), "\\", '/');
	return archive_find(record->archive, slashed, index);
}

static bool
match_row(
	ArchiveRecord *record, const struct manifest_row *row, GPtrArray *warnings, GError **error)
{
	size_t index;
	if (!find_member(record, row->path, &index)) {
		size_t length = strlen(row->path);
		if (row->path[length - 1] == '/' || is_exempt(record, row->path))
			return true; /* folders are of no account */
		return object(record, warnings, row->path,
			"RECORD lists it but the wheel has no such file", error);
	}
	const struct archive_member *member = archive_get(record->archive, index);
	if (is_exempt(record, member->path))
		return true;
	const struct manifest_row *before = record->rows[index];
	if (before && (strcmp(before->digest, row->digest) != 0 || before->size != row->size))
		return object(record, warnings, member->path, "RECORD lists it twice, differently",
			error);
	record->rows[index] = row;
	if (row->size >= 0 && row->size != member->size)
		return object(
			record, warnings, member->path, "its size differs from RECORD", error);
	return true;
}

ArchiveRecord *
archive_record_new(ArchiveReader *reader, bool strict, GPtrArray *warnings, GError **error)
{
	g_autoptr(ArchiveRecord) record = g_new0(ArchiveRecord, 1);
	record->archive = archive_reader_archive(reader);
	record->strict = strict;
	record->rows = g_new0(const struct manifest_row *, record->archive->count);
	g_autofree char *path = g_strconcat(record->archive->dist_info, "/RECORD", NULL);
	size_t index, length;
	g_assert(archive_find(record->archive, path, &index)); /* archive_open saw to it */
	g_autofree char *text = archive_text(reader, index, MAX_RECORD, &length, error);
	record->manifest = text ? manifest_parse(text, length, error) : NULL;
	if (!record->manifest)
		return NULL;
	for (size_t i = 0; i < manifest_count(record->manifest); i++)
		if (!match_row(record, manifest_get(record->manifest, i), warnings, error))
			return NULL;
	for (size_t i = 0; i < record->archive->count; i++) {
		const char *member = record->archive->members[i].path;
		if (!record->rows[i] && !is_exempt(record, member) &&
			!object(record, warnings, member, ARCHIVE_OMISSION, error))
			return NULL;
	}
	return g_steal_pointer(&record);
}

static bool
differs(const ArchiveRecord *record, size_t index, GError **error)
{
	return error_set(error, ERROR_INTEGRITY, "entry %s: its digest differs from RECORD",
		record->archive->members[index].path);
}

bool
archive_record_check(
	const ArchiveRecord *record, size_t index, const struct digest *found, GError **error)
{
	const struct manifest_row *row = record->rows[index];
	struct digest written;
	if (!row || !*row->algorithm || archive_record_other(record, index))
		return true;
	return (manifest_row_sha256(row, &written) && digest_equal(&written, found)) ||
	       differs(record, index, error);
}

const char *
archive_record_other(const ArchiveRecord *record, size_t index)
{
	const struct manifest_row *row = record->rows[index];
	return row && *row->algorithm && g_ascii_strcasecmp(row->algorithm, "sha256") != 0
		       ? row->algorithm
		       : NULL;
}

bool
archive_record_check_other(
	const ArchiveRecord *record, size_t index, const char *hex, GError **error)
{
	return manifest_row_matches_hex(record->rows[index], hex) || differs(record, index, error);
}
