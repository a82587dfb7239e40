/* SPDX-License-Identifier: MIT */
/* Wheels: whatever the validator lets pass has safe names and can be read member by member. */
#include "lib/fs.h"
#include "wheel/archive.h"

#include <stdint.h>
#include <string.h>

enum { MAX_READ = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
count(void *user, const void *bytes, size_t length, GError **error)
{
	(void)bytes;
	(void)error;
	*(int64_t *)user += (int64_t)length;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	struct archive_source source = {data, -1, (int64_t)size};
	g_autoptr(Archive) archive =
		archive_open(&source, "hostile-1.0-py3-none-any.whl", warnings, &error);
	g_assert(!archive == !!error);
	if (!archive)
		return 0;
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	g_autoptr(ArchiveRecord) record = archive_record_new(reader, false, warnings, &error);
	g_assert(!record == !!error);
	for (size_t i = 0; i < archive_count(archive); i++) {
		const struct archive_member *member = archive_get(archive, i);
		int64_t got = 0;
		g_assert(fs_is_safe_relative(member->path));
		g_assert(i == 0 || strcmp(archive_get(archive, i - 1)->path, member->path) < 0);
		g_assert(!record || !archive_record_other(record, i) ||
			 *archive_record_other(record, i));
		if (member->size <= MAX_READ && archive_read(reader, i, count, &got, NULL))
			g_assert(got == member->size);
	}
	return 0;
}
