/* SPDX-License-Identifier: MIT */
/* Unpacking sdists: archives are made here, header by header; the refused ones leave nothing
 * outside (users-and-security D.2, TAR). */
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/build.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static void
seal(char *block)
{
	unsigned sum = 0;
	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)block[i];
	g_snprintf(block + 148, 8, "%06o", sum);
}

/* One header block, plain ustar. */
static void
header(char *block, const char *name, char type, const char *link, size_t size)
{
	memset(block, 0, 512);
	g_strlcpy(block, name, 100);
	memcpy(block + 100, "0000755", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	g_snprintf(block + 124, 12, "%011o", (unsigned)size);
	memcpy(block + 136, "14000000000", 12);
	block[156] = type;
	g_strlcpy(block + 157, link, 100);
	memcpy(block + 257, "ustar\00000", 8);
	seal(block);
}

static void
put(GString *tar, const char *name, char type, const char *link, const char *text)
{
	char block[512];
	size_t size = strlen(text);
	header(block, name, type, link, size);
	g_string_append_len(tar, block, 512);
	g_string_append_len(tar, text, (gssize)size);
	while (tar->len % 512)
		g_string_append_c(tar, '\0');
}

static void
finish(GString *tar)
{
	char zeros[1024] = {0};
	g_string_append_len(tar, zeros, sizeof zeros);
}

static void
gzip_to(const char *path, const void *bytes, size_t length)
{
	gzFile file = gzopen(path, "wb");
	g_assert_cmpint(gzwrite(file, bytes, (unsigned)length), ==, (int)length);
	g_assert_cmpint(gzclose(file), ==, Z_OK);
}

struct box {
	char *folder, *archive, *into;
};

static struct box
make_box(const char *name)
{
	char *folder = fs_temp_dir("xpip-test-", NULL);
	struct box box = {folder, g_build_filename(folder, name, NULL),
		g_build_filename(folder, "in", "to", NULL)};
	g_assert_true(fs_mkdirs(box.into, 0700, NULL));
	return box;
}

static void
free_box(struct box *box)
{
	fs_remove_tree(box->folder, NULL);
	g_free(box->folder);
	g_free(box->archive);
	g_free(box->into);
}

/* Unpacks and expects an error whose text has `why`; nothing may lie beside the folder. */
static void
refused(struct box *box, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *top = build_unpack_sdist(box->archive, box->into, &error);
	g_assert_null(top);
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	if (!strstr(error->message, why))
		g_error("wanted `%s`, got: %s", why, error->message);
	g_autofree char *escaped = g_build_filename(box->folder, "in", "escaped", NULL);
	g_assert_false(g_file_test(escaped, G_FILE_TEST_EXISTS));
	free_box(box);
}

static void
refuse_tar(GString *tar, const char *why)
{
	struct box box = make_box("x-1.tar.gz");
	finish(tar);
	gzip_to(box.archive, tar->str, tar->len);
	g_string_free(tar, TRUE);
	refused(&box, why);
}

static void
test_good(void)
{
	struct box box = make_box("x-1.tar.gz");
	GString *tar = g_string_new(NULL);
	put(tar, "pax", 'g', "", "20 comment=somethin\n");
	put(tar, "x-1/", '5', "", "");
	put(tar, "x-1/run", '0', "", "hello");
	put(tar, "ignored", 'x', "",
		"26 path=x-1/long/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\n"
		"19 mtime=1234567.5\n");
	put(tar, "short", '0', "", "in pax");
	put(tar, "././@LongLink", 'L', "", "x-1/gnu/name");
	put(tar, "x-1/gnu/na", '0', "", "in gnu");
	put(tar, "x-1/deep/link", '2', "../run", "");
	put(tar, "x-1/hard", '1', "x-1/run", "");
	put(tar, "x-1/run", '0', "", "hello again");
	finish(tar);
	gzip_to(box.archive, tar->str, tar->len);
	g_string_free(tar, TRUE);
	g_autoptr(GError) error = NULL;
	g_autofree char *top = build_unpack_sdist(box.archive, box.into, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_suffix(top, "/in/to/x-1"));
	static const char *const files[][2] = {{"run", "hello again"}, {"hard", "hello"},
		{"long/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "in pax"}, {"gnu/name", "in gnu"},
		{"deep/link", "hello again"}};
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(top, files[i][0], NULL), *text = NULL;
		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		g_assert_cmpstr(text, ==, files[i][1]);
	}
	struct stat info;
	g_autofree char *run = g_build_filename(top, "run", NULL);
	g_assert_cmpint(stat(run, &info), ==, 0);
	g_assert_true(info.st_mode & 0100);
	g_assert_cmpint(info.st_mtim.tv_sec, ==, 014000000000);
	free_box(&box);
}

static void
test_names(void)
{
	static const char *const names[] = {
		"../escaped", "x-1/../../escaped", "/escaped", "x\\y", "x-1/\001"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GString *tar = g_string_new(NULL);
		put(tar, names[i], '0', "", "x");
		refuse_tar(tar, "outside the destination");
	}
	GString *tar = g_string_new(NULL);
	put(tar, "p", 'x', "", "19 path=../escaped\n");
	put(tar, "fine", '0', "", "x");
	refuse_tar(tar, "outside the destination");
}

static void
test_links(void)
{
	static const char *const targets[] = {
		"../../escaped", "/etc/passwd", "..", "d/../../x", "../x-1/../y", ""};
	for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
		GString *tar = g_string_new(NULL);
		put(tar, "x-1/link", '2', targets[i], "");
		refuse_tar(tar, *targets[i] ? "outside the destination" : "no target");
	}
	/* What is written through a link goes to a real folder of that name; the link isn't made.
	 */
	GString *tar = g_string_new(NULL);
	put(tar, "x-1/dir", '2', "..", "");
	put(tar, "x-1/dir/escaped", '0', "", "x");
	refuse_tar(tar, "outside the destination");
	static const char *const hard[] = {"../../escaped", "/etc/passwd", "x-1/none", "x-1"};
	for (size_t i = 0; i < G_N_ELEMENTS(hard); i++) {
		tar = g_string_new(NULL);
		put(tar, "x-1/a", '0', "", "x");
		put(tar, "x-1/hard", '1', hard[i], "");
		refuse_tar(tar, "'x-1/hard'");
	}
}

static void
test_types(void)
{
	static const char types[] = "346SDMVXZ";
	for (size_t i = 0; i < strlen(types); i++) {
		GString *tar = g_string_new(NULL);
		put(tar, "x-1/odd", types[i], "", "");
		refuse_tar(tar, i < 3 ? "is a special file" : "'x-1/odd'");
	}
}

/* Extension headers that contradict each other or themselves. */
static void
test_extensions(void)
{
	static const struct {
		const char *name;
		char type;
		const char *text;
		const char *why;
	} cases[] = {
		{"p", 'x', "11 path=ab\n11 path=cd\n", "twice"},
		{"p", 'x', "8 path=\n", "empty path"},
		{"p", 'x', "12 path=ab", "malformed"},
		{"p", 'x', "999 path=ab\n", "malformed"},
		{"p", 'x', "0 =\n", "malformed"},
		{"p", 'x', "12 =athx=ab\n", "malformed"},
		{"p", 'x', "", "empty"},
		{"p", 'x', "8 size=2\n", "malformed"},
		{"p", 'x', "9 size=2\n", "differ in a size"},
		{"p", 'x', "11 size=-1\n", "bad size"},
		{"p", 'x', "26 GNU.sparse.realsize=10\n", "sparse"},
		{"p", 'g', "11 path=ab\n", "global"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GString *tar = g_string_new(NULL);
		put(tar, cases[i].name, cases[i].type, "", cases[i].text);
		put(tar, "x-1/a", '0', "", "x");
		refuse_tar(tar, cases[i].why);
	}
	GString *tar = g_string_new(NULL);
	put(tar, "p", 'x', "", "11 path=ab\n");
	put(tar, "p", 'L', "", "other");
	put(tar, "x-1/a", '0', "", "x");
	refuse_tar(tar, "both name a member");
	tar = g_string_new(NULL);
	put(tar, "p", 'x', "", "11 path=ab\n");
	refuse_tar(tar, "belongs to no member");
	tar = g_string_new(NULL);
	put(tar, "p", 'x', "", "11 path=ab\n");
	put(tar, "p", 'x', "", "11 path=ab\n");
	put(tar, "x-1/a", '0', "", "x");
	refuse_tar(tar, "two pax headers");
	tar = g_string_new(NULL);
	put(tar, "x-1/d", '5', "", "data in a folder");
	refuse_tar(tar, "has contents");
}

/* One header whose bytes at `at` are changed. */
static void
refuse_header(size_t at, const void *bytes, size_t length, const char *why)
{
	char block[512];
	header(block, "x-1/a", '0', "", 0);
	memcpy(block + at, bytes, length);
	seal(block);
	GString *tar = g_string_new_len(block, 512);
	refuse_tar(tar, why);
}

static void
test_headers(void)
{
	refuse_header(124, "0000009", 8, "malformed number");
	refuse_header(124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, "malformed");
	refuse_header(124, "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, "malformed");
	refuse_header(136, "-1", 3, "malformed number");
	refuse_header(257, "ustar\0\0\0", 8, "no known tar format");
	refuse_header(257, "other\0\0\0", 8, "no known tar format");
	GString *tar = g_string_new(NULL);
	put(tar, "x-1/a", '0', "", "x");
	tar->str[0] = 'y';
	refuse_tar(tar, "checksum");
	tar = g_string_new(NULL);
	put(tar, "x-1/a", '0', "", "x");
	finish(tar);
	g_string_append(tar, "more");
	refuse_tar(tar, "follows the end");
}

static void
test_whole_files(void)
{
	GString *tar = g_string_new(NULL);
	put(tar, "x-1/a", '0', "", "a text that is long enough to be cut in the middle");
	struct box box = make_box("x-1.tar.gz");
	gzip_to(box.archive, tar->str, 520);
	refused(&box, "cut short");
	finish(tar);
	size_t length = 0;
	char *bytes = NULL;
	for (int way = 0; way < 4; way++) {
		box = make_box("x-1.tar.gz");
		gzip_to(box.archive, tar->str, tar->len);
		g_assert_true(g_file_get_contents(box.archive, &bytes, &length, NULL));
		FILE *file = fopen(box.archive, way == 0 ? "w" : "a");
		if (way == 0)
			fwrite(bytes, 1, length / 2, file);
		else if (way == 1)
			fputs("trailing", file);
		else if (way == 2)
			fwrite(bytes, 1, length, file); /* a second member, concatenated */
		else
			fwrite("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 22, file);
		fclose(file);
		g_free(bytes);
		refused(&box, way == 3 ? "a zip file too" : "");
	}
	box = make_box("x-1.tar.gz");
	g_assert_true(g_file_set_contents(box.archive, "no gzip at all", -1, NULL));
	refused(&box, "");
	box = make_box("x-1.rar");
	g_assert_true(g_file_set_contents(box.archive, "Rar!", -1, NULL));
	refused(&box, "cannot determine archive format");
	g_string_free(tar, TRUE);
}

/* 140 MiB of zeros in a small file. */
static void
test_bomb(void)
{
	struct box box = make_box("x-1.tar.gz");
	gzFile file = gzopen(box.archive, "wb1");
	char block[512];
	size_t size = (size_t)140 << 20;
	header(block, "x-1/zeros", '0', "", size);
	gzwrite(file, block, 512);
	g_autofree char *zeros = g_malloc0(1 << 20);
	for (size_t i = 0; i < size >> 20; i++)
		gzwrite(file, zeros, 1 << 20);
	gzclose(file);
	refused(&box, "unpacks to more than");
}

static void
test_zip(void)
{
	/* made with python's zipfile: name, stored "x" */
	static const char *const names[] = {"x-1/a", "../escaped", "/escaped"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct box box = make_box("x-1.zip");
		const char *name = names[i];
		char n = (char)strlen(name);
		GString *zip = g_string_new_len("PK\3\4\24\0\0\0\0\0\0\0!\0\203\26\334\214\1\0\0\0"
						"\1\0\0\0",
			26);
		g_string_append_c(zip, n);
		g_string_append_len(zip, "\0\0\0", 3);
		g_string_append(zip, name);
		g_string_append_c(zip, 'x');
		char start = (char)zip->len;
		g_string_append_len(zip,
			"PK\1\2\24\3\24\0\0\0\0\0\0\0!\0\203\26\334\214\1\0\0\0"
			"\1\0\0\0",
			28);
		g_string_append_c(zip, n);
		g_string_append_len(zip, "\0\0\0\0\0\0\0\0\0\0\0\355\201\0\0\0\0", 17);
		g_string_append(zip, name);
		char length = (char)((char)zip->len - start);
		g_string_append_len(zip, "PK\5\6\0\0\0\0\1\0\1\0", 12);
		g_string_append_c(zip, length);
		g_string_append_len(zip, "\0\0\0", 3);
		g_string_append_c(zip, start);
		g_string_append_len(zip, "\0\0\0\0\0", 5);
		g_assert_true(g_file_set_contents(box.archive, zip->str, (gssize)zip->len, NULL));
		g_string_free(zip, TRUE);
		if (i > 0) {
			refused(&box, "outside the destination");
			continue;
		}
		g_autoptr(GError) error = NULL;
		g_autofree char *top = build_unpack_sdist(box.archive, box.into, &error);
		g_assert_no_error(error);
		g_autofree char *file = g_build_filename(top, "a", NULL), *text = NULL;
		g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
		g_assert_cmpstr(text, ==, "x");
		g_assert_true(g_file_test(file, G_FILE_TEST_IS_EXECUTABLE));
		free_box(&box);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sdist/good", test_good);
	g_test_add_func("/sdist/names", test_names);
	g_test_add_func("/sdist/links", test_links);
	g_test_add_func("/sdist/types", test_types);
	g_test_add_func("/sdist/extensions", test_extensions);
	g_test_add_func("/sdist/headers", test_headers);
	g_test_add_func("/sdist/whole_files", test_whole_files);
	g_test_add_func("/sdist/bomb", test_bomb);
	g_test_add_func("/sdist/zip", test_zip);
	return g_test_run();
}
