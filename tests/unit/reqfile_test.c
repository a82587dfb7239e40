/* SPDX-License-Identifier: MIT */
#include "resolver/reqfile.h"

#include <string.h>

/* Files of a made-up folder: name, text, name, text, NULL. */
static char *
read_made_up(const char *path, size_t *length, void *user, GError **error)
{
	const char *const *files = user;
	for (; *files; files += 2) {
		if (strcmp(path, files[0]) == 0 ||
			(path[0] == '/' && g_str_has_suffix(path, files[0]))) {
			*length = strlen(files[1]);
			return g_strdup(files[1]);
		}
	}
	error_set(error, ERROR_IO, "[Errno 2] No such file or directory: '%s'", path);
	return NULL;
}

static Reqfile *
read_text(const char *text, GError **error)
{
	const char *files[] = {"r.txt", text, NULL};
	g_autoptr(Reqfile) file = reqfile_new();
	if (!reqfile_read(file, "r.txt", false, read_made_up, files, error))
		return NULL;
	return g_steal_pointer(&file);
}

static const struct reqfile_line *
get(const Reqfile *file, guint at)
{
	g_assert_cmpuint(at, <, file->lines->len);
	return g_ptr_array_index(file->lines, at);
}

static void
test_lines(void)
{
	g_setenv("REQFILE_TEST_1", "1.5", TRUE);
	g_unsetenv("REQFILE_TEST_NONE");
	g_autoptr(GError) error = NULL;
	g_autoptr(Reqfile) file = read_text("# comment\n"
					    "one==1.0  # why\n"
					    "two#notacomment\n"
					    "\n"
					    "three==\\\n"
					    "${REQFILE_TEST_1} ; python_version > '3'\n"
					    "four\\\n"
					    "  # comment ends the joining\n"
					    "five==${REQFILE_TEST_NONE}${lower}\r\n"
					    "./local/path\v-e ./here\n"
					    "last\\",
		&error);
	g_assert_no_error(error);
	static const struct {
		const char *text;
		int line;
	} expected[] = {{"one==1.0", 2}, {"two#notacomment", 3},
		{"three==1.5 ; python_version > '3'", 5}, {"four", 7},
		{"five==${REQFILE_TEST_NONE}${lower}", 9}, {"./local/path", 10}, {"./here", 11},
		{"last", 12}};
	g_assert_cmpuint(file->lines->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		g_assert_cmpstr(get(file, i)->text, ==, expected[i].text);
		g_assert_cmpint(get(file, i)->line, ==, expected[i].line);
		g_assert_cmpstr(get(file, i)->file, ==, "r.txt");
		g_assert_true(get(file, i)->editable == (i == 6));
	}
}

static void
test_requirement_options(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Reqfile) file = read_text(
		"a==1 --hash=sha256:00 --hash sha512:11 -C k=v --config-settings='x=y z'\n"
		"-e git+https://example.invalid/p#egg=p --hash=sha256:22 -C a=b\n"
		"b --no-bin c --index-url https://example.invalid/\n"
		"--hash=sha256:33\n",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(get(file, 0)->text, ==, "a==1");
	g_assert_cmpstrv(get(file, 0)->hashes, ((const char *[]){"sha256:00", "sha512:11", NULL}));
	g_assert_cmpstrv(get(file, 0)->config_settings, ((const char *[]){"k=v", "x=y z", NULL}));
	g_assert_cmpstrv(get(file, 1)->hashes, ((const char *[]){NULL}));
	g_assert_cmpstrv(get(file, 1)->config_settings, ((const char *[]){"a=b", NULL}));
	g_assert_cmpstr(get(file, 2)->text, ==, "b");
	g_assert_null(file->index_url); /* has no effect on a requirement's line */
	g_assert_cmpuint(file->format_control->len, ==, 1);
	g_assert_cmpuint(file->warnings->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(file->warnings, 0), ==,
		"r.txt line 4 has --hash but no requirement, and will be ignored.");
}

static void
test_options(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Reqfile) file = read_text(
		"--extra-index-url https://a.example.invalid/\n"
		"-i https://b.example.invalid/ --extra-index-url=https://c.example.invalid/\n"
		"--pre --prefer-binary --require-hashes\n"
		"--trusted-host h1 --trusted-host h2:8080\n"
		"-f /nonexistent/x -f ignored\n"
		"--use-feature fast-deps\n"
		"--only-binary :all: --no-binary=x,y\n",
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(file->index_url, ==, "https://b.example.invalid/");
	g_assert_cmpstrv(
		file->extra_index_urls, ((const char *[]){"https://c.example.invalid/", NULL}));
	g_assert_true(file->pre && file->prefer_binary && file->require_hashes);
	g_assert_false(file->no_require_hashes || file->no_index);
	g_assert_cmpstrv(file->trusted_hosts, ((const char *[]){"h1", "h2:8080", NULL}));
	g_assert_cmpstrv(file->find_links, ((const char *[]){"/nonexistent/x", NULL}));
	g_assert_cmpstrv(file->use_features, ((const char *[]){"fast-deps", NULL}));
	g_assert_cmpuint(file->format_control->len, ==, 2);
	const struct reqfile_format *second = g_ptr_array_index(file->format_control, 1);
	g_assert_cmpint(second->option, ==, REQFILE_NO_BINARY);
	g_assert_cmpstr(second->value, ==, "x,y");

	g_autoptr(Reqfile) none = read_text("-i https://b.example.invalid/\n--no-index\n-i "
					    "https://c.example.invalid/\n",
		&error);
	g_assert_no_error(error);
	g_assert_true(none->no_index && !none->index_url);
}

static void
test_nesting(void)
{
	const char *files[] = {"top.txt", "a\n-r sub/in.txt\n-c c.txt\nz\n", "/sub/in.txt",
		"b\n-r ../other.txt\n", "/other.txt", "c\n", "/c.txt", "a<2\n", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(Reqfile) file = reqfile_new();
	g_assert_true(reqfile_read(file, "top.txt", false, read_made_up, files, &error));
	g_assert_no_error(error);
	const char *expected[] = {"a", "b", "c", "a<2", "z"};
	g_assert_cmpuint(file->lines->len, ==, 5);
	for (guint i = 0; i < 5; i++) {
		g_assert_cmpstr(get(file, i)->text, ==, expected[i]);
		g_assert_true(get(file, i)->constraint == (i == 3));
	}
	g_assert_true(g_str_has_suffix(get(file, 1)->file, "/sub/in.txt"));

	const char *urls[] = {"https://example.invalid/d/top.txt", "-r x/in.txt\n",
		"https://example.invalid/d/x/in.txt", "ok\n", NULL};
	g_autoptr(Reqfile) remote = reqfile_new();
	g_assert_true(reqfile_read(remote, urls[0], false, read_made_up, urls, &error));
	g_assert_cmpstr(get(remote, 0)->text, ==, "ok");
}

static void
test_recursion(void)
{
	const char *files[] = {
		"/r.txt", "-r ./a.txt\n", "/a.txt", "-r b.txt\n", "/b.txt", "-r a.txt\n", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(Reqfile) file = reqfile_new();
	g_assert_false(reqfile_read(file, "/tmp/r.txt", false, read_made_up, files, &error));
	g_assert_cmpstr(error->message, ==,
		"/tmp/a.txt recursively references itself in /tmp/b.txt and again in /tmp/r.txt");
	g_clear_error(&error);
	const char *self[] = {"/r.txt", "x\n-r r.txt\n", NULL};
	g_assert_false(reqfile_read(file, "/tmp/r.txt", false, read_made_up, self, &error));
	g_assert_cmpstr(
		error->message, ==, "/tmp/r.txt recursively references itself in /tmp/r.txt");
	g_clear_error(&error);
	/* each file names the next twice: 2^n files unless somebody counts */
	g_autoptr(GPtrArray) bomb = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; i < 40; i++) {
		g_ptr_array_add(bomb, g_strdup_printf("/n%d.txt", i));
		g_ptr_array_add(bomb, g_strdup_printf("-r n%d.txt\n-r n%d.txt\n", i + 1, i + 1));
	}
	g_ptr_array_add(bomb, g_strdup("/n40.txt"));
	g_ptr_array_add(bomb, g_strdup(""));
	g_ptr_array_add(bomb, NULL);
	g_assert_false(reqfile_read(file, "/n0.txt", false, read_made_up, bomb->pdata, &error));
	g_assert_nonnull(strstr(error->message, "more than 10000 files"));
}

static void
test_errors(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"a\n--foo\n", "Invalid requirement: --foo (from line 2 of r.txt)\nxpip: error: no "
			       "such option: --foo"},
		{"a --hash=md5:0\n",
			"Allowed hash algorithms for --hash are sha256, sha384, sha512."},
		{"a --hash=sha256\n", "Arguments to --hash must be a hash name"},
		{"a -C novalue\n", "Arguments to -C must be of the form KEY=VAL"},
		{"-f 'open\n", "Could not split options: -f 'open"},
		{"-r\n", "-r option requires 1 argument"},
		{"--no-b\\\nin\n", "--no-binary option requires 1 argument"},
		{"--no-i --no\n",
			"ambiguous option: --no (--no-binary, --no-index, --no-require-hashes?)"},
		{"--use-feature=x\n",
			"option --use-feature: invalid choice: 'x' (choose from 'fast-deps'"},
		{"-r missing.txt\n",
			"Could not open requirements file: [Errno 2] No such file or directory"},
		{"-c missing.txt\n",
			"Could not open constraint file: [Errno 2] No such file or directory"},
		{"\xff\n", "cannot be decoded as UTF-8"},
		{"# coding: no-such-code\n", "cannot be decoded as no-such-code"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(read_text(cases[i].text, &error));
		g_assert_nonnull(error);
		if (!strstr(error->message, cases[i].message))
			g_error("%s: %s", cases[i].text, error->message);
	}
}

struct bytes {
	const char *bytes;
	size_t length;
};

static char *
read_bytes(const char *path, size_t *length, void *user, GError **error)
{
	const struct bytes *file = user;
	(void)path;
	(void)error;
	*length = file->length;
	return g_memdup2(file->bytes, file->length);
}

static void
test_encodings(void)
{
	static const struct bytes files[] = {
		{"\xef\xbb\xbfn\xc3\xa9", 6},
		{"\xff\xfen\0\xe9\0", 6},
		{"\xfe\xff\0n\0\xe9", 6},
		{"\xff\xfe\0\0n\0\0\0\xe9\0\0\0", 12},
		{"# -*- coding: latin-1 -*-\nn\xe9", 28},
		{"#!x\n# vim: set fileencoding=iso-8859-1 :\nn\xe9", 43},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Reqfile) file = reqfile_new();
		g_assert_true(
			reqfile_read(file, "x", false, read_bytes, (void *)&files[i], &error));
		g_assert_no_error(error);
		g_assert_cmpuint(file->lines->len, ==, 1);
		g_assert_cmpstr(get(file, 0)->text, ==, "n\xc3\xa9");
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reqfile/lines", test_lines);
	g_test_add_func("/reqfile/requirement-options", test_requirement_options);
	g_test_add_func("/reqfile/options", test_options);
	g_test_add_func("/reqfile/nesting", test_nesting);
	g_test_add_func("/reqfile/recursion", test_recursion);
	g_test_add_func("/reqfile/errors", test_errors);
	g_test_add_func("/reqfile/encodings", test_encodings);
	return g_test_run();
}
