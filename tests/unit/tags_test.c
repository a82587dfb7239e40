/* SPDX-License-Identifier: MIT */
/* Tags of this machine's interpreter against the list that its own pip makes. */
#include "wheel/tags.h"

#include <string.h>

static Python *
find_python(Log *log)
{
	struct python_options options = {0};
	g_autoptr(GError) error = NULL;
	Python *python = python_find(&options, log, &error);
	g_assert_no_error(error);
	return python;
}

/* pip's get_supported(), a tag a line; NULL if this pip is older than the order of tags that 26
 * has. */
static char *
pip_tags(const Python *python)
{
	const char *argv[] = {python->executable, "-c",
		"import pip\n"
		"from pip._internal.utils.compatibility_tags import get_supported\n"
		"if int(pip.__version__.split('.')[0]) >= 26:\n"
		"    print(*get_supported(), sep='\\n')\n",
		NULL};
	char *out = NULL;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out,
		    NULL, NULL, NULL) ||
		!*out)
		g_clear_pointer(&out, g_free);
	return out;
}

static char *
lines(const Tags *tags)
{
	GString *text = g_string_new(NULL);
	for (size_t i = 0; i < tags_count(tags); i++)
		g_string_append_printf(text, "%s\n", tags_get(tags, i));
	return g_string_free(text, FALSE);
}

static void
test_own(void)
{
	struct log_options quiet = {.verbosity = -3};
	g_autoptr(Log) log = log_new(&quiet, NULL);
	g_autoptr(Python) python = find_python(log);
	g_autoptr(Tags) tags = tags_for_python(python);
	g_assert_cmpuint(tags_count(tags), >, 100);
	for (size_t i = 0; i < tags_count(tags); i++) {
		g_auto(GStrv) parts = g_strsplit(tags_get(tags, i), "-", 3);
		g_assert_cmpint(tags_rank(tags, parts[0], parts[1], parts[2]), ==, (int)i);
	}
	g_autofree char *expected = pip_tags(python), *ours = lines(tags);
	if (expected)
		g_assert_cmpstr(ours, ==, expected);
}

/* The digest of what pip 26.3's get_supported() answers, a tag a line. */
static void
test_targets(void)
{
	static const struct {
		const char *platforms[3], *version, *implementation, *abis[3], *first;
		unsigned count;
		const char *sha256;
	} cases[] = {
		{{"manylinux2014_x86_64"}, "310", "cp", {"cp310"},
			"cp310-cp310-manylinux2014_x86_64", 82,
			"e854d25179e34f27bec234e2fa56d0386b9096d73e67a81d05a1a6b4eae4b49b"},
		{{"manylinux2014_aarch64", "any"}, "312", NULL, {NULL},
			"cp312-cp312-manylinux2014_aarch64", 69,
			"92102dcaa122e170a5a387862761d5c126a2b21fd7651d1e8375abaf517a739a"},
		{{"macosx_12_0_arm64"}, "311", "cp", {NULL}, "cp311-cp311-macosx_12_0_arm64", 439,
			"8c490d03ef8226ffa8b012f3441eb1d1f9034b9aeba0b4be263e498dd53fedbe"},
		{{"macosx_10_9_x86_64"}, "39", "cp", {"cp39", "abi3"},
			"cp39-cp39-macosx_10_9_x86_64", 768,
			"5daf783d0b4e475c5816a202428fa11e30b7e9806025d02f4e0e6a117f2267ed"},
		{{"win_amd64"}, "313", "cp", {"cp313"}, "cp313-cp313-win_amd64", 45,
			"2d2328324ee9835af001a4026b6b42a35f91d97f3f5693afd5b1167a7673bdeb"},
		{{"musllinux_1_2_x86_64"}, "3", "py", {"none"}, "py3-none-musllinux_1_2_x86_64", 4,
			"75be99b4856e41e534e72d7190a8a06afcce9ed5330ab40f972dbf0965ed06ff"},
	};
	struct log_options quiet = {.verbosity = -3};
	g_autoptr(Log) log = log_new(&quiet, NULL);
	g_autoptr(Python) python = find_python(log);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Tags) tags = tags_for_target(python, cases[i].platforms, cases[i].version,
			cases[i].implementation, cases[i].abis);
		g_assert_cmpstr(tags_get(tags, 0), ==, cases[i].first);
		g_assert_cmpuint(tags_count(tags), ==, cases[i].count);
		g_autofree char *text = lines(tags);
		g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
		g_assert_cmpstr(sum, ==, cases[i].sha256);
	}
}

/* The best of a compressed set counts; longer ones than any real tag are no match. */
static void
test_rank(void)
{
	static const char *const any[] = {"any", NULL};
	struct log_options quiet = {.verbosity = -3};
	g_autoptr(Log) log = log_new(&quiet, NULL);
	g_autoptr(Python) python = find_python(log);
	g_autoptr(Tags) tags = tags_for_target(python, any, "311", "cp", NULL);
	int best = tags_rank(tags, "cp311", "none", "any");
	g_assert_cmpint(best, >=, 0);
	g_assert_cmpint(tags_rank(tags, "py2.py3.cp311", "none", "win32.any"), ==, best);
	g_assert_cmpint(tags_rank(tags, "py2.py3", "none", "any"), >, best);
	g_assert_cmpint(tags_rank(tags, "py2", "none", "any"), ==, -1);
	g_assert_cmpint(tags_rank(tags, "", "", ""), ==, -1);
	g_autofree char *huge = g_strnfill(5000, 'x');
	g_assert_cmpint(tags_rank(tags, huge, "none", "any"), ==, -1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tags/own", test_own);
	g_test_add_func("/tags/targets", test_targets);
	g_test_add_func("/tags/rank", test_rank);
	return g_test_run();
}
