/* SPDX-License-Identifier: MIT */
/* xpip: reads the command line, runs one command, prints its error, picks the exit status. */
#include "cmd/cmd.h"
#include "cmd/complete.h"
#include "cmd/usage.h"
#include "lib/fs.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_BROKEN_PIPE 120

/* Everything that one run needs; released by state_clear. */
struct state {
	struct xpip x;
	Options *options;
	Settings *settings;
	char *program;
};

static void
state_clear(struct state *state)
{
	xpip_clear(&state->x);
	log_free(state->x.log);
	g_free(state->x.cache_dir);
	options_free(state->options);
	settings_free(state->settings);
	g_free(state->program);
}

static bool
print_help(struct state *state, const struct command *command)
{
	const char *off = g_getenv("NO_COLOR");
	bool color = isatty(STDOUT_FILENO) == 1 && !(off && *off) &&
		     !options_flag(state->options, OPT_NO_COLOR);
	g_autofree char *text = usage_help(state->program, command, usage_width(), color);
	return puts(text) >= 0;
}

/* The version is told even where there is no Python. */
static bool
print_version(struct state *state)
{
	struct log_options quiet = {.verbosity = -3, .no_color = true};
	state->x.options = state->options;
	state->x.log = log_new(&quiet, NULL);
	state->x.cache_dir = fs_cache_dir();
	g_autofree char *version = xpip_version_text(xpip_python(&state->x, NULL));
	return puts(version) >= 0;
}

/* A usage error found while parsing: the usage, a blank line, the message, as optparse prints it.
 */
static int
print_usage_error(const struct state *state, const struct command *command, const GError *error)
{
	if (g_error_matches(error, XPIP_ERROR, ERROR_USAGE)) {
		g_autofree char *usage = usage_text(state->program, command);
		fprintf(stderr, "%s\n%s\n", usage, error->message);
	} else if (g_error_matches(error, XPIP_ERROR, ERROR_SETTING)) {
		puts(error->message);
	} else if (g_error_matches(error, XPIP_ERROR, ERROR_CONFIG)) {
		fputs(error->message, stderr);
		if (!g_str_has_suffix(error->message, "\n"))
			fputc('\n', stderr);
	} else {
		fprintf(stderr, "ERROR: %s\n", error->message);
	}
	return error_exit_code(error);
}

/* pip looks at the nearest folder that exists: root must own it, others must be able to write. */
static bool
cache_is_ours(const char *path)
{
	g_autofree char *at = g_strdup(path);
	struct stat info;
	for (;;) {
		if (lstat(at, &info) == 0)
			return geteuid() == 0 ? stat(at, &info) == 0 && info.st_uid == 0
					      : access(at, W_OK) == 0;
		char *up = g_path_get_dirname(at);
		bool top = strcmp(up, at) == 0;
		g_free(at);
		at = up;
		if (top)
			return false;
	}
}

static void
choose_cache_dir(struct xpip *x)
{
	const char *named = options_string(x->options, OPT_CACHE_DIR);
	if (options_flag(x->options, OPT_NO_CACHE_DIR) || (named && !*named))
		return;
	x->cache_dir = named ? g_canonicalize_filename(named, NULL) : fs_cache_dir();
	if (!x->cache_dir || cache_is_ours(x->cache_dir))
		return;
	log_warning(x->log,
		"The directory '%s' or its parent directory is not owned or is not writable by the "
		"current "
		"user. The cache has been disabled. Check the permissions and owner of that "
		"directory. If "
		"executing pip with sudo, you should use sudo's -H flag.",
		x->cache_dir);
	g_clear_pointer(&x->cache_dir, g_free);
}

static bool
make_log(struct xpip *x, GError **error)
{
	int verbosity =
		options_count(x->options, OPT_VERBOSE) - options_count(x->options, OPT_QUIET);
	struct log_options log = {
		.verbosity = options_flag(x->options, OPT_DEBUG) ? 2 : verbosity,
		.no_color = options_flag(x->options, OPT_NO_COLOR),
		.file = options_string(x->options, OPT_LOG),
	};
	x->log = log_new(&log, error);
	return x->log != NULL;
}

static void
warn_features(const struct xpip *x)
{
	static const char *const always[] = {
		"build-constraint", "no-binary-enable-wheel-cache", "truststore"};
	const char *const *given = options_list(x->options, OPT_USE_FEATURE);
	g_autoptr(GString) names = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
		if (g_strv_contains(given, always[i]))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "", always[i]);
	if (names->len)
		log_warning(x->log, "The following features are always enabled: %s. ", names->str);
}

static bool
check_virtualenv(const struct xpip *x, GError **error)
{
	if (!options_flag(x->options, OPT_REQUIRE_VIRTUALENV) || x->command->no_virtualenv_check)
		return true;
	g_autofree char *prefix = settings_prefix(options_string(x->options, OPT_PYTHON));
	g_autofree char *marker = prefix ? g_build_filename(prefix, "pyvenv.cfg", NULL) : NULL;
	if (marker && access(marker, F_OK) == 0)
		return true;
	return error_set(
		error, ERROR_VIRTUALENV, "Could not find an activated virtualenv (required).");
}

/* Values that child processes (git, build backends) shall see, as pip hands them on. */
static void
export_choices(const struct xpip *x)
{
	const char *const *actions = options_list(x->options, OPT_EXISTS_ACTION);
	if (options_flag(x->options, OPT_NO_INPUT))
		g_setenv("PIP_NO_INPUT", "1", TRUE);
	if (*actions) {
		g_autofree char *joined = g_strjoinv(" ", (char **)actions);
		g_setenv("PIP_EXISTS_ACTION", joined, TRUE);
	}
}

static int
run_command(struct xpip *x)
{
	g_autoptr(GError) error = NULL;
	warn_features(x);
	export_choices(x);
	choose_cache_dir(x);
	if (check_virtualenv(x, &error) && x->command->run(x, &error))
		return 0;
	if (g_error_matches(error, XPIP_ERROR, ERROR_INTERRUPTED))
		log_write(x->log, LOG_CRITICAL, "Operation cancelled by user");
	else if (!g_error_matches(error, XPIP_ERROR, ERROR_SILENT) &&
		 !g_error_matches(error, XPIP_ERROR, ERROR_NOT_FOUND))
		log_write(x->log, LOG_CRITICAL, "%s", error->message);
	return error_exit_code(error);
}

static bool
check_python(const char *python, GError **error)
{
	if (!python || !*python)
		return true;
	g_autofree char *inner = g_build_filename(python, "bin", "python", NULL);
	bool folder = g_file_test(python, G_FILE_TEST_IS_DIR);
	if (access(folder ? inner : python, F_OK) == 0)
		return true;
	return error_set(
		error, ERROR_ENVIRONMENT, "Could not locate Python interpreter %s", python);
}

/* --python decides where the site's configuration lies, so it is looked for ahead of the rest. pip
 * wants it before the command; here it may also stand behind it. */
static const char *
python_among(const char *const *words)
{
	for (size_t i = 0; words[i] && strcmp(words[i], "--") != 0; i++) {
		if (g_str_has_prefix(words[i], "--python="))
			return words[i] + strlen("--python=");
		if (strcmp(words[i], "--python") == 0)
			return words[i + 1];
	}
	return NULL;
}

/* Options of the command: configuration first, then the words. */
static bool
read_options(struct state *state, const char *const *words, GError **error)
{
	state->settings = settings_load(
		g_strv_contains(words, "--isolated"), python_among(words), SETTINGS_KINDS, error);
	if (!state->settings ||
		!options_configure(
			state->options, state->settings, state->x.command->name, error) ||
		!options_parse(state->options, words, true, NULL, error))
		return false;
	return check_python(options_string(state->options, OPT_PYTHON), error);
}

/* `words` without the command's own. */
static int
run_words(struct state *state, const char *const *words)
{
	g_autoptr(GError) error = NULL;
	options_free(state->options);
	state->options = options_new(state->x.command->options, false);
	state->x.options = state->options;
	if (!read_options(state, words, &error)) {
		if (options_flag(state->options, OPT_HELP))
			return print_help(state, state->x.command) ? 0 : 1;
		return print_usage_error(state, state->x.command, error);
	}
	if (!make_log(&state->x, &error))
		return print_usage_error(state, state->x.command, error);
	return run_command(&state->x);
}

static int
run_main(struct state *state, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *const *words = (const char *const *)argv + (argv[0] != NULL);
	size_t first = 0;
	state->options = options_new(NULL, true);
	if (!options_parse(state->options, words, false, &first, &error)) {
		if (options_flag(state->options, OPT_HELP))
			return print_help(state, NULL) ? 0 : 1;
		return print_usage_error(state, NULL, error);
	}
	if (options_flag(state->options, OPT_VERSION))
		return print_version(state) ? 0 : 1;
	const char *name = words[first];
	if (!name || (strcmp(name, "help") == 0 && !words[first + 1]))
		return print_help(state, NULL) ? 0 : 1;
	state->x.command = command_find(name);
	if (!state->x.command) {
		command_refuse(name, &error);
		return print_usage_error(state, NULL, error);
	}
	g_autofree const char **rest = g_new0(const char *, g_strv_length(argv) + 1);
	size_t count = 0;
	for (size_t i = 0; words[i]; i++)
		if (i != first)
			rest[count++] = words[i];
	return run_words(state, rest);
}

/* pip's protocol: the words on stdout, status 1. */
static int
print_completions(void)
{
	g_autofree char *words = complete_words();
	fputs(words, stdout);
	return 1;
}

/* Output that cannot be written is an error even if the command thought that all went well. */
static int
finish_output(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "ERROR: %s\n",
		errno == EPIPE || errno == 0 ? "Pipe to stdout was broken" : g_strerror(errno));
	return EXIT_BROKEN_PIPE;
}

int
main(int argc, char **argv)
{
	struct state state = {0};
	signal(SIGPIPE, SIG_IGN);
	/* Pages of an index come and go by the megabyte: memory that went back to the kernel each
	 * time would have to be zeroed again, a quarter of the work of a cold resolution. */
	mallopt(M_MMAP_THRESHOLD, 256 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	state.program = argc > 0 ? g_path_get_basename(argv[0]) : g_strdup("xpip");
	state.x.program = state.program;
	int status = complete_wanted() ? print_completions() : run_main(&state, argv);
	state_clear(&state);
	return finish_output(status);
}
