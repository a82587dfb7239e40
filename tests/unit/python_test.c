/* SPDX-License-Identifier: MIT */
/* What we say of an environment against what its own interpreter says. */
#include "wheel/python.h"

#include "lib/error.h"
#include "lib/fs.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line each: prefix, purelib, platlib, scripts, data, user base, user site, its switch, and
 * then sys.path; the environment's own code runs. */
static const char report[] =
	"import sys, site, sysconfig\n"
	"new = hasattr(sysconfig, 'get_preferred_scheme')\n"
	"paths = sysconfig.get_paths(sysconfig.get_preferred_scheme('prefix') if new else "
	"'posix_prefix')\n"
	"print(sys.prefix, *[paths[k] for k in ('purelib', 'platlib', 'scripts', 'data')],\n"
	"      site.getuserbase(), site.getusersitepackages(), bool(site.ENABLE_USER_SITE),\n"
	"      *[p for p in sys.path if p], sep='\\n')";

struct fixture {
	char *folder, *env, *cache;
	Log *log;
};

static char *
run(const char *const *argv)
{
	char *out = NULL;
	int status = 0;
	g_autoptr(GError) error = NULL;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL,
		&status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
	return out;
}

static void
make_env(const struct fixture *f, const char *flag)
{
	const char *argv[] = {"python3", "-m", "venv", "--without-pip", f->env, flag, NULL};
	g_free(run(argv));
}

static void
set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	struct log_options quiet = {.verbosity = -3};
	static const char *const unset[] = {
		"PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "VIRTUAL_ENV", NULL};
	for (size_t i = 0; unset[i]; i++)
		g_unsetenv(unset[i]);
	f->folder = fs_temp_dir("python-", NULL);
	g_assert_nonnull(f->folder);
	f->env = g_build_filename(f->folder, "env", NULL);
	f->cache = g_build_filename(f->folder, "cache", NULL);
	f->log = log_new(&quiet, NULL);
}

static void
tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	fs_remove_tree(f->folder, NULL);
	g_free(f->folder);
	g_free(f->env);
	g_free(f->cache);
	log_free(f->log);
}

static Python *
find(const struct fixture *f, const char *named)
{
	struct python_options options = {.python = named, .cache_dir = f->cache};
	g_autoptr(GError) error = NULL;
	Python *python = python_find(&options, f->log, &error);
	g_assert_no_error(error);
	return python;
}

static void
write_file(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	g_assert_true(fs_mkdirs(parent, 0755, NULL));
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Our facts of `named` (an environment or interpreter) are the interpreter's own; they stay so when
 * they come from the cache. */
static void
assert_true_to(const struct fixture *f, const char *named, const char *executable)
{
	const char *argv[] = {executable, "-c", report, NULL};
	g_autofree char *expected = run(argv);
	for (int turn = 0; turn < 2; turn++) {
		g_autoptr(Python) python = find(f, named);
		g_autofree char *path = g_strjoinv("\n", python->sys_path);
		g_autofree char *ours = g_strjoin("\n", python->prefix, python->scheme.purelib,
			python->scheme.platlib, python->scheme.scripts, python->scheme.data,
			python->user_base, python->user_site,
			python->user_site_enabled ? "True" : "False", path, "", NULL);
		g_assert_cmpstr(ours, ==, expected);
	}
}

static void
assert_env(const struct fixture *f)
{
	g_autofree char *executable = g_build_filename(f->env, "bin", "python", NULL);
	assert_true_to(f, f->env, executable);
	assert_true_to(f, executable, executable);
}

static char *
site_packages(const struct fixture *f)
{
	g_autoptr(Python) python = find(f, f->env);
	return g_strdup(python->scheme.purelib);
}

static void
test_plain(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	assert_env(f);
	g_autoptr(Python) python = find(f, f->env);
	g_assert_true(python->is_venv && !python->system_site && !python->externally_managed);
	/* an active environment is found by its variable */
	g_setenv("VIRTUAL_ENV", f->env, TRUE);
	g_autoptr(Python) active = find(f, NULL);
	g_assert_cmpstr(active->prefix, ==, f->env);
}

static void
test_base(struct fixture *f, gconstpointer data)
{
	(void)data;
	const char *argv[] = {"python3", "-c", "import sys; print(sys.executable, end='')", NULL};
	g_autofree char *executable = run(argv);
	assert_true_to(f, executable, executable);
	g_autoptr(Python) python = find(f, executable);
	g_assert_false(python->is_venv);
	g_assert_cmpstr(python->prefix, ==, python->base_prefix);
}

static void
test_system_site(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, "--system-site-packages");
	assert_env(f);
	/* with a user site that exists, switched on and off */
	g_autofree char *user = g_build_filename(f->folder, "user", NULL);
	g_setenv("PYTHONUSERBASE", user, TRUE);
	g_autoptr(Python) python = find(f, f->env);
	g_assert_true(g_str_has_prefix(python->user_site, user));
	write_file(python->user_site, "extra.pth", "extra\n");
	write_file(python->user_site, "extra/mod.py", "");
	assert_env(f);
	g_setenv("PYTHONNOUSERSITE", "1", TRUE);
	assert_env(f);
}

static void
test_copies(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, "--copies");
	assert_env(f);
	/* what uv and virtualenv write has no `executable` */
	g_autofree char *path = g_build_filename(f->env, "pyvenv.cfg", NULL), *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) less = g_string_new(NULL);
	for (char **line = lines; *line; line++)
		if (!g_str_has_prefix(*line, "executable"))
			g_string_append_printf(less, "%s\n", *line);
	write_file(f->env, "pyvenv.cfg", less->str);
	assert_env(f);
}

/* Folders named by .pth files come and go without a change to the interpreter. */
static void
test_pth(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	g_autofree char *site = site_packages(f);
	g_autofree char *other = g_build_filename(f->folder, "other", NULL);
	g_assert_true(fs_mkdirs(other, 0755, NULL));
	g_autofree char *lines = g_strconcat(
		"# a comment\n\n", other, "  \nmissing\ninner\nimport os\n", other, "\n", NULL);
	write_file(site, "inner/b.py", "");
	write_file(site, "z.pth", lines);
	write_file(site, "a.pth", "../..\n");
	assert_env(f);
	write_file(site, "z.pth", "");
	assert_env(f);
	write_file(site, "b.pth", "import sys; sys.path.insert(0, '/')\n");
	assert_env(f);
}

static void
test_customized(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	g_autofree char *site = site_packages(f);
	g_autofree char *code = g_strdup_printf(
		"import site, sys\nsite.addsitedir('%s')\nsys.path.reverse()\n", f->folder);
	write_file(site, "sitecustomize.py", code);
	assert_env(f);
}

static void
test_pythonpath(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	g_autofree char *path = g_strconcat(f->folder, ":/not/there:", f->folder, NULL);
	g_setenv("PYTHONPATH", path, TRUE);
	assert_env(f);
}

/* The answer is read from the cache while the interpreter is the same file; a broken entry is asked
 * for again. */
static void
test_cache(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	g_autoptr(Python) first = find(f, f->env);
	g_autofree char *folder = g_build_filename(f->cache, "interpreters-v1", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	g_assert_nonnull(dir);
	const char *name = g_dir_read_name(dir);
	g_assert_nonnull(name);
	g_assert_null(g_dir_read_name(dir));
	g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_auto(GStrv) parts = g_strsplit(text, first->version, -1);
	g_autofree char *changed = g_strjoinv("3.99.0", parts);
	write_file(folder, name, changed);
	g_autoptr(Python) cached = find(f, f->env);
	g_assert_cmpstr(cached->version, ==, "3.99.0");
	write_file(folder, name, "{}");
	g_autoptr(Python) again = find(f, f->env);
	g_assert_cmpstr(again->version, ==, first->version);
}

static void
assert_refused(const struct fixture *f, const char *named, const char *message)
{
	struct python_options options = {.python = named};
	g_autoptr(GError) error = NULL;
	g_assert_null(python_find(&options, f->log, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_ENVIRONMENT);
	g_assert_nonnull(strstr(error->message, message));
}

static void
test_refused(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *script = g_build_filename(f->folder, "script", NULL);
	write_file(f->folder, "script",
		"#!/bin/sh\necho no; echo 'sorry: it is a shell' >&2; exit 3\n");
	assert_refused(f, f->folder, "Could not locate Python interpreter");
	assert_refused(f, "no-such-python", "Could not locate Python interpreter no-such-python");
	g_assert_cmpint(g_chmod(script, 0755), ==, 0);
	assert_refused(f, script, "sorry: it is a shell");
	assert_refused(f, "/bin/true", "/bin/true is no usable Python 3 interpreter");
}

static void
assert_scheme(struct python_scheme *scheme, const char *purelib, const char *headers,
	const char *scripts, const char *data)
{
	g_assert_nonnull(scheme);
	g_assert_cmpstr(scheme->purelib, ==, purelib);
	g_assert_cmpstr(scheme->headers, ==, headers);
	g_assert_cmpstr(scheme->scripts, ==, scripts);
	g_assert_cmpstr(scheme->data, ==, data);
	python_scheme_free(scheme);
}

static void
test_schemes(struct fixture *f, gconstpointer data)
{
	(void)data;
	make_env(f, NULL);
	g_setenv("PYTHONUSERBASE", "/u", TRUE);
	g_autoptr(Python) python = find(f, f->env);
	g_autofree char *xy = g_strdup_printf("python%d.%d", python->major, python->minor);
	g_autofree char *below = g_strdup_printf("lib/%s/site-packages", xy);
	g_autofree char *rooted = g_strdup_printf("/r%s/%s", f->env, below);
	g_autofree char *rooted_headers = g_strdup_printf("/r%s/include/site/%s", f->env, xy);
	g_autofree char *rooted_bin = g_strdup_printf("/r%s/bin", f->env);
	g_autofree char *rooted_data = g_strdup_printf("/r%s", f->env);
	assert_scheme(python_scheme_for(python, false, "/r/", NULL, NULL, NULL), rooted,
		rooted_headers, rooted_bin, rooted_data);
	g_autofree char *prefixed = g_strdup_printf("/p/%s", below);
	g_autofree char *prefix_headers = g_strdup_printf("/p/include/site/%s", xy);
	assert_scheme(python_scheme_for(python, false, NULL, "/p", NULL, NULL), prefixed,
		prefix_headers, "/p/bin", "/p");
	g_autofree char *user = g_strdup_printf("/u/%s", below);
	g_autofree char *user_headers = g_strdup_printf("%s/include/site/%s", f->env, xy);
	assert_scheme(python_scheme_for(python, true, NULL, NULL, NULL, NULL), user, user_headers,
		"/u/bin", "/u");
	g_autofree char *target_headers = g_strdup_printf("/t/include/site/%s", xy);
	assert_scheme(python_scheme_for(python, false, NULL, NULL, "/t", NULL), "/t",
		target_headers, "/t/bin", "/t");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {{"/python/plain", test_plain}, {"/python/base", test_base},
		{"/python/system-site", test_system_site}, {"/python/copies", test_copies},
		{"/python/pth", test_pth}, {"/python/customized", test_customized},
		{"/python/pythonpath", test_pythonpath}, {"/python/cache", test_cache},
		{"/python/refused", test_refused}, {"/python/schemes", test_schemes}};
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
