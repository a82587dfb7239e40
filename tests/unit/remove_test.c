/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "tests/unit/environment.h"
#include "wheel/installed.h"
#include "wheel/remove.h"

static void
put(const struct environment *env, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(env->site, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);
	g_assert_true(fs_mkdirs(folder, 0755, NULL));
	g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static void
put_dist(const struct environment *env, const char *record)
{
	put(env, "demo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1\n");
	put(env, "demo-1.dist-info/RECORD", record);
}

/* The paths of a list, from the environment's folder, one a line. */
static char *
lines_of(const struct environment *env, const GPtrArray *paths)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		if (g_str_has_prefix(path, env->folder))
			path += strlen(env->folder) + 1;
		g_string_append_printf(out, "%s\n", path);
	}
	return g_string_free(out, FALSE);
}

static bool
find(struct environment *env, struct removal *removal, GError **error)
{
	g_autoptr(InstalledSet) set = installed_scan(&env->python, NULL, env->log, error);
	Installed *dist = installed_find(set, "demo");
	g_assert_nonnull(dist);
	return remove_find(&env->python, dist, removal, env->log, error);
}

#define SITE "env/lib/python3/site-packages/"

static void
test_record(void)
{
	struct environment env;
	struct removal removal;
	GError *error = NULL;
	environment_set_up(&env);
	g_autofree char *tag = g_strdup_printf("demo/__pycache__/a.%s.pyc", env.python.cache_tag);
	put_dist(&env, "demo/a.py,sha256=x,1\r\n\"demo/b,c.txt\",,\r\ndemo/absent.py,,\r\n"
		       "demo-1.dist-info/METADATA,,\r\ndemo-1.dist-info/RECORD,,\r\n"
		       "demo-1.dist-info/entry_points.txt,,\r\n");
	put(&env, "demo-1.dist-info/entry_points.txt",
		"[console_scripts]\ntool = a:b\npython = a:b\n../../etc = a:b\n");
	put(&env, "demo/a.py", "");
	put(&env, tag, "");
	put(&env, "demo/a.pyc", "");
	put(&env, "demo/b,c.txt", "");
	put(&env, "demo/mine.txt", "");
	put(&env, "../../../bin/tool", "");
	put(&env, "../../../bin/python", "");
	g_assert_true(find(&env, &removal, &error));
	g_assert_no_error(error);
	g_autofree char *wanted = g_strdup_printf(
		"env/bin/tool\n" SITE "demo-1.dist-info/METADATA\n" SITE
		"demo-1.dist-info/RECORD\n" SITE "demo-1.dist-info/entry_points.txt\n" SITE
		"demo/__pycache__/a.%s.pyc\n" SITE "demo/a.py\n" SITE "demo/a.pyc\n" SITE
		"demo/b,c.txt\n",
		env.python.cache_tag);
	g_autofree char *found = lines_of(&env, removal.paths);
	g_assert_cmpstr(found, ==, wanted);
	g_assert_cmpuint(removal.refused->len, ==, 0);
	g_autoptr(GPtrArray) skipped = NULL;
	g_autoptr(GPtrArray) listing = remove_listing(removal.paths, &skipped);
	g_autofree char *shown = lines_of(&env, listing);
	g_assert_cmpstr(shown, ==,
		"env/bin/tool\n" SITE "demo-1.dist-info/*\n" SITE "demo/a.py\n" SITE
		"demo/b,c.txt\n");
	removal_clear(&removal);
	environment_tear_down(&env);
}

/* Neither `..`, absolute paths, links nor a prefix of the same letters lead out. */
static void
test_outside(void)
{
	struct environment env;
	struct removal removal;
	GError *error = NULL;
	environment_set_up(&env);
	g_autofree char *outside = g_build_filename(env.folder, "env-evil", NULL);
	g_autofree char *record = g_strdup_printf(
		"../../../../env-evil/one,,\n%s/two,,\nlink/three,,\nlink,,\n", outside);
	g_autofree char *link = g_build_filename(env.site, "link", NULL);
	put_dist(&env, record);
	put(&env, "../../../../env-evil/one", "");
	put(&env, "../../../../env-evil/two", "");
	put(&env, "../../../../env-evil/three", "");
	g_assert_cmpint(symlink(outside, link), ==, 0);
	g_assert_true(find(&env, &removal, &error));
	g_autofree char *found = lines_of(&env, removal.paths);
	g_assert_cmpstr(found, ==, SITE "link\n");
	g_autofree char *refused = lines_of(&env, removal.refused);
	g_assert_cmpstr(refused, ==, "env-evil/one\nenv-evil/three\nenv-evil/two\n");
	removal_clear(&removal);
	environment_tear_down(&env);
}

static void
test_no_record(void)
{
	struct environment env;
	struct removal removal;
	GError *error = NULL;
	environment_set_up(&env);
	put(&env, "demo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1\n");
	put(&env, "demo-1.dist-info/INSTALLER", "conda\n");
	g_assert_false(find(&env, &removal, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_SILENT);
	g_clear_error(&error);
	environment_tear_down(&env);
}

static void
test_compact(void)
{
	static const char *const paths[] = {
		"/a/b/c", "/a/b", "/a/bc", "/d/*", "/d/e/f", "/d", "/dx"};
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		g_ptr_array_add(list, (void *)paths[i]);
	g_autoptr(GPtrArray) compact = remove_compact(list);
	g_ptr_array_add(compact, NULL);
	g_autofree char *joined = g_strjoinv(" ", (char **)compact->pdata);
	g_assert_cmpstr(joined, ==, "/a/b /a/bc /d /dx");
}

static void
test_pth(void)
{
	struct environment env;
	environment_set_up(&env);
	g_autofree char *path = g_build_filename(env.site, "easy-install.pth", NULL);
	static const struct {
		const char *before, *after;
	} cases[] = {{"/a\n/b\n/c\n", "/a\n/c\n"}, {"/a\r\n/b\r\n", "/a\r\n"}, {"/b", ""},
		{"/bb\n", "/bb\n"}, {"/b\n/b\n", "/b\n"}, {"", ""}};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t length = 0;
		g_assert_true(g_file_set_contents(path, cases[i].before, -1, NULL));
		g_autofree char *text = remove_pth_entry(path, "/b", &length);
		g_assert_cmpstr(text, ==, cases[i].after);
		g_assert_cmpuint(length, ==, strlen(cases[i].after));
	}
	g_assert_null(remove_pth_entry("/nowhere/easy-install.pth", "/b", NULL));
	environment_tear_down(&env);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/remove/record", test_record);
	g_test_add_func("/remove/outside", test_outside);
	g_test_add_func("/remove/no-record", test_no_record);
	g_test_add_func("/remove/compact", test_compact);
	g_test_add_func("/remove/pth", test_pth);
	return g_test_run();
}
