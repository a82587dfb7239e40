/* SPDX-License-Identifier: MIT */
/* Lock files: what they select, what is refused, and what is written can be read. */
#include "lib/toml.h"
#include "resolver/pylock.h"

#include <string.h>

#define HEAD "lock-version = \"1.0\"\ncreated-by = \"x\"\n"
#define HASH "hashes = {sha256 = \"00\"}"

static const struct marker_env env = {{"cpython", "3.12.1", "posix", "x86_64", "CPython", "6.1",
	"Linux", "#1", "3.12.1", "3.12", "linux"}};
static Python python = {.implementation = (char *)"cpython",
	.version = (char *)"3.12.1",
	.cache_tag = (char *)"cpython-312",
	.major = 3,
	.minor = 12,
	.micro = 1,
	.abis = (char *[]){(char *)"cp312", NULL},
	.platform = (char *)"linux-x86_64",
	.libc = {2, 36}};

static GPtrArray *
select_from(const char *text, const char *place, GError **error)
{
	g_autoptr(Tags) tags = tags_for_python(&python);
	struct pylock_target target = {&env, tags};
	return pylock_select(text, strlen(text), place, &target, NULL, error);
}

/* NAME==VERSION|URL|HASH for each, joined by a space. */
static void
selects(const char *text, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = select_from(text, "/dir/pylock.toml", &error);
	g_assert_no_error(error);
	g_autoptr(GString) out = g_string_new(NULL);
	for (guint i = 0; i < items->len; i++) {
		const struct pylock_item *item = g_ptr_array_index(items, i);
		g_string_append_printf(out, "%s%s%s%s|%s|%s%s", i ? " " : "", item->name,
			item->version ? "==" : "", item->version ? item->version : "", item->url,
			item->hashes ? item->hashes[0] : "-", item->editable ? "|e" : "");
	}
	g_assert_cmpstr(out->str, ==, wanted);
}

static void
refuses(const char *text, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(select_from(text, "/dir/pylock.toml", &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	if (!strstr(error->message, why))
		g_error("wanted `%s`, got: %s", why, error->message);
}

static void
test_names(void)
{
	g_assert_true(pylock_is_name("pylock.toml"));
	g_assert_true(pylock_is_name("a/pylock.dev.toml"));
	g_assert_true(pylock_is_name("https://h/x/pylock.toml?a=b/c"));
	g_assert_false(pylock_is_name("pylock.a.b.toml"));
	g_assert_false(pylock_is_name("pylock..toml"));
	g_assert_false(pylock_is_name("requirements.txt"));
	g_assert_false(pylock_is_name("xpylock.toml"));
}

static void
test_select(void)
{
	selects(HEAD "packages = []\n", "");
	selects(HEAD
		"[[packages]]\nname = \"a\"\nversion = \"1.0\"\n"
		"sdist = {url = \"https://h/a-1.0.tar.gz\", " HASH "}\n"
		"[[packages.wheels]]\nname = \"a-1-py2-none-any.whl\"\nurl = \"https://h/x\"\n" HASH
		"\n[[packages.wheels]]\nurl = \"https://h/a-1.0-py3-none-any.whl\"\n" HASH
		"\n[[packages.wheels]]\npath = \"sub/a-1.0-cp312-cp312-linux_x86_64.whl\"\n" HASH
		"\n[[packages]]\nname = \"b\"\nsdist = {path = \"../b-2.tar.gz\", " HASH "}\n",
		"a==1.0|file:///dir/sub/a-1.0-cp312-cp312-linux_x86_64.whl|sha256:00 "
		"b==2|file:///b-2.tar.gz|sha256:00");
	selects(HEAD "[[packages]]\nname = \"a\"\ndirectory = {path = \".\", editable = true}\n"
		     "[[packages]]\nname = \"b\"\nvcs = {type = \"git\", url = \"https://h/b\", "
		     "commit-id = \"01\", subdirectory = \"s\"}\n"
		     "[[packages]]\nname = \"c\"\narchive = {url = \"https://h/c.zip\", " HASH ", "
		     "subdirectory = \"s\"}\n",
		"a|file:///dir|-|e b|git+https://h/b@01#subdirectory=s|- "
		"c|https://h/c.zip#subdirectory=s|sha256:00");
	selects(HEAD "default-groups = [\"Dev\"]\ndependency-groups = [\"dev\", \"x\"]\nextras = "
		     "[\"e\"]\n"
		     "[[packages]]\nname = \"a\"\nmarker = \"'dev' in dependency_groups\"\n"
		     "directory = {path = \"a\"}\n"
		     "[[packages]]\nname = \"b\"\nmarker = \"'x' in dependency_groups or 'e' in "
		     "extras\"\n"
		     "directory = {path = \"b\"}\n"
		     "[[packages]]\nname = \"a\"\nmarker = \"os_name == 'nt'\"\n"
		     "directory = {path = \"c\"}\n",
		"a|file:///dir/a|-");
}

static void
test_unselectable(void)
{
	static const char start[] = "Cannot select requirements from pylock file "
				    "'/dir/pylock.toml': ";
	refuses(HEAD "requires-python = '>=4'\npackages = []\n", start);
	refuses(HEAD "environments = [\"os_name == 'nt'\"]\npackages = []\n",
		"does not satisfy any of the environments");
	refuses(HEAD "[[packages]]\nname = 'a'\ndirectory = {path = 'x'}\n"
		     "[[packages]]\nname = 'a'\ndirectory = {path = 'y'}\n",
		"Multiple packages with the name 'a' are selected at packages[1] and packages[0]");
	refuses(HEAD
		"[[packages]]\nname = 'a'\nwheels = [{url = 'https://h/a-1-py2-none-any.whl', " HASH
		"}]\n",
		"No wheel found matching the provided tags for package 'a' at packages[0]");
	refuses(HEAD "[[packages]]\nname = 'a'\nrequires-python = '<3'\ndirectory = {path = 'x'}\n",
		"requirement '<3' for package 'a' at packages[0]");
}

static void
test_invalid(void)
{
	static const char *const cases[][2] = {
		{"x = ", "Invalid pylock file '/dir/pylock.toml': TOML: line 1"},
		{"", "Missing required value in 'created-by'"},
		{"created-by = 'x'\n", "Missing required value in 'lock-version'"},
		{"created-by = 'x'\nlock-version = '2.0'\n", "pylock version 2.0 is not supported"},
		{"created-by = 'x'\nlock-version = 1\n",
			"Unexpected type int (expected str) in 'lock-version'"},
		{HEAD, "Missing required value in 'packages'"},
		{HEAD "packages = [1]\n",
			"Unexpected type int (expected Mapping) in 'packages[0]'"},
		{HEAD "[[packages]]\nversion = '1'\n",
			"Missing required value in 'packages[0].name'"},
		{HEAD "[[packages]]\nname = 'A'\n",
			"Name 'A' is not normalized in 'packages[0].name'"},
		{HEAD "[[packages]]\nname = 'a'\n", "Exactly one of vcs, directory, archive"},
		{HEAD "[[packages]]\nname = 'a'\ndirectory = {path = 'x'}\n"
		      "sdist = {url = 'https://h/a-1.tar.gz', " HASH "}\n",
			"None of vcs, directory, archive must be set"},
		{HEAD "[[packages]]\nname = 'a'\nsdist = {url = 'https://h/b-1.tar.gz', " HASH
		      "}\n",
			"Name in 'b-1.tar.gz' is not consistent with package name 'a' in "
			"'packages[0].sdist'"},
		{HEAD "[[packages]]\nname = 'a'\nversion = '2'\nsdist = {url = "
		      "'https://h/a-1.tar.gz', " HASH "}\n",
			"Version in 'a-1.tar.gz' is not consistent with package version '2'"},
		{HEAD "[[packages]]\nname = 'a'\nsdist = {url = 'https://h/a-1.tar.gz'}\n",
			"Missing required value in 'packages[0].sdist.hashes'"},
		{HEAD "[[packages]]\nname = 'a'\nsdist = {hashes = {sha256 = '0'}}\n",
			"path or url must be provided in 'packages[0].sdist'"},
		{HEAD "[[packages]]\nname = 'a'\nwheels = [{url = 'https://h/a.whl', " HASH "}]\n",
			"Invalid wheel filename 'a.whl' in 'packages[0].wheels[0]'"},
		{HEAD "[[packages]]\nname = 'a'\narchive = {url = 'https://h/a.zip', hashes = "
		      "{}}\n",
			"At least one hash must be provided in 'packages[0].archive.hashes'"},
		{HEAD "[[packages]]\nname = 'a'\nvcs = {type = 'git', url = 'https://h'}\n",
			"Missing required value in 'packages[0].vcs.commit-id'"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		refuses(cases[i][0], cases[i][1]);
}

/* A lock file from the web names files of its own place only. */
static void
test_remote(void)
{
	static const char *const paths[][2] = {{"x/a-1.tar.gz", "https://h/d/x/a-1.tar.gz"},
		{"/a-1.tar.gz", NULL}, {"https://other/a-1.tar.gz", NULL},
		{"file:///a-1.tar.gz", NULL}, {"//other/a-1.tar.gz", NULL}};
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strdup_printf(HEAD
			"[[packages]]\nname = 'a'\nsdist = {path = '%s', " HASH "}\n",
			paths[i][0]);
		g_autoptr(GPtrArray) items = select_from(text, "https://h/d/pylock.toml", &error);
		if (paths[i][1]) {
			g_assert_no_error(error);
			const struct pylock_item *item = g_ptr_array_index(items, 0);
			g_assert_cmpstr(item->url, ==, paths[i][1]);
		} else {
			g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		}
	}
}

static void
test_write(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DirectUrl) wheel =
		directurl_for_link("https://h/six-1.17.0-py2.py3-none-any.whl", false, false, NULL,
			"0000000000000000000000000000000000000000000000000000000000000000");
	g_autoptr(DirectUrl) sdist =
		directurl_for_link("https://h/b-1.tar.gz", false, false, NULL, "01");
	g_autoptr(DirectUrl) folder =
		directurl_for_link("file:///dir/../q/x", true, true, NULL, NULL);
	g_autoptr(DirectUrl) vcs = directurl_for_link(
		"git+https://u:p@h/v@main#subdirectory=s", false, false, "02", NULL);
	struct pylock_package packages[] = {{"b", "1", sdist, false},
		{"six", "1.17.0", wheel, false}, {"v", "3", vcs, true}, {"x", "1", folder, true}};
	g_autofree char *text = pylock_text(packages, 4, "/dir", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==,
		"lock-version = \"1.0\"\ncreated-by = \"xpip\"\n\n"
		"[[packages]]\nname = \"b\"\nversion = \"1\"\n\n[packages.sdist]\n"
		"name = \"b-1.tar.gz\"\nurl = \"https://h/b-1.tar.gz\"\n\n"
		"[packages.sdist.hashes]\nsha256 = \"01\"\n\n"
		"[[packages]]\nname = \"six\"\nversion = \"1.17.0\"\n\n[[packages.wheels]]\n"
		"name = \"six-1.17.0-py2.py3-none-any.whl\"\n"
		"url = \"https://h/six-1.17.0-py2.py3-none-any.whl\"\n\n"
		"[packages.wheels.hashes]\nsha256 = "
		"\"0000000000000000000000000000000000000000000000000000000000000000\"\n\n"
		"[[packages]]\nname = \"v\"\n\n[packages.vcs]\ntype = \"git\"\n"
		"url = \"https://h/v\"\nrequested-revision = \"main\"\ncommit-id = \"02\"\n"
		"subdirectory = \"s\"\n\n"
		"[[packages]]\nname = \"x\"\n\n[packages.directory]\npath = \"../q/x\"\n"
		"editable = true\n");
	selects(text, "b==1|https://h/b-1.tar.gz|sha256:01 "
		      "six==1.17.0|https://h/six-1.17.0-py2.py3-none-any.whl|sha256:"
		      "0000000000000000000000000000000000000000000000000000000000000000 "
		      "v|git+https://h/v@02#subdirectory=s|- x|file:///q/x|-|e");
	g_autofree char *none = pylock_text(NULL, 0, "/dir", &error);
	g_assert_cmpstr(none, ==, "lock-version = \"1.0\"\ncreated-by = \"xpip\"\npackages = []\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pylock/names", test_names);
	g_test_add_func("/pylock/select", test_select);
	g_test_add_func("/pylock/unselectable", test_unselectable);
	g_test_add_func("/pylock/invalid", test_invalid);
	g_test_add_func("/pylock/remote", test_remote);
	g_test_add_func("/pylock/write", test_write);
	return g_test_run();
}
