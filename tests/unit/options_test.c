/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"

#include "lib/repr.h"
#include "lib/wrap.h"

#include <glib/gstdio.h>
#include <string.h>

static const enum option list[] = {OPT_REQUIREMENT, OPT_EDITABLE, OPT_NO_DEPS, OPT_COMPILE,
	OPT_NO_COMPILE, OPT_NO_BUILD_ISOLATION, OPT_CONFIG_SETTINGS, OPT_PYTHON_VERSION, OPT_GROUP,
	OPT_EXCLUDE, OPT_UPGRADE, OPT_SRC, OPTIONS_SELECTION, OPTIONS_INDEX, OPTION_COUNT};

/* Settings of one made-up file; the environment's PIP_* count too unless isolated. */
static Settings *
make_settings(const char *text, bool isolated)
{
	struct settings_file *file = g_new0(struct settings_file, 1);
	file->path = g_strdup("/x/pip.conf");
	file->ini = ini_parse(text, strlen(text), file->path, NULL);
	g_assert_nonnull(file->ini);
	g_autofree char *folder = g_dir_make_tmp("options-XXXXXX", NULL);
	g_setenv("PIP_CONFIG_FILE", "/dev/null", TRUE);
	Settings *settings = settings_load(isolated, folder, SETTINGS_KINDS, NULL);
	g_ptr_array_add(settings->files, file);
	g_unsetenv("PIP_CONFIG_FILE");
	g_rmdir(folder);
	return settings;
}

static Options *
parse(const char *config, const char *const *words, GError **error)
{
	g_autoptr(Settings) settings = make_settings(config, true);
	g_autoptr(Options) options = options_new(list, false);
	if (!options_configure(options, settings, "install", error) ||
		!options_parse(options, words, true, NULL, error))
		return NULL;
	return g_steal_pointer(&options);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
test_words(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Options) options = parse("",
		WORDS("-rone", "a", "--requirement=two", "-vvqU", "-e", ".", "--no-compile",
			"--upg", "--timeout", "2.5", "--", "-x"),
		&error);
	g_assert_no_error(error);
	g_assert_cmpstrv(options_list(options, OPT_REQUIREMENT), WORDS("one", "two"));
	g_assert_cmpstrv(options_arguments(options), WORDS("a", "-x"));
	g_assert_cmpint(options_count(options, OPT_VERBOSE), ==, 2);
	g_assert_cmpint(options_count(options, OPT_QUIET), ==, 1);
	g_assert_true(options_flag(options, OPT_UPGRADE) && options_flag(options, OPT_NO_COMPILE));
	g_assert_false(options_flag(options, OPT_COMPILE) ||
		       options_flag(options, OPT_NO_BUILD_ISOLATION));
	g_assert_cmpfloat(options_float(options, OPT_TIMEOUT), ==, 2.5);
	g_assert_cmpint(options_int(options, OPT_RETRIES), ==, 5);
	g_assert_true(options_given(options, OPT_TIMEOUT) && !options_given(options, OPT_RETRIES));
	const enum option wanted[] = {OPT_REQUIREMENT, OPT_EDITABLE};
	g_autofree struct option_occurrence *found = NULL;
	g_assert_cmpuint(options_sequence(options, wanted, 2, &found), ==, 3);
	g_assert_cmpstr(found[1].value, ==, "two");
	g_assert_cmpint(found[2].option, ==, OPT_EDITABLE);
}

static void
test_configuration(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Options) options =
		parse("[global]\ntimeout=1\nfind_links = a\n b\nunknown=1\nquiet=2\nverbose=yes\n"
		      "no-binary=x\nretries=\n"
		      "[install]\ntimeout=3\nfind-links=c d\nno-deps=on\nno-build-isolation=no\n"
		      "no-binary=y\nexclude=A_b.C\n"
		      "[list]\ntimeout=9\n",
			WORDS("-f", "e"), &error);
	g_assert_no_error(error);
	g_assert_cmpfloat(options_float(options, OPT_TIMEOUT), ==, 3);
	g_assert_cmpstrv(options_list(options, OPT_FIND_LINKS), WORDS("c", "d", "e"));
	g_assert_cmpstrv(options_list(options, OPT_NO_BINARY), WORDS("x", "y"));
	g_assert_cmpstrv(options_list(options, OPT_EXCLUDE), WORDS("a-b-c"));
	g_assert_true(options_flag(options, OPT_NO_DEPS));
	g_assert_true(options_flag(options, OPT_NO_BUILD_ISOLATION)); /* pip's old inversion */
	g_assert_cmpint(options_count(options, OPT_QUIET), ==, 2);
	g_assert_cmpint(options_count(options, OPT_VERBOSE), ==, 1);
}

static void
test_variables(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = make_settings("[install]\nretries=2\n", false);
	g_autoptr(Options) options = options_new(list, false);
	g_setenv("PIP_RETRIES", "7", TRUE);
	g_setenv("PIP_NO_CACHE_DIR", "false", TRUE);
	g_setenv("XPIP_NO_PEERS", "0", TRUE);
	bool done = options_configure(options, settings, "install", &error);
	g_unsetenv("PIP_RETRIES");
	g_unsetenv("PIP_NO_CACHE_DIR");
	g_unsetenv("XPIP_NO_PEERS");
	g_assert_no_error(error);
	g_assert_true(done);
	g_assert_cmpint(options_int(options, OPT_RETRIES), ==, 7);
	g_assert_true(options_flag(options, OPT_NO_CACHE_DIR)); /* any truth word switches it off */
	g_assert_true(options_flag(options, OPT_NO_PEERS));
}

static void
test_refusals(void)
{
	static const struct {
		const char *config, *word, *message;
		enum error_kind kind;
	} cases[] = {
		{"", "--foo", "no such option: --foo", ERROR_USAGE},
		{"", "-Z", "no such option: -Z", ERROR_USAGE},
		{"", "--no-de=1", "ambiguous option: --no-de (--no-dependencies, --no-deps?)",
			ERROR_USAGE},
		{"", "--no-deps=1", "--no-deps option does not take a value", ERROR_USAGE},
		{"", "--timeout", "--timeout option requires 1 argument", ERROR_USAGE},
		{"", "-r", "-r option requires 1 argument", ERROR_USAGE},
		{"", "--retries=x", "option --retries: invalid integer value: 'x'", ERROR_USAGE},
		{"", "--timeout=0x1", "option --timeout: invalid floating-point value: '0x1'",
			ERROR_USAGE},
		{"", "--exists-action=z",
			"option --exists-action: invalid choice: 'z' (choose from 's', 'i', 'w', "
			"'b', 'a')",
			ERROR_USAGE},
		{"", "-Cx", "Arguments to -C must be of the form KEY=VAL", ERROR_USAGE},
		{"", "--python-version=3.x",
			"--python-version error: invalid --python-version value: '3.x': "
			"each\nversion part must "
			"be an integer",
			ERROR_USAGE},
		{"", "--group=x/y.toml:z",
			"--group error: group paths use 'pyproject.toml' filenames", ERROR_USAGE},
		{"", "--no-binary=-x", "--no-binary / --only-binary option requires 1 argument.",
			ERROR_INVALID_INPUT},
		{"[global]\nno-deps=maybe\n", "x",
			"maybe is not a valid value for no-deps option, please specify a boolean "
			"value like "
			"yes/no, true/false or 1/0 instead.",
			ERROR_USAGE},
		{"[global]\nquiet=-1\n", "x",
			"-1 is not a valid value for quiet option, please instead specify either a "
			"non-negative "
			"integer or a boolean value like yes/no or false/true which is equivalent "
			"to 1/0.",
			ERROR_USAGE},
		{"[global]\nretries=no\n", "x",
			"An error occurred during configuration: option retries: invalid integer "
			"value: 'no'",
			ERROR_SETTING},
		{"[global]\nno-cache-dir=x\n", "x", "--no-cache-dir error: invalid truth value 'x'",
			ERROR_USAGE},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(parse(cases[i].config, WORDS(cases[i].word), &error));
		g_assert_cmpstr(error->message, ==, cases[i].message);
		g_assert_error(error, XPIP_ERROR, (int)cases[i].kind);
	}
}

static void
test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Options) options = parse("",
		WORDS("--uploaded-prior-to", "2023-01-01T02:00:00+02:00", "--python-version=311",
			"--src", "/a/../b"),
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(options_string(options, OPT_UPLOADED_PRIOR_TO), ==, "2023-01-01T00:00:00Z");
	g_assert_cmpstr(options_string(options, OPT_SRC), ==, "/b");
	g_assert_null(parse("", WORDS("--uploaded-prior-to=soon"), &error));
	g_assert_true(g_str_has_prefix(
		error->message, "--uploaded-prior-to error: invalid value: 'soon'"));
}

static void
test_texts(void)
{
	static const char *const pairs[][2] = {{"a", "'a'"}, {"it's", "\"it's\""},
		{"'\"", "'\\'\"'"}, {"\\\n\t\x01\x7f", "'\\\\\\n\\t\\x01\\x7f'"}, {"é", "'é'"},
		{"\xff", "'\\xff'"}};
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *shown = repr_string(pairs[i][0]);
		g_assert_cmpstr(shown, ==, pairs[i][1]);
	}
	g_autoptr(GString) filled = g_string_new(NULL);
	wrap_append(filled, " one two\nthree  averylongword x", 8, 2);
	g_assert_cmpstr(filled->str, ==, "one two\n  three\n  averylongword\n  x");
}

/* Every visible row says what it does; no two allowed options of one command share a name. */
static void
test_table(void)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		g_assert_true(*row->names);
		bool valued = row->kind >= OPTION_STRING && row->kind != OPTION_NO_CACHE;
		g_assert_true(valued == option_takes_value((enum option)i));
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/options/words", test_words);
	g_test_add_func("/options/configuration", test_configuration);
	g_test_add_func("/options/variables", test_variables);
	g_test_add_func("/options/refusals", test_refusals);
	g_test_add_func("/options/values", test_values);
	g_test_add_func("/options/texts", test_texts);
	g_test_add_func("/options/table", test_table);
	return g_test_run();
}
