/* SPDX-License-Identifier: MIT */
/* Every rule of the archive validator, each with an archive that breaks just that one. */
#include "lib/error.h"
#include "tests/unit/zip_maker.h"
#include "wheel/archive.h"

#include <stdio.h>

static const uint8_t zip64_ok[] = {1, 0, 16, 0, 64, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t zip64_odd[] = {1, 0, 5, 0, 1, 2, 3, 4, 5};
static const uint8_t zip64_twice[] = {1, 0, 0, 0, 1, 0, 0, 0};
static const uint8_t overlong[] = {9, 9, 200, 0, 1};
static const uint8_t junk[] = {1, 2, 3};
static const uint8_t padding[] = {0, 0, 0};
static const uint8_t two_names[] = {0x75, 0x70, 24, 0, 1, 0, 0, 0, 0, 'h', 'o', 's', 't', 'i', 'l',
	'e', '/', '_', '_', 'e', 'v', 'i', 'l', '_', '_', '.', 'p', 'y'};
static const uint8_t same_name[] = {0x75, 0x70, 24, 0, 1, 0, 0, 0, 0, 'h', 'o', 's', 't', 'i', 'l',
	'e', '/', '_', '_', 'i', 'n', 'i', 't', '_', '_', '.', 'p', 'y'};
static const uint8_t path_twice[] = {0x75, 0x70, 24, 0, 1, 0, 0, 0, 0, 'h', 'o', 's', 't', 'i', 'l',
	'e', '/', '_', '_', 'i', 'n', 'i', 't', '_', '_', '.', 'p', 'y', 0x75, 0x70, 24, 0, 1, 0, 0,
	0, 0, 'h', 'o', 's', 't', 'i', 'l', 'e', '/', '_', '_', 'i', 'n', 'i', 't', '_', '_', '.',
	'p', 'y'};
static char long_name[300];

static void
rename_entry(struct maker *m, const char *name, size_t length)
{
	m->entries[0].name = name;
	m->entries[0].name_length = length;
}

static void
extra(struct maker *m, const uint8_t *bytes, size_t length)
{
	m->entries[0].extra = bytes;
	m->entries[0].extra_length = (uint16_t)length;
}

static void
local_extra(struct maker *m, const uint8_t *bytes, size_t length)
{
	m->entries[0].local_extra = bytes;
	m->entries[0].local_extra_length = (uint16_t)length;
}

static void
set_both(struct maker *m, size_t local, size_t entry, uint64_t value, unsigned size)
{
	maker_set(m, m->local[0] + local, value, size);
	maker_set(m, m->entry[0] + entry, value, size);
}

/* A comment after the last entry of the directory. */
static void
comment_entry(struct maker *m)
{
	maker_set(m, m->entry[m->count - 1] + 32, 3, 2);
	maker_insert(m, m->end, "why", 3);
	m->end += 3;
	maker_set(m, m->end + 12, m->end - m->directory, 4);
}

/* A second end record, in the comment of the first one. */
static void
two_ends(struct maker *m)
{
	g_autofree uint8_t *copy = g_memdup2(m->bytes->data + m->end, ZIP_END_SIZE);
	maker_set(m, m->end + 20, ZIP_END_SIZE + 1, 2);
	g_byte_array_append(m->bytes, copy, ZIP_END_SIZE);
	g_byte_array_append(m->bytes, (const guint8 *)"", 1);
}

/* The first entry's local part stays, the directory forgets it. */
static void
hide_first(struct maker *m)
{
	size_t gone = m->entry[1] - m->entry[0];
	g_byte_array_remove_range(m->bytes, (guint)m->entry[0], (guint)gone);
	m->end -= gone;
	maker_set(m, m->end + 8, 3, 2);
	maker_set(m, m->end + 10, 3, 2);
	maker_set(m, m->end + 12, m->end - m->directory, 4);
}

static void
prepend(struct maker *m)
{
	maker_insert(m, 0, "junk", 4);
	for (size_t i = 0; i < m->count; i++)
		maker_set(m, m->entry[i] + 4 + 42, m->local[i] + 4, 4);
	maker_set(m, m->end + 4 + 16, m->directory + 4, 4);
}

static void
descriptor(struct maker *m, unsigned length)
{
	m->entries[0].descriptor = length;
}

static void
add(struct maker *m, const char *name, const char *text)
{
	maker_add(m, name, text);
}

/* name, before the archive is made, after it, what the error says (NULL: it is accepted) */
#define CASES(X)                                                                                   \
	X(plain, , , NULL)                                                                         \
	X(folders, add(m, "hostile/", ""), , NULL)                                                 \
	X(descriptor_12, descriptor(m, 12), , NULL)                                                \
	X(descriptor_16, descriptor(m, 16), , NULL)                                                \
	X(descriptor_20, descriptor(m, 20), , NULL)                                                \
	X(descriptor_24, descriptor(m, 24), , NULL)                                                \
	X(descriptor_lies, descriptor(m, 16), maker_set(m, m->local[1] - 4, 1, 4), "descriptor")   \
	X(descriptor_without_flag, descriptor(m, 16), set_both(m, 6, 8, 0, 2), "differs")          \
	X(zip64_end, , maker_zip64_end(m), NULL)                                                   \
	X(zip64_end_only, ,                                                                        \
		(maker_zip64_end(m), maker_set(m, m->end + 8, UINT32_MAX, 4),                      \
			maker_set(m, m->end + 12, UINT64_MAX, 8)),                                 \
		NULL)                                                                              \
	X(zip64_end_differs, ,                                                                     \
		(maker_zip64_end(m), maker_set(m, m->end - 76 + 32, 3, 8),                         \
			maker_set(m, m->end - 76 + 24, 3, 8)),                                     \
		"two end records differ")                                                          \
	X(zip64_end_size, , (maker_zip64_end(m), maker_set(m, m->end - 76 + 4, 45, 8)),            \
		"ZIP64 end record")                                                                \
	X(zip64_locator, , (maker_zip64_end(m), maker_set(m, m->end - 20 + 8, 1, 8)),              \
		"ZIP64 end record")                                                                \
	X(zip64_disks, , (maker_zip64_end(m), maker_set(m, m->end - 20 + 16, 2, 4)),               \
		"ZIP64 end record")                                                                \
	X(zip64_missing, , maker_set(m, m->entry[0] + 24, UINT32_MAX, 4),                          \
		"ZIP64 field is missing")                                                          \
	X(zip64_odd, extra(m, zip64_odd, sizeof zip64_odd), , "ZIP64")                             \
	X(zip64_twice, extra(m, zip64_twice, sizeof zip64_twice), , "ZIP64")                       \
	X(zip64_unneeded, local_extra(m, zip64_ok, sizeof zip64_ok), , "ZIP64")                    \
	X(extra_overlong, extra(m, overlong, sizeof overlong), , "extra field")                    \
	X(extra_junk, local_extra(m, junk, sizeof junk), , "extra field")                          \
	X(extra_padding, local_extra(m, padding, sizeof padding), , NULL)                          \
	X(unicode_path, extra(m, two_names, sizeof two_names), , "two names")                      \
	X(unicode_path_local, local_extra(m, two_names, sizeof two_names), , "two names")          \
	X(unicode_path_twice, local_extra(m, path_twice, sizeof path_twice), , "two names")        \
	X(comment, ,                                                                               \
		(maker_set(m, m->end + 20, 5, 2),                                                  \
			g_byte_array_append(m->bytes, (const guint8 *)"hello", 5)),                \
		NULL)                                                                              \
	X(entry_comment, , comment_entry(m), NULL)                                                 \
	X(case_only, add(m, "hostile/__INIT__.py", ""), , NULL)                                    \
	X(unicode_path_same, extra(m, same_name, sizeof same_name), , NULL)                        \
	X(local_name, , m->bytes->data[m->local[0] + 30] = 'X', "another name")                    \
	X(local_size, , maker_set(m, m->local[0] + 22, 1, 4), "differs from the directory")        \
	X(local_packed_size, , maker_set(m, m->local[0] + 18, 1, 4), "differs")                    \
	X(local_crc, , maker_set(m, m->local[0] + 14, 1, 4), "differs")                            \
	X(local_method, , maker_set(m, m->local[0] + 8, 0, 2), "differs")                          \
	X(local_mark, , maker_set(m, m->local[0], 0, 4), "no local header")                        \
	X(hidden, , hide_first(m), "bytes stand before")                                           \
	X(hidden_middle, , maker_set(m, m->local[1], 0, 4), "no local header")                     \
	X(gap, ,                                                                                   \
		(maker_insert(m, m->directory, "gap", 3),                                          \
			maker_set(m, m->end + 3 + 16, m->directory + 3, 4)),                       \
		"belong to no entry")                                                              \
	X(overlap, , maker_set(m, m->entry[1] + 42, m->local[0], 4), "overlaps")                   \
	X(overlap_data, , set_both(m, 18, 20, 4000, 4), "overlaps")                                \
	X(offset_beyond, , maker_set(m, m->entry[1] + 42, 0xffff00, 4), "no entry")                \
	X(prepended, , prepend(m), "bytes stand before")                                           \
	X(trailing, , g_byte_array_append(m->bytes, (const guint8 *)"x", 1), "other bytes")        \
	X(two_ends, , two_ends(m), "other bytes")                                                  \
	X(cut, , g_byte_array_set_size(m->bytes, m->bytes->len - 1), "not a zip archive")          \
	X(empty, , g_byte_array_set_size(m->bytes, 0), "not a zip archive")                        \
	X(several_parts, , maker_set(m, m->end + 4, 1, 2), "several parts")                        \
	X(count_differs, , maker_set(m, m->end + 8, 3, 2), "several parts")                        \
	X(count_less, , (maker_set(m, m->end + 8, 3, 2), maker_set(m, m->end + 10, 3, 2)),         \
		"more in it than the entries")                                                     \
	X(count_more, , (maker_set(m, m->end + 8, 5, 2), maker_set(m, m->end + 10, 5, 2)),         \
		"directory is malformed")                                                          \
	X(count_huge, , (maker_set(m, m->end + 8, 65534, 2), maker_set(m, m->end + 10, 65534, 2)), \
		"cannot hold the number")                                                          \
	X(directory_offset, , maker_set(m, m->end + 16, m->directory + 1, 4), "directory is not")  \
	X(directory_beyond, , maker_set(m, m->end + 16, 0x7fffffff, 4), "directory is not")        \
	X(directory_size, , maker_set(m, m->end + 12, 1, 4), "directory is not")                   \
	X(directory_mark, , maker_set(m, m->entry[2], 0, 4), "directory is malformed")             \
	X(entry_disk, , maker_set(m, m->entry[0] + 34, 1, 2), "another disk")                      \
	X(entry_cut, , maker_set(m, m->entry[3] + 32, 9999, 2), "cut short")                       \
	X(encrypted, m->entries[0].flags = 1, , "encrypted")                                       \
	X(strongly_encrypted, m->entries[0].flags = 1 << 6, , "encrypted")                         \
	X(masked, m->entries[0].flags = 1 << 13, , "encrypted")                                    \
	X(patched, m->entries[0].flags = 1 << 5, , "patch")                                        \
	X(method, m->entries[0].method = 12, , "compression method")                               \
	X(version_needed, , maker_set(m, m->entry[0] + 6, 64, 2), "newer zip version")             \
	X(larger_than_possible, , set_both(m, 22, 24, 0x7fffffff, 4), "larger than its bytes")     \
	X(stored_sizes, m->entries[0].method = 0, set_both(m, 22, 24, 3, 4), "two sizes differ")   \
	X(link, m->entries[0].mode = 0120777, , "symbolic link")                                   \
	X(device, m->entries[0].mode = 0020666, , "neither a file nor a folder")                   \
	X(fifo, m->entries[0].mode = 0010666, , "neither a file nor a folder")                     \
	X(folder_by_mode, m->entries[0].mode = 0040755, , "folder by its mode")                    \
	X(folder_contents, add(m, "hostile/sub/", "text"), , "folder with contents")               \
	X(set_id, m->entries[0].mode = 0106755, , NULL)                                            \
	X(twice, add(m, "hostile/__init__.py", ""), , "two entries are named")                     \
	X(metadata_twice, add(m, "hostile-1.0.dist-info/METADATA", MAKER_METADATA), , "two")       \
	X(file_and_folder,                                                                         \
		(add(m, "hostile/x", ""), add(m, "hostile/x-y", ""),                               \
			add(m, "hostile/x/y.py", "")),                                             \
		, "both a file and a folder")                                                      \
	X(parent, rename_entry(m, "hostile/../../escaped", 0), , "unsafe path")                    \
	X(absolute, rename_entry(m, "/escaped", 0), , "unsafe path")                               \
	X(dot, rename_entry(m, "./escaped", 0), , "unsafe path")                                   \
	X(empty_part, rename_entry(m, "hostile//escaped", 0), , "unsafe path")                     \
	X(backslash, rename_entry(m, "..\\escaped", 0), , "unsafe path")                           \
	X(drive, rename_entry(m, "C:escaped", 0), , "drive")                                       \
	X(newline, rename_entry(m, "hostile/a\nb", 0), , "unsafe path")                            \
	X(nul, rename_entry(m, "hostile/a\0b", 11), , "not marked as UTF-8")                       \
	X(nul_flagged, (rename_entry(m, "hostile/a\0b", 11), m->entries[0].flags = 1 << 11), ,     \
		"not UTF-8")                                                                       \
	X(too_long, rename_entry(m, long_name, 0), , "unsafe path")                                \
	X(no_name, ,                                                                               \
		(maker_set(m, m->entry[3] + 28, 0, 2), maker_set(m, m->entry[3] + 30, 28, 2)),     \
		"extra field")                                                                     \
	X(unmarked, rename_entry(m, "hostile/\xc3\xa9", 0), , "not marked as UTF-8")               \
	X(marked, (rename_entry(m, "hostile/\xc3\xa9", 0), m->entries[0].flags = 1 << 11), , NULL) \
	X(bad_utf8, (rename_entry(m, "hostile/\xff", 0), m->entries[0].flags = 1 << 11), ,         \
		"not UTF-8")                                                                       \
	X(two_infos, add(m, "evil-1.0.dist-info/METADATA", ""), , "multiple .dist-info")           \
	X(nested_info, add(m, "hostile/evil-1.0.dist-info/METADATA", ""), , NULL)                  \
	X(other_info, m->filename = "friendly-1.0-py3-none-any.whl", , "does not start with")      \
	X(other_case, m->filename = "Hostile-1.0-py3-none-any.whl", , NULL)                        \
	X(bad_file_name, m->filename = "hostile.whl", , "wrong number of parts")                   \
	X(no_wheel, m->entries[2].name = "hostile-1.0.dist-info/WHEEE", , "WHEEL' file")           \
	X(no_metadata, m->entries[1].name = "hostile-1.0.dist-info/METADATE", , "METADATA' file")  \
	X(no_record, m->entries[3].name = "hostile-1.0.dist-info/RECORE", , "no RECORD")           \
	X(other_name, m->entries[1].text = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n", ,  \
		"another project")                                                                 \
	X(nameless, m->entries[1].text = "Metadata-Version: 2.1\nVersion: 1.0\n", , "Name")        \
	X(wheel_2, m->entries[2].text = "Wheel-Version: 2.0\n", , "not compatible")                \
	X(wheel_bad, m->entries[2].text = "Wheel-Version: one\n", , "invalid Wheel-Version")       \
	X(wheel_none, m->entries[2].text = "Generator: x\n", , "missing Wheel-Version")            \
	X(wheel_in_body, m->entries[2].text = "A: x\n\nWheel-Version: 1.0\n", , "missing")         \
	X(wheel_folded, m->entries[2].text = "a: x\r\nwheel-version:  1.0 \r\n", , NULL)           \
	X(unknown_scheme, add(m, "hostile-1.0.data/evil/x", ""), , "Unknown scheme key")           \
	X(no_scheme, add(m, "hostile-1.0.data/x", ""), , "unexpected file")                        \
	X(scheme, add(m, "hostile-1.0.data/scripts/x", ""), , NULL)                                \
	X(other_data, add(m, "victim-1.0.data/scripts/x", ""), , "another project")

struct test {
	const char *name;
	void (*prepare)(struct maker *m);
	void (*bend)(struct maker *m);
	const char *message;
};

#define FUNCTIONS(name, before, after, message)                                                    \
	static void prepare_##name(struct maker *m)                                                \
	{                                                                                          \
		(void)m;                                                                           \
		before;                                                                            \
	}                                                                                          \
	static void bend_##name(struct maker *m)                                                   \
	{                                                                                          \
		(void)m;                                                                           \
		after;                                                                             \
	}
CASES(FUNCTIONS)

#define ROW(name, before, after, message) {#name, prepare_##name, bend_##name, message},
static const struct test tests[] = {CASES(ROW)};

/* The bytes in memory and in a file must be judged alike. */
static void
test_rule(gconstpointer data)
{
	const struct test *test = data;
	for (int in_file = 0; in_file < 2; in_file++) {
		struct maker m;
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
		maker_init(&m);
		test->prepare(&m);
		maker_build(&m);
		test->bend(&m);
		struct archive_source source = {m.bytes->data, -1, m.bytes->len};
		FILE *file = in_file ? tmpfile() : NULL;
		if (file) {
			fwrite(m.bytes->data, 1, m.bytes->len, file);
			fflush(file);
			source = (struct archive_source){NULL, fileno(file), m.bytes->len};
		}
		g_autoptr(Archive) archive = archive_open(&source, m.filename, warnings, &error);
		if (!test->message)
			g_assert_no_error(error);
		else if (!error || !strstr(error->message, test->message))
			g_error("%s: %s, not %s", test->name, error ? error->message : "accepted",
				test->message);
		g_assert_cmpint(!archive, ==, test->message != NULL);
		if (file)
			fclose(file);
		maker_clear(&m);
	}
}

static void
test_contents(void)
{
	struct maker m;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	maker_init(&m);
	maker_add(&m, "hostile-1.0.data/scripts/run", "#!python\n")->mode = 0100755;
	m.entries[2].text = "Wheel-Version: 1.9\n";
	maker_build(&m);
	struct archive_source source = {m.bytes->data, -1, m.bytes->len};
	g_autoptr(Archive) archive = archive_open(&source, m.filename, warnings, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(warnings->len, ==, 1);
	g_assert_cmpstr(warnings->pdata[0], ==, "Installing from a newer Wheel-Version (1.9)");
	g_assert_cmpstr(archive_dist_info(archive), ==, "hostile-1.0.dist-info");
	g_assert_cmpuint(archive_count(archive), ==, 5);
	g_assert_cmpstr(archive_get(archive, 0)->path, ==, "hostile-1.0.data/scripts/run");
	g_assert_true(archive_get(archive, 0)->executable);
	g_assert_cmpstr(archive_get(archive, 4)->path, ==, "hostile/__init__.py");
	g_assert_false(archive_get(archive, 4)->executable);
	g_assert_cmpuint(archive_folder_count(archive), ==, 4);
	g_assert_cmpstr(archive_folder(archive, 1), ==, "hostile-1.0.data");
	g_assert_cmpstr(archive_folder(archive, 2), ==, "hostile-1.0.data/scripts");
	size_t index, length;
	g_assert_true(archive_find(archive, "hostile/__init__.py", &index));
	g_assert_cmpuint(index, ==, 4);
	g_assert_false(archive_find(archive, "hostile", NULL));
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	g_autofree char *text = archive_text(reader, 4, 4096, &length, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, m.entries[0].text);
	g_assert_null(archive_text(reader, 4, 3, NULL, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	maker_clear(&m);
}

static bool
count_bytes(void *user, const void *bytes, size_t length, GError **error)
{
	(void)bytes;
	(void)error;
	*(size_t *)user += length;
	return true;
}

/* Bends the first entry's data: what reading it says. */
static void
check_data(void (*bend)(struct maker *m), uint16_t method, int kind)
{
	struct maker m;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	maker_init(&m);
	m.entries[0].method = method;
	maker_build(&m);
	bend(&m);
	struct archive_source source = {m.bytes->data, -1, m.bytes->len};
	g_autoptr(Archive) archive = archive_open(&source, m.filename, warnings, &error);
	g_assert_no_error(error);
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	size_t index, got = 0;
	g_assert_true(archive_find(archive, "hostile/__init__.py", &index));
	g_assert_false(archive_read(reader, index, count_bytes, &got, &error));
	g_assert_error(error, XPIP_ERROR, kind);
	g_assert_nonnull(strstr(error->message, "hostile/__init__.py"));
	maker_clear(&m);
}

static void
bend_crc(struct maker *m)
{
	set_both(m, 14, 16, 1, 4);
}

static void
bend_stream(struct maker *m)
{
	m->bytes->data[m->data[0]] = 0xff;
}

static void
bend_size_up(struct maker *m)
{
	set_both(m, 22, 24, strlen(m->entries[0].text) + 1, 4);
}

static void
bend_size_down(struct maker *m)
{
	set_both(m, 22, 24, strlen(m->entries[0].text) - 1, 4);
}

static void
test_data(void)
{
	check_data(bend_crc, ZIP_STORED, ERROR_INTEGRITY);
	check_data(bend_crc, ZIP_DEFLATED, ERROR_INTEGRITY);
	check_data(bend_stream, ZIP_DEFLATED, ERROR_INVALID_INPUT);
	check_data(bend_size_up, ZIP_DEFLATED, ERROR_INVALID_INPUT);
	check_data(bend_size_down, ZIP_DEFLATED, ERROR_INVALID_INPUT);
}

/* Above 64 MiB a member is inflated by pieces; below, at once: both check the same. */
static void
test_large(void)
{
	size_t size = ((size_t)65 << 20) + 17;
	g_autofree char *text = g_malloc(size);
	for (size_t i = 0, x = 1; i < size; i++, x = x * 6364136223846793005u + 1)
		text[i] = (char)('a' + (x >> 60));
	for (int i = 0; i < 3; i++) {
		struct maker m;
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
		maker_init(&m);
		struct maker_entry *large = maker_add(&m, "hostile/large", text);
		large->length = size;
		large->method = i == 0 ? ZIP_STORED : ZIP_DEFLATED;
		maker_build(&m);
		if (i == 2)
			m.bytes->data[m.data[4] + 5000] ^= 0x55;
		struct archive_source source = {m.bytes->data, -1, m.bytes->len};
		g_autoptr(Archive) archive = archive_open(&source, m.filename, warnings, &error);
		g_assert_no_error(error);
		g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
		size_t index, got = 0;
		g_assert_true(archive_find(archive, "hostile/large", &index));
		bool ok = archive_read(reader, index, count_bytes, &got, &error);
		g_assert_cmpint(ok, ==, i < 2);
		if (ok)
			g_assert_cmpuint(got, ==, size);
		else
			g_assert_nonnull(error);
		maker_clear(&m);
	}
}

static void
test_bomb(void)
{
	size_t size = (size_t)65 << 20;
	struct maker m;
	g_autofree char *zeros = g_malloc0(size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	maker_init(&m);
	struct maker_entry *large = maker_add(&m, "hostile/zeros", zeros);
	large->length = size;
	large->method = ZIP_DEFLATED;
	maker_build(&m);
	struct archive_source source = {m.bytes->data, -1, m.bytes->len};
	g_assert_null(archive_open(&source, m.filename, warnings, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	g_assert_nonnull(strstr(error->message, "times its size"));
	maker_clear(&m);
}

/* RECORD as given; `strict_message` and `message`: what is said when strict and when not, NULL for
 * acceptance; digests are compared too. */
static void
check_record(const char *record, bool strict, const char *message, unsigned expected_warnings)
{
	struct maker m;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	maker_init(&m);
	m.record = record;
	maker_build(&m);
	struct archive_source source = {m.bytes->data, -1, m.bytes->len};
	g_autoptr(Archive) archive = archive_open(&source, m.filename, warnings, &error);
	g_assert_no_error(error);
	g_autoptr(ArchiveReader) reader = archive_reader_new(archive);
	g_autoptr(ArchiveRecord) rows = archive_record_new(reader, strict, warnings, &error);
	for (size_t i = 0; rows && !error && i < archive_count(archive); i++) {
		size_t length;
		g_autofree char *text = archive_text(reader, i, 1 << 20, &length, &error);
		struct digest digest;
		digest_bytes(text, length, &digest);
		const char *other = archive_record_other(rows, i);
		if (other) {
			g_autofree char *hex = g_compute_checksum_for_data(
				G_CHECKSUM_SHA512, (const guchar *)text, length);
			g_assert_cmpstr(other, ==, "sha512");
			archive_record_check_other(rows, i, hex, &error);
		} else {
			archive_record_check(rows, i, &digest, &error);
		}
	}
	if (!message)
		g_assert_no_error(error);
	else if (!error || !strstr(error->message, message))
		g_error("%s, not %s", error ? error->message : "accepted", message);
	g_assert_cmpuint(warnings->len, ==, expected_warnings);
	maker_clear(&m);
}

static void
test_record(void)
{
	struct maker m;
	maker_init(&m);
	maker_build(&m);
	const char *good = m.made_record;
	g_autofree char *extra_row = g_strconcat(good, "hostile/ghost.py,,\r\n", NULL);
	g_autofree char *missing_row = g_strdup(strchr(good, '\n') + 1);
	g_autofree char *first = g_strndup(good, (gsize)(strchr(good, '\n') + 1 - good));
	g_autofree char *row_twice = g_strconcat(first, good, NULL);
	g_autofree char *twice = g_strconcat("hostile/__init__.py,sha256=AAAA,5\r\n", good, NULL);
	g_autofree char *no_digest = g_strconcat("hostile/__init__.py,,\r\n", missing_row, NULL);
	g_autofree char *bad_digest = g_strconcat("hostile/__init__.py,sha256=", // 32 zero bytes
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,\r\n", missing_row, NULL);
	g_autofree char *bad_size = g_strdup(good);
	*(strchr(bad_size, '\r') - 1) ^= 1;
	g_autofree char *signatures =
		g_strconcat(good, "hostile-1.0.dist-info/RECORD.jws,,\r\n", NULL);
	g_autofree char *hex =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, m.entries[0].text, -1);
	g_autofree char *in_hex =
		g_strconcat("hostile\\__init__.py,sha256=", hex, "=,\n", missing_row, NULL);
	g_autofree char *hex512 =
		g_compute_checksum_for_string(G_CHECKSUM_SHA512, m.entries[0].text, -1);
	g_autofree char *in_sha512 =
		g_strconcat("hostile/__init__.py,sha512=", hex512, ",\n", missing_row, NULL);
	hex512[0] = hex512[0] == '1' ? '2' : '1';
	g_autofree char *bad_sha512 =
		g_strconcat("hostile/__init__.py,sha512=", hex512, ",\n", missing_row, NULL);

	for (int strict = 0; strict < 2; strict++) {
		check_record(good, strict, NULL, 0);
		check_record(row_twice, strict, NULL, 0);
		check_record(no_digest, strict, NULL, 0);
		check_record(signatures, strict, NULL, 0);
		check_record(in_hex, strict, NULL, 0);
		check_record(in_sha512, strict, NULL, 0);
		check_record(bad_digest, strict, "digest differs", 0);
		check_record(bad_sha512, strict, "digest differs", 0);
		check_record("\xff,,\n", strict, "not UTF-8", 0);
	}
	check_record(extra_row, true, NULL, 1);
	check_record(extra_row, false, NULL, 1);
	check_record(missing_row, true, "does not list it", 0);
	check_record(missing_row, false, NULL, 1);
	check_record(bad_size, true, "size differs", 0);
	check_record(bad_size, false, NULL, 1);
	check_record(twice, true, "twice, differently", 0);
	maker_clear(&m);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	memset(long_name, 'n', sizeof long_name - 1);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/archive/rule/", tests[i].name, NULL);
		g_test_add_data_func(path, &tests[i], test_rule);
	}
	g_test_add_func("/archive/contents", test_contents);
	g_test_add_func("/archive/data", test_data);
	g_test_add_func("/archive/large", test_large);
	g_test_add_func("/archive/bomb", test_bomb);
	g_test_add_func("/archive/record", test_record);
	return g_test_run();
}
