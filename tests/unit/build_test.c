/* SPDX-License-Identifier: MIT */
/* Build back ends called by their hooks: the back end is a module of the project itself, so nothing
 * has to be installed. */
#include "lib/error.h"
#include "lib/fs.h"
#include "resolver/buildreq.h"
#include "wheel/build.h"

#include <string.h>

/* A back end that writes a wheel with python's zipfile; {hooks} is what a test adds. */
static const char backend[] =
	"import os, zipfile\n"
	"META = 'Metadata-Version: 2.1\\nName: Demo\\nVersion: 1.0\\n'\n"
	"def pack(folder, body):\n"
	"    name = 'demo-1.0-py3-none-any.whl'\n"
	"    with zipfile.ZipFile(os.path.join(folder, name), 'w') as z:\n"
	"        z.writestr('demo.py', body)\n"
	"        z.writestr('demo-1.0.dist-info/METADATA', META)\n"
	"        z.writestr('demo-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\n')\n"
	"        z.writestr('demo-1.0.dist-info/RECORD', '')\n"
	"    return name\n"
	"def build_wheel(folder, settings=None, metadata=None):\n"
	"    print('settings', settings)\n"
	"    return pack(folder, repr(settings))\n";
static const char pyproject[] = "[build-system]\nrequires = []\nbuild-backend = 'backend'\n"
				"backend-path = ['.']\n";

struct box {
	Log *log;
	Loop *loop;
	Python *python;
	char *folder;
	GString *installed; /* what the installer was asked for */
	struct build_options options;
};

static bool
note_install(void *user, const char *prefix, const char *const *requirements, const char *kind,
	const char *for_what, GError **error)
{
	struct box *box = user;
	g_autofree char *list = g_strjoinv(",", (char **)requirements);
	g_string_append_printf(box->installed, "%s=%s;", kind, list);
	g_assert_cmpstr(for_what, ==, "demo");
	/* `fake` becomes a distribution of the environment. */
	struct python_scheme *scheme =
		python_scheme_for(box->python, false, NULL, prefix, NULL, NULL);
	g_autofree char *made = g_build_filename(scheme->purelib, "fake-1.0.dist-info", NULL);
	python_scheme_free(scheme);
	g_assert_true(fs_mkdirs(made, 0755, NULL));
	return strstr(list, "broken") ? error_set(error, ERROR_NO_MATCH, "no broken") : true;
}

static void
put(const struct box *box, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(box->folder, name, NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
open_box(struct box *box, const char *toml, const char *more)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *code = g_strconcat(backend, more, NULL);
	memset(box, 0, sizeof *box);
	box->log = log_new(&(struct log_options){.verbosity = -5}, &error);
	box->loop = loop_new(&error);
	box->python = python_find(&(struct python_options){0}, box->log, &error);
	g_assert_no_error(error);
	box->folder = fs_temp_dir("xpip-test-", &error);
	box->installed = g_string_new(NULL);
	if (toml)
		put(box, "pyproject.toml", toml);
	put(box, "backend.py", code);
	box->options = (struct build_options){.python = box->python,
		.log = box->log,
		.loop = box->loop,
		.isolation = true,
		.install = note_install,
		.check = buildreq_check,
		.user = box};
}

static void
close_box(struct box *box)
{
	g_assert_true(fs_remove_tree(box->folder, NULL));
	g_free(box->folder);
	g_string_free(box->installed, TRUE);
	python_free(box->python);
	loop_free(box->loop);
	log_free(box->log);
}

/* Without a metadata hook the wheel is built once and used for both. */
static void
test_wheel(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	open_box(&box, pyproject, "");
	const char *settings[] = {"a=1", "b=x", "a=2", NULL};
	box.options.config_settings = settings;
	g_autoptr(Build) build = build_new(&box.options, box.folder, "demo", &error);
	g_assert_no_error(error);
	g_autoptr(Metadata) metadata = build_metadata(build, false, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(metadata->name, ==, "Demo");
	g_assert_cmpstr(box.installed->str, ==, "");
	g_autofree char *out = g_build_filename(box.folder, "out", NULL);
	g_autofree char *wheel = build_wheel(build, false, out, &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_suffix(wheel, "/out/demo-1.0-py3-none-any.whl"));
	gsize length;
	g_autofree char *bytes = NULL;
	g_assert_true(g_file_get_contents(wheel, &bytes, &length, NULL));
	g_assert_nonnull(memmem(bytes, length, "{'a': ['1', '2'], 'b': 'x'}", 27));
	close_box(&box);
}

static void
test_requirements(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	open_box(&box,
		"[build-system]\nrequires = ['fake', 'other; python_version < \"3\"']\n"
		"build-backend = 'backend'\nbackend-path = ['.']\n",
		"import sys\n"
		"assert not any('site-packages' in p and 'xpip-build-' not in p for p in "
		"sys.path), "
		"sys.path\n"
		"def get_requires_for_build_wheel(settings=None):\n"
		"    return ['fake>=0.5', 'more']\n");
	g_autoptr(Build) build = build_new(&box.options, box.folder, "demo", &error);
	g_assert_no_error(error);
	g_autoptr(Metadata) metadata = build_metadata(build, false, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(box.installed->str, ==,
		"build dependencies=fake,other; python_version < \"3\";backend dependencies=more;");
	close_box(&box);
}

static void
test_conflict(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	open_box(&box,
		"[build-system]\nrequires = ['fake']\n"
		"build-backend = 'backend'\nbackend-path = ['.']\n",
		"def get_requires_for_build_wheel(settings=None):\n    return ['fake>=2']\n");
	g_autoptr(Build) build = build_new(&box.options, box.folder, "demo", &error);
	g_assert_no_error(error);
	g_assert_null(build_metadata(build, false, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_CONFLICT);
	g_assert_cmpstr(error->message, ==,
		"Some build dependencies for demo conflict with the backend dependencies: "
		"fake==1.0 is incompatible with fake>=2.");
	close_box(&box);
}

/* Hooks that are there are used, with the metadata handed on to the wheel. */
static void
test_hooks(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	open_box(&box, pyproject,
		"def prepare_metadata_for_build_editable(folder, settings=None):\n"
		"    os.makedirs(os.path.join(folder, 'demo-1.0.dist-info'))\n"
		"    with open(os.path.join(folder, 'demo-1.0.dist-info', 'METADATA'), 'w') as f:\n"
		"        f.write(META + 'Requires-Dist: six\\n')\n"
		"    return 'demo-1.0.dist-info'\n"
		"def build_editable(folder, settings=None, metadata=None):\n"
		"    assert os.path.isfile(os.path.join(metadata, 'METADATA'))\n"
		"    return pack(folder, 'editable')\n");
	g_autoptr(Build) build = build_new(&box.options, box.folder, "demo", &error);
	g_assert_no_error(error);
	g_autoptr(Metadata) metadata = build_metadata(build, true, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(metadata->requires_dist[0], ==, "six");
	g_autofree char *wheel = build_wheel(build, true, box.folder, &error);
	g_assert_no_error(error);
	g_assert_true(g_file_test(wheel, G_FILE_TEST_IS_REGULAR));
	close_box(&box);
}

static void
fails(const char *toml, const char *more, bool editable, enum error_kind kind, const char *why)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	open_box(&box, toml, more);
	g_autoptr(Build) build = build_new(&box.options, box.folder, "demo", &error);
	g_autoptr(Metadata) metadata = build ? build_metadata(build, editable, &error) : NULL;
	g_autofree char *wheel = metadata ? build_wheel(build, editable, box.folder, &error) : NULL;
	g_assert_null(wheel);
	g_assert_error(error, XPIP_ERROR, (int)kind);
	if (!strstr(error->message, why))
		g_error("wanted `%s`, got: %s", why, error->message);
	close_box(&box);
}

static void
test_failures(void)
{
	fails(NULL, "", false, ERROR_INVALID_INPUT, "neither 'setup.py' nor 'pyproject.toml'");
	fails("[build-system]\n", "", false, ERROR_SILENT, "Can not process demo");
	fails("[build-system]\nrequires = 'x'\n", "", false, ERROR_SILENT, "Can not process demo");
	fails("[build-system]\nrequires = ['x', 1]\n", "", false, ERROR_SILENT, "Can not process");
	fails("[build-system]\nrequires = ['not a name']\n", "", false, ERROR_SILENT, "Can not");
	fails("[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['..']\n", "",
		false, ERROR_INVALID_INPUT, "paths must be inside source tree");
	fails("[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['/']\n", "",
		false, ERROR_INVALID_INPUT, "paths must be relative");
	fails("[build-system]\nrequires = []\nbuild-backend = 'no_such'\nbackend-path = ['.']\n",
		"", false, ERROR_IO, "Failed to build 'demo' when calling build backend hook");
	fails("[build-system]\nrequires = ['broken']\nbuild-backend = 'backend'\n", "", false,
		ERROR_IO, "Failed to build 'demo' when installing build dependencies");
	fails(pyproject, "", true, ERROR_INVALID_INPUT, "missing the 'build_editable' hook");
	fails(pyproject, "raise SystemExit(3)\n", false, ERROR_IO,
		"Failed to build 'demo' when getting requirements to build wheel");
	fails(pyproject,
		"def prepare_metadata_for_build_wheel(folder, settings=None):\n    1 / 0\n", false,
		ERROR_SILENT, "metadata generation failed");
	fails(pyproject,
		"def prepare_metadata_for_build_wheel(folder, settings=None):\n"
		"    return '../x'\n",
		false, ERROR_INVALID_INPUT, "no file name");
	fails(pyproject,
		"prepare_metadata_for_build_wheel = lambda f, s: os.mkdir(f + '/d') or "
		"open(f + '/d/METADATA', 'w').write(META) and 'd'\n"
		"def build_wheel(folder, settings=None, metadata=None):\n    1 / 0\n",
		false, ERROR_SILENT, "Failed building Demo");
	fails(pyproject, "META = META.replace('Demo', 'Other')\n", false, ERROR_SILENT, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/wheel", test_wheel);
	g_test_add_func("/build/requirements", test_requirements);
	g_test_add_func("/build/conflict", test_conflict);
	g_test_add_func("/build/hooks", test_hooks);
	g_test_add_func("/build/failures", test_failures);
	return g_test_run();
}
