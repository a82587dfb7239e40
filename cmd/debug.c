/* SPDX-License-Identifier: MIT */
/* `xpip debug`: facts about the interpreter, the configuration and the tags, for a bug report. */
#include "cmd/cmd.h"
#include "lib/process.h"
#include "resolver/marker.h"
#include "wheel/tags.h"

#include <string.h>

#define SHOWN_TAGS 10

static void
show(const struct xpip *x, const char *name, const char *value)
{
	log_info(x->log, "%s: %s", name, value ? value : "None");
}

/* The sections that say anything, as pip tells where `cert` may come from. */
static void
see_level(const char *key, const char *value, void *user)
{
	GPtrArray *levels = user;
	g_autofree char *level = g_strndup(key, strcspn(key, "."));
	(void)value;
	if (!g_ptr_array_find_with_equal_func(levels, level, g_str_equal, NULL))
		g_ptr_array_add(levels, g_steal_pointer(&level));
}

static bool
show_certificates(const struct xpip *x, GError **error)
{
	g_autoptr(Settings) settings = settings_load(options_flag(x->options, OPT_ISOLATED),
		options_string(x->options, OPT_PYTHON), SETTINGS_KINDS, error);
	g_autoptr(GPtrArray) levels = g_ptr_array_new_with_free_func(g_free);
	if (!settings)
		return false;
	for (guint i = 0; i < settings->files->len; i++)
		settings_each(g_ptr_array_index(settings->files, i), see_level, levels);
	settings_each_variable(settings, see_level, levels);
	bool special = false;
	for (guint i = 0; i < levels->len; i++)
		special |=
			g_strv_contains((const char *const[]){"install", "wheel", "download", NULL},
				g_ptr_array_index(levels, i));
	g_autoptr(GString) text =
		g_string_new(levels->len ? (special ? NULL : "global") : "Not specified");
	for (guint i = 0; special && i < levels->len; i++) {
		const char *level = g_ptr_array_index(levels, i);
		if (strcmp(level, "global") != 0)
			g_string_append_printf(text, "%s%s", text->len ? ", " : "", level);
	}
	show(x, "'cert' config value", text->str);
	show(x, "REQUESTS_CA_BUNDLE", g_getenv("REQUESTS_CA_BUNDLE"));
	show(x, "CURL_CA_BUNDLE", g_getenv("CURL_CA_BUNDLE"));
	return true;
}

/* The target options that were given: "platforms='x' version_info='3.9' …". */
static char *
describe_target(const struct xpip *x)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *version = options_string(x->options, OPT_PYTHON_VERSION);
	const char *implementation = options_string(x->options, OPT_IMPLEMENTATION);
	const char *const *platforms = options_list(x->options, OPT_PLATFORM);
	const char *const *abis = options_list(x->options, OPT_ABI);
	if (*platforms) {
		g_autofree char *joined = g_strjoinv("', '", (char **)platforms);
		g_string_append_printf(text, "platforms=['%s'] ", joined);
	}
	if (version && *version)
		g_string_append_printf(text, "version_info='%s' ", version);
	if (*abis) {
		g_autofree char *joined = g_strjoinv("', '", (char **)abis);
		g_string_append_printf(text, "abis=['%s'] ", joined);
	}
	if (implementation)
		g_string_append_printf(text, "implementation='%s' ", implementation);
	if (text->len)
		g_string_truncate(text, text->len - 1);
	return g_strdup(text->str);
}

static void
show_tags(const struct xpip *x, const Python *python)
{
	g_autofree char *target = describe_target(x);
	const char *const *platforms = options_list(x->options, OPT_PLATFORM);
	const char *const *abis = options_list(x->options, OPT_ABI);
	g_autofree char *version = g_strdup(options_string(x->options, OPT_PYTHON_VERSION));
	if (version) { /* "3.11.2" and "311" are the same target */
		g_auto(GStrv) parts = g_strsplit(version, ".", 3);
		g_free(version);
		version = parts[0] && parts[1] ? g_strconcat(parts[0], parts[1], NULL)
					       : g_strdup(parts[0]);
	}
	g_autoptr(Tags) tags =
		*target ? tags_for_target(python, *platforms ? platforms : NULL, version,
				  options_string(x->options, OPT_IMPLEMENTATION),
				  *abis ? abis : NULL)
			: tags_for_python(python);
	size_t count = tags_count(tags), shown = count;
	if (!options_count(x->options, OPT_VERBOSE))
		shown = MIN(count, SHOWN_TAGS);
	log_info(x->log, "Compatible tags: %zu%s%s%s", count, *target ? " (target: " : "", target,
		*target ? ")" : "");
	log_indent(x->log, 1);
	for (size_t i = 0; i < shown; i++)
		log_info(x->log, "%s", tags_get(tags, i));
	if (shown < count)
		log_info(x->log, "...\n[First %d tags shown. Pass --verbose to show all.]",
			SHOWN_TAGS);
	log_indent(x->log, -1);
}

/* Depends on this call's locale, so the interpreter is asked anew. */
static bool
show_encodings(struct xpip *x, const Python *python, GError **error)
{
	const char *argv[] = {python->executable, "-c",
		"import sys, locale\n"
		"ask = getattr(locale, 'getencoding', lambda: locale.getpreferredencoding(False))\n"
		"print('sys.getdefaultencoding: ' + sys.getdefaultencoding())\n"
		"print('sys.getfilesystemencoding: ' + sys.getfilesystemencoding())\n"
		"print('locale.getencoding: ' + ask())",
		NULL};
	struct process_options options = {.argv = argv, .loop = xpip_loop(x, error)};
	g_autoptr(GString) output = g_string_new(NULL);
	int status = 0;
	if (!options.loop || !process_run(&options, output, &status, error))
		return false;
	if (status != 0)
		return error_set(error, ERROR_ENVIRONMENT, "%s ended with status %d",
			python->executable, status);
	log_info(x->log, "%s", g_strchomp(output->str));
	return true;
}

static bool
run(struct xpip *x, GError **error)
{
	const Python *python = xpip_python(x, error);
	if (!python)
		return false;
	log_warning(x->log,
		"This command is only meant for debugging. Do not use this with automation for "
		"parsing and getting these details, since the output and options of this command "
		"may change without notice.");
	g_autofree char *version = xpip_version_text(python);
	show(x, "xpip version", version);
	show(x, "sys.version", python->version);
	show(x, "sys.executable", python->executable);
	show(x, "sys.prefix", python->prefix);
	if (!show_encodings(x, python, error))
		return false;
	show(x, "sys.platform", python->markers[MARKER_SYS_PLATFORM]);
	log_info(x->log, "sys.implementation:");
	log_indent(x->log, 1);
	show(x, "name", python->implementation);
	log_indent(x->log, -1);
	show(x, "cache", x->cache_dir);
	if (!show_certificates(x, error))
		return false;
	show_tags(x, python);
	return true;
}

static const enum option own_options[] = {OPTIONS_TARGET_PYTHON, OPTION_COUNT};

const struct command debug_command = {
	.name = "debug",
	.summary = "Show information useful for debugging.",
	.usage = "<options>",
	.description =
		"Show facts about the interpreter, the configuration and the wheels it takes.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
