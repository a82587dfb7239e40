/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "tests/unit/environment.h"
#include "wheel/installed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static const char *const alpha_1[] = {"alpha/__init__.py", "v = 1\n", "alpha/old.py", "x = 1\n",
	"shared/alpha.py", "a = 1\n", "%/scripts/alpha-tool", "#!python\nprint(1)\n",
	"!%/data/share/alpha/notes.txt", "notes\n", "@/entry_points.txt",
	"[console_scripts]\nalpha = alpha:main\n", NULL};
static const char *const alpha_2[] = {"alpha/__init__.py", "v = 2\n", "alpha/new.py", "x = 2\n",
	"shared/alpha.py", "a = 2\n", "@/entry_points.txt",
	"[console_scripts]\nalpha = alpha:main\nalpha2 = alpha:main\n", NULL};
static const char *const beta_1[] = {"beta.py", "v = 1\n", "shared/beta.py", "b = 1\n", NULL};
static const char *const beta_2[] = {
	"beta/__init__.py", "v = 2\n", "shared/beta.py", "b = 2\n", NULL};

struct request {
	const char *name, *version;
	const char *const *files;
};

static const struct request first[] = {
	{"alpha", "1.0", alpha_1}, {"beta", "1.0", beta_1}, {NULL, NULL, NULL}};
static const struct request second[] = {
	{"alpha", "2.0", alpha_2}, {"beta", "2.0", beta_2}, {NULL, NULL, NULL}};

/* Installs, replacing what has the same name. */
static bool
install(struct environment *env, const struct request *requests, bool compile, GError **error)
{
	struct change_options options = environment_options(env);
	options.compile = compile;
	g_autoptr(Change) change = change_begin(&options, error);
	g_autoptr(InstalledSet) set = installed_scan(&env->python, NULL, env->log, error);
	if (!change)
		return false;
	for (; requests->name; requests++) {
		Installed *old = installed_find(set, requests->name);
		if (old && !change_remove(change, old, NULL, error))
			return false;
		g_autoptr(StoreWheel) wheel =
			environment_wheel(env, requests->name, requests->version, requests->files);
		struct change_install what = {
			.wheel = wheel, .name = requests->name, .requested = true};
		if (!change_install(change, &what, error))
			return false;
	}
	return change_commit(change, error);
}

static void
assert_file(struct environment *env, const char *path, const char *text)
{
	g_autofree char *found = environment_read(env, path);
	g_assert_cmpstr(found, ==, text);
}

static void
assert_absent(struct environment *env, const char *path)
{
	g_autofree char *full = g_build_filename(env->prefix, path, NULL);
	g_assert_false(g_file_test(full, G_FILE_TEST_EXISTS));
}

static unsigned
count_staging(struct environment *env)
{
	g_autoptr(GDir) dir = g_dir_open(env->site, 0, NULL);
	unsigned count = 0;
	for (const char *name; (name = g_dir_read_name(dir));)
		count += g_str_has_prefix(name, ".xpip-") ? 1 : 0;
	return count;
}

#define SITE "lib/python3/site-packages/"

/* --- one after the other ------------------------------------------------------------------- */

static void
test_install(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, false, &error));
	g_assert_no_error(error);
	assert_file(&env, SITE "alpha/__init__.py", "v = 1\n");
	assert_file(&env, SITE "shared/beta.py", "b = 1\n");
	assert_file(&env, SITE "alpha-1.0.dist-info/INSTALLER", "xpip\n");
	assert_file(&env, SITE "alpha-1.0.dist-info/REQUESTED", "");
	assert_file(&env, "share/alpha/notes.txt", "notes\n");
	g_autofree char *tool = g_strdup_printf("#!%s\nprint(1)\n", env.python.executable);
	assert_file(&env, "bin/alpha-tool", tool);
	g_autofree char *script = g_strdup_printf("#!%s\nimport sys\nfrom alpha import main\n"
						  "if __name__ == '__main__':\n"
						  "    sys.argv[0] = "
						  "sys.argv[0].removesuffix('.exe')\n"
						  "    sys.exit(main())\n",
		env.python.executable);
	assert_file(&env, "bin/alpha", script);
	g_assert_cmpuint(count_staging(&env), ==, 0);
	struct stat info;
	g_autofree char *path = g_build_filename(env.bin, "alpha", NULL);
	g_assert_cmpint(stat(path, &info), ==, 0);
	g_assert_cmpuint(info.st_mode & 07777, ==, 0755);
	g_autofree char *notes = g_build_filename(env.prefix, "share/alpha/notes.txt", NULL);
	g_assert_cmpint(stat(notes, &info), ==, 0);
	g_assert_cmpuint(info.st_mode & 07777, ==, 0755);
	environment_close(&env);
	environment_tear_down(&env);
}

/* Rows as pip writes them: sorted, CRLF, paths from site-packages. */
static void
test_record(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, true, &error));
	g_autofree char *record = environment_read(&env, SITE "alpha-1.0.dist-info/RECORD");
	g_auto(GStrv) rows = g_strsplit(record, "\r\n", -1);
	g_autoptr(GString) paths = g_string_new(NULL);
	for (char **row = rows; *row && **row; row++)
		g_string_append_printf(paths, "%.*s%s\n", (int)strcspn(*row, ","), *row,
			g_str_has_suffix(*row, ",,") ? " -" : "");
	g_autofree char *wanted = g_strdup_printf("../../../bin/alpha\n"
						  "../../../bin/alpha-tool\n"
						  "../../../share/alpha/notes.txt\n"
						  "alpha-1.0.dist-info/INSTALLER\n"
						  "alpha-1.0.dist-info/METADATA\n"
						  "alpha-1.0.dist-info/RECORD -\n"
						  "alpha-1.0.dist-info/REQUESTED\n"
						  "alpha-1.0.dist-info/WHEEL\n"
						  "alpha-1.0.dist-info/entry_points.txt\n"
						  "alpha/__init__.py\n"
						  "alpha/__pycache__/__init__.%s.pyc -\n"
						  "alpha/__pycache__/old.%s.pyc -\n"
						  "alpha/old.py\n"
						  "shared/__pycache__/alpha.%s.pyc -\n"
						  "shared/alpha.py\n",
		env.python.cache_tag, env.python.cache_tag, env.python.cache_tag);
	g_assert_cmpstr(paths->str, ==, wanted);
	environment_close(&env);
	environment_tear_down(&env);
}

static void
test_upgrade(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, true, &error));
	g_autofree char *own = g_build_filename(env.site, "shared", "mine.py", NULL);
	g_assert_true(g_file_set_contents(own, "mine\n", -1, NULL));
	g_assert_true(install(&env, second, true, &error));
	g_assert_no_error(error);
	assert_file(&env, SITE "alpha/__init__.py", "v = 2\n");
	assert_file(&env, SITE "alpha/new.py", "x = 2\n");
	assert_absent(&env, SITE "alpha/old.py");
	assert_absent(&env, SITE "alpha-1.0.dist-info");
	assert_absent(&env, "bin/alpha-tool");
	assert_absent(&env, "share");
	assert_absent(&env, SITE "beta.py");
	assert_file(&env, SITE "beta/__init__.py", "v = 2\n");
	assert_file(&env, SITE "shared/mine.py", "mine\n");
	assert_file(&env, SITE "shared/alpha.py", "a = 2\n");
	g_assert_cmpuint(count_staging(&env), ==, 0);
	environment_close(&env);
	environment_tear_down(&env);
}

/* Byte code is what the interpreter would have written at that place, from the cache too. */
static void
test_bytecode(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_autofree char *path = g_strdup_printf(
		"%s/alpha/__pycache__/__init__.%s.pyc", env.site, env.python.cache_tag);
	for (int round = 0; round < 2; round++) {
		g_autofree char *source = g_build_filename(env.site, "alpha/__init__.py", NULL);
		g_autofree char *copy = g_build_filename(env.folder, "expected.pyc", NULL);
		g_assert_true(install(&env, first, true, &error));
		g_autofree char *code = g_strdup_printf(
			"import py_compile; py_compile.compile('%s', '%s')", source, copy);
		const char *argv[] = {env.python.executable, "-I", "-c", code, NULL};
		int status = -1;
		g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
			NULL, NULL, &status, NULL));
		g_assert_cmpint(status, ==, 0);
		g_autofree char *got = NULL, *want = NULL;
		gsize got_length = 0, want_length = 0;
		g_assert_true(g_file_get_contents(path, &got, &got_length, NULL));
		g_assert_true(g_file_get_contents(copy, &want, &want_length, NULL));
		g_assert_cmpuint(got_length, ==, want_length);
		g_assert_cmpint(memcmp(got, want, want_length), ==, 0);
	}
	environment_close(&env);
	environment_tear_down(&env);
}

/* Two distributions of one change with the same path: the later one's file, whoever was faster. */
static void
test_clash(void)
{
	static const char *const one[] = {"both/__init__.py", "1\n", "both/a.py", "1\n",
		"@/entry_points.txt", "[console_scripts]\ntool = one:f\n", NULL};
	static const char *const two[] = {"both/__init__.py", "2\n", "both/b.py", "2\n",
		"@/entry_points.txt", "[console_scripts]\ntool = two:f\n", NULL};
	static const struct request requests[] = {
		{"one", "1", one}, {"two", "1", two}, {NULL, NULL, NULL}};
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, requests, false, &error));
	g_assert_no_error(error);
	assert_file(&env, SITE "both/__init__.py", "2\n");
	assert_file(&env, SITE "both/a.py", "1\n");
	assert_file(&env, SITE "both/b.py", "2\n");
	g_autofree char *tool = environment_read(&env, "bin/tool");
	g_assert_nonnull(strstr(tool, "from two import f"));
	environment_close(&env);
	environment_tear_down(&env);
}

/* A failure while renaming leaves everything as it was. */
static void
test_rollback(void)
{
	static const char *const files[] = {"alpha/__init__.py", "v = 3\n", "zeta.py", "z\n", NULL};
	static const struct request requests[] = {{"alpha", "3.0", files}, {NULL, NULL, NULL}};
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, false, &error));
	/* A folder where a file shall be. */
	g_autofree char *folder = g_build_filename(env.site, "zeta.py", "in", NULL);
	g_assert_true(fs_mkdirs(folder, 0755, NULL));
	g_autofree char *before = environment_tree(&env);
	g_assert_false(install(&env, requests, false, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_IO);
	g_clear_error(&error);
	g_autofree char *after = environment_tree(&env);
	g_assert_cmpstr(before, ==, after);
	environment_close(&env);
	environment_tear_down(&env);
}

static void
test_refusals(void)
{
	static const char *const escapes[] = {
		"@/entry_points.txt", "[console_scripts]\n../../evil = a:b\n", NULL};
	static const char *const python[] = {
		"@/entry_points.txt", "[console_scripts]\npython = a:b\n", NULL};
	static const char *const scheme[] = {"%/nowhere/x", "x", NULL};
	static const char *const venv[] = {"%/data/pyvenv.cfg", "x", NULL};
	static const char *const interpreter[] = {"!%/data/bin/python3.11", "x", NULL};
	static const char *const *const all[] = {escapes, python, scheme, venv, interpreter};
	struct environment env;
	environment_set_up(&env);
	environment_open(&env);
	g_autofree char *before = environment_tree(&env);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		GError *error = NULL;
		struct change_options options = environment_options(&env);
		g_autoptr(Change) change = change_begin(&options, &error);
		g_autofree char *name = g_strdup_printf("bad%zu", i);
		/* The store refuses some of them before we see them. */
		if (all[i] == scheme)
			continue;
		g_autoptr(StoreWheel) wheel = environment_wheel(&env, name, "1", all[i]);
		struct change_install what = {.wheel = wheel, .name = name};
		g_assert_false(
			change_install(change, &what, &error) && change_commit(change, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_clear_error(&error);
	}
	g_autofree char *after = environment_tree(&env);
	g_assert_cmpstr(before, ==, after);
	environment_close(&env);
	environment_tear_down(&env);
}

static void
test_target(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_autofree char *target = g_build_filename(env.prefix, "flat", NULL);
	struct python_scheme *scheme =
		python_scheme_for(env.real, false, NULL, NULL, target, &error);
	g_assert_no_error(error);
	struct {
		bool replace;
		const struct request *requests;
		const char *text;
	} rounds[] = {
		{false, first, "v = 1\n"}, {false, second, "v = 1\n"}, {true, second, "v = 2\n"}};
	for (size_t i = 0; i < G_N_ELEMENTS(rounds); i++) {
		struct change_options options = environment_options(&env);
		options.scheme = scheme;
		options.target = target;
		options.replace = rounds[i].replace;
		g_autoptr(Change) change = change_begin(&options, &error);
		for (const struct request *r = rounds[i].requests; r->name; r++) {
			g_autoptr(StoreWheel) wheel =
				environment_wheel(&env, r->name, r->version, r->files);
			struct change_install what = {.wheel = wheel, .name = r->name};
			change_install(change, &what, &error);
			g_assert_no_error(error);
		}
		change_commit(change, &error);
		g_assert_no_error(error);
		assert_file(&env, "flat/alpha/__init__.py", rounds[i].text);
	}
	assert_absent(&env, "flat/alpha/old.py");
	g_autofree char *script = environment_read(&env, "flat/bin/alpha2");
	g_assert_nonnull(script);
	python_scheme_free(scheme);
	environment_close(&env);
	environment_tear_down(&env);
}

/* An uncommitted change leaves nothing, not even the folder that it made. */
static void
test_dropped(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_autofree char *before = environment_tree(&env);
	g_autofree char *target = g_build_filename(env.prefix, "new", "flat", NULL);
	struct python_scheme *scheme =
		python_scheme_for(env.real, false, NULL, NULL, target, &error);
	struct change_options options = environment_options(&env);
	options.scheme = scheme;
	options.target = target;
	options.compile = true;
	Change *change = change_begin(&options, &error);
	g_autoptr(StoreWheel) wheel = environment_wheel(&env, "alpha", "1.0", alpha_1);
	struct change_install what = {.wheel = wheel, .name = "alpha"};
	g_assert_true(change_install(change, &what, &error));
	change_free(change);
	g_autofree char *after = environment_tree(&env);
	g_assert_cmpstr(before, ==, after);
	python_scheme_free(scheme);
	environment_close(&env);
	environment_tear_down(&env);
}

/* A file of the store that a user edited through its hard link is not installed again. */
static void
test_edited(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, true, &error));
	g_autofree char *path = g_build_filename(env.site, "alpha/__init__.py", NULL);
	FILE *file = fopen(path, "r+e");
	fputs("v = 9\n", file);
	fclose(file);
	g_assert_true(install(&env, first, true, &error));
	g_assert_no_error(error);
	assert_file(&env, SITE "alpha/__init__.py", "v = 1\n");
	environment_close(&env);
	environment_tear_down(&env);
}

/* --- crashes ------------------------------------------------------------------------------- */

static void
copy_tree(const char *from, const char *to)
{
	g_assert_true(fs_remove_tree(to, NULL));
	const char *argv[] = {"cp", "-a", from, to, NULL};
	int status = -1;
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

/* Runs an upgrade, or a recovery, in a process that dies at that point; true if it lived. */
static bool
run_until(struct environment *env, bool recover, unsigned point)
{
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		g_autofree char *text = g_strdup_printf("%u", point);
		GError *error = NULL;
		setenv("XPIP_CRASH_AT", text, 1);
		environment_open(env);
		bool ok = recover ? change_recover(
					    &env->python, &env->python.scheme, env->log, &error)
				  : install(env, second, false, &error);
		_exit(ok ? 0 : 1);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0)
		g_assert_cmpint(errno, ==, EINTR);
	if (WIFSIGNALED(status)) {
		g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
		return false;
	}
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	return true;
}

static void
recover(struct environment *env)
{
	GError *error = NULL;
	g_assert_true(change_recover(&env->python, &env->python.scheme, env->log, &error));
	g_assert_no_error(error);
	g_assert_false(change_is_broken(&env->python.scheme));
	g_assert_cmpuint(count_staging(env), ==, 0);
}

/* Killed at each point of an upgrade, and of the recovery from it: all old or all new. */
static void
test_crashes(void)
{
	struct environment env;
	GError *error = NULL;
	environment_set_up(&env);
	environment_open(&env);
	g_assert_true(install(&env, first, false, &error));
	g_autofree char *saved = g_build_filename(env.folder, "saved", NULL);
	g_autofree char *old = environment_tree(&env);
	copy_tree(env.prefix, saved);
	g_assert_true(install(&env, second, false, &error));
	g_autofree char *new = environment_tree(&env);
	environment_close(&env);
	g_assert_cmpstr(old, !=, new);
	unsigned old_count = 0, new_count = 0, point = 1;
	for (bool finished = false; !finished; point++) {
		copy_tree(saved, env.prefix);
		finished = run_until(&env, false, point);
		for (unsigned again = 1; point % 3 == 0 && !run_until(&env, true, again);)
			again += 2;
		recover(&env);
		g_autofree char *found = environment_tree(&env);
		bool is_old = strcmp(found, old) == 0;
		old_count += is_old;
		new_count += !is_old;
		if (!is_old)
			g_assert_cmpstr(found, ==, new);
	}
	g_assert_cmpuint(old_count, >, 0);
	g_assert_cmpuint(new_count, >, 10);
	environment_tear_down(&env);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/change/install", test_install);
	g_test_add_func("/change/record", test_record);
	g_test_add_func("/change/upgrade", test_upgrade);
	g_test_add_func("/change/bytecode", test_bytecode);
	g_test_add_func("/change/clash", test_clash);
	g_test_add_func("/change/rollback", test_rollback);
	g_test_add_func("/change/refusals", test_refusals);
	g_test_add_func("/change/target", test_target);
	g_test_add_func("/change/dropped", test_dropped);
	g_test_add_func("/change/edited", test_edited);
	g_test_add_func("/change/crashes", test_crashes);
	return g_test_run();
}
