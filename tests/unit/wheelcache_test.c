/* SPDX-License-Identifier: MIT */
/* Built wheels: pip's folder names (asked of pip 26.3), what is kept, which wheel is chosen. */
#include "lib/fs.h"
#include "wheel/wheelcache.h"

#include <string.h>

static Python python = {.implementation = (char *)"cpython", .major = 3, .minor = 11};

static void
test_folders(void)
{
	static const char *const cases[][2] = {
		{"https://host/x-1.tar.gz#sha256=ab12",
			"ed/7e/8c/9816a9c83b2bcde026e4e7d2cf233ac3d4456eeb108df24b99"},
		{"https://host/x-1.zip#egg=x&subdirectory=a%20b",
			"ee/2d/06/e74477776c6b21337943039adfcc9b0bff6514c6d10261b0cf"},
		{"git+https://host/x@main",
			"cd/50/c3/ed40cf965a8f67ef65082746d9e3ccdc113190cdd41d6607d1"},
		{"https://host/\xc3\xa9-1.tar.gz",
			"75/3c/1a/2bcebecf8db454f561449255bfdcb80ee1e8d854238fd4e617"},
		{"file:///tmp/a-1.tar.gz#md5=00&subdirectory=s",
			"22/0d/86/e5d723376f19bcbfc7d373448fe43b9dc2db01f8c8d2b11a7d"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *folder = wheelcache_folder("/c", cases[i][0], &python);
		g_autofree char *wanted = g_strconcat("/c/wheels/", cases[i][1], NULL);
		g_assert_cmpstr(folder, ==, wanted);
	}
}

static void
test_keeps(void)
{
	static const char id[] = "0123456789012345678901234567890123456789";
	g_assert_true(wheelcache_keeps("https://h/x-1.0.tar.gz#egg=x", false, false, NULL));
	g_assert_false(wheelcache_keeps("https://h/archive/main.zip", false, false, NULL));
	g_assert_false(wheelcache_keeps("https://h/x-1.0.tar.gz", false, true, NULL));
	g_assert_false(wheelcache_keeps("file:///x-1.0", true, false, NULL));
	g_autofree char *pinned = g_strconcat("git+https://h/x@", id, NULL);
	g_assert_true(wheelcache_keeps(pinned, false, false, id));
	g_assert_false(wheelcache_keeps("git+https://h/x@main", false, false, id));
	g_assert_false(wheelcache_keeps("git+https://h/x", false, false, id));
}

static void
put(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_assert_true(g_file_set_contents(path, "", -1, NULL));
}

static void
test_find(void)
{
	static const char url[] = "https://host/x-1.tar.gz";
	g_autoptr(GError) error = NULL;
	g_autoptr(Log) log = log_new(&(struct log_options){.verbosity = -5}, &error);
	g_autoptr(Python) real = python_find(&(struct python_options){0}, log, &error);
	g_assert_no_error(error);
	g_autoptr(Tags) tags = tags_for_python(real);
	g_autofree char *cache = fs_temp_dir("xpip-test-", &error);
	g_autofree char *folder = wheelcache_folder(cache, url, real);
	g_assert_null(wheelcache_find(cache, url, real, "x", tags, NULL, log));
	g_assert_true(fs_mkdirs(folder, 0700, &error));
	put(folder, "x-1-py2-none-any.whl");
	put(folder, "y-1-py3-none-any.whl");
	put(folder, "x-1-cp33-cp33m-win32.whl");
	g_assert_null(wheelcache_find(cache, url, real, "x", tags, NULL, log));
	put(folder, "x-1-py3-none-any.whl");
	g_autofree char *first = wheelcache_find(cache, url, real, "x", tags, NULL, log);
	g_assert_true(g_str_has_suffix(first, "/x-1-py3-none-any.whl"));
	g_autofree char *exact =
		g_strdup_printf("x-1-cp%d%d-none-any.whl", real->major, real->minor);
	put(folder, exact);
	DirectUrl *origin = NULL;
	g_autofree char *second = wheelcache_find(cache, url, real, "x", tags, &origin, log);
	g_assert_true(g_str_has_suffix(second, exact));
	g_assert_null(origin);
	g_autoptr(DirectUrl) made = directurl_for_link(url, false, false, NULL, "ab");
	g_assert_true(wheelcache_record(folder, made, log, &error));
	g_autofree char *third = wheelcache_find(cache, url, real, "x", tags, &origin, log);
	g_assert_cmpstr(third, ==, second);
	g_assert_cmpstr(origin->hashes[1], ==, "ab");
	directurl_free(origin);
	put(folder, "origin.json");
	g_autofree char *fourth = wheelcache_find(cache, url, real, "x", tags, &origin, log);
	g_assert_cmpstr(fourth, ==, second);
	g_assert_null(origin);
	fs_remove_tree(cache, NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wheelcache/folders", test_folders);
	g_test_add_func("/wheelcache/keeps", test_keeps);
	g_test_add_func("/wheelcache/find", test_find);
	return g_test_run();
}
