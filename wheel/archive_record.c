/* SPDX-License-Identifier: MIT */
/* A wheel's RECORD against the archive's members: PEP 427 wants every file listed with a digest,
 * RECORD itself and its signatures aside. */
#include "lib/error.h"
#include "wheel/archive_private.h"

#include <string.h>

enum { MAX_RECORD = 64 << 20 };

/* What may be odd, and whether it is an error where RECORD has to be exact. A row without a file
 * never is: nothing is installed that nobody vouched for, and old wheels of good repute have such
 * rows. */
enum oddity { GHOST, UNLISTED, TWICE, SIZE, ODDITIES };
static const struct {
	const char *text;
	bool fatal;
} oddities[ODDITIES] = {
	[GHOST] = {ARCHIVE_GHOST, false},
	[UNLISTED] = {ARCHIVE_OMISSION, true},
	[TWICE] = {"RECORD lists it twice, differently", true},
	[SIZE] = {"its size differs from RECORD", true},
};

struct ArchiveRecord {
	const Archive *archive;
	Manifest *manifest;
	const struct manifest_row **rows; /* of each member, or NULL */
	unsigned counts[ODDITIES];
	const char *first[ODDITIES]; /* a path each */
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

static void
note(ArchiveRecord *record, enum oddity oddity, const char *path)
{
	if (record->counts[oddity]++ == 0)
		record->first[oddity] = path;
}

/* One line for each kind of oddity. */
static bool
report(const ArchiveRecord *record, bool strict, GPtrArray *warnings, GError **error)
{
	for (enum oddity i = 0; i < ODDITIES; i++) {
		unsigned more = record->counts[i] - 1;
		if (record->counts[i] == 0)
			continue;
		if (strict && oddities[i].fatal)
			return error_set(error, ERROR_INTEGRITY, "%s: %s", record->first[i],
				oddities[i].text);
		g_autofree char *rest =
			more ? g_strdup_printf(" (so it is with %u more)", more) : NULL;
		g_ptr_array_add(warnings, g_strdup_printf("%s: %s%s", record->first[i],
						  oddities[i].text, rest ? rest : ""));
	}
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

static void
match_row(ArchiveRecord *record, const struct manifest_row *row)
{
	size_t index;
	if (!find_member(record, row->path, &index)) {
		/* folders are of no account */
		if (!g_str_has_suffix(row->path, "/") && !is_exempt(record, row->path))
			note(record, GHOST, row->path);
		return;
	}
	const struct archive_member *member = archive_get(record->archive, index);
	if (is_exempt(record, member->path))
		return;
	const struct manifest_row *before = record->rows[index];
	if (before && (strcmp(before->digest, row->digest) != 0 || before->size != row->size))
		note(record, TWICE, member->path);
	record->rows[index] = row;
	if (row->size >= 0 && row->size != member->size)
		note(record, SIZE, member->path);
}

ArchiveRecord *
archive_record_new(ArchiveReader *reader, bool strict, GPtrArray *warnings, GError **error)
{
	g_autoptr(ArchiveRecord) record = g_new0(ArchiveRecord, 1);
	record->archive = archive_reader_archive(reader);
	record->rows = g_new0(const struct manifest_row *, record->archive->count);
	g_autofree char *path = g_strconcat(record->archive->dist_info, "/RECORD", NULL);
	size_t index, length;
	g_assert(archive_find(record->archive, path, &index)); /* archive_open saw to it */
	g_autofree char *text = archive_text(reader, index, MAX_RECORD, &length, error);
	record->manifest = text ? manifest_parse(text, length, error) : NULL;
	if (!record->manifest)
		return NULL;
	for (size_t i = 0; i < manifest_count(record->manifest); i++)
		match_row(record, manifest_get(record->manifest, i));
	for (size_t i = 0; i < record->archive->count; i++) {
		const char *member = record->archive->members[i].path;
		if (!record->rows[i] && !is_exempt(record, member))
			note(record, UNLISTED, member);
	}
	if (!report(record, strict, warnings, error))
		return NULL;
	return g_steal_pointer(&record);
}

bool
archive_record_is_clean(const ArchiveRecord *record)
{
	for (enum oddity i = 0; i < ODDITIES; i++)
		if (oddities[i].fatal && record->counts[i] > 0)
			return false;
	return true;
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
