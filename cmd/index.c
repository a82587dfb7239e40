/* SPDX-License-Identifier: MIT */
/* `xpip index versions NAME`: which releases the index has for this environment. */
#include "cmd/lookup.h"
#include "lib/json.h"
#include "wheel/name.h"

#include <string.h>

/* Texts of the versions, newest first, borrowed from the page. */
static GPtrArray *
list_versions(
	const Lookup *lookup, const char *normalized_name, const IndexPage *page, GError **error)
{
	g_autoptr(Candidates) candidates = lookup_candidates(lookup, normalized_name, page, error);
	if (!candidates)
		return NULL;
	/* --prefer-binary orders candidates, not versions: the page has these newest first. */
	g_autofree bool *usable = g_new0(bool, page_release_count(page) + 1);
	GPtrArray *versions = g_ptr_array_new();
	for (size_t i = 0; i < candidates->count; i++)
		usable[candidates->list[i].release] = true;
	for (size_t i = 0; i < page_release_count(page); i++)
		if (usable[i])
			g_ptr_array_add(versions, (char *)version_text(page_version(page, i)));
	return versions;
}

static void
print_json(struct xpip *x, const char *name, const GPtrArray *versions, const char *installed)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_begin(writer, '{');
	json_key(writer, "name");
	json_put_string(writer, name);
	json_key(writer, "versions");
	json_begin(writer, '[');
	for (guint i = 0; i < versions->len; i++)
		json_put_string(writer, g_ptr_array_index(versions, i));
	json_end(writer);
	json_key(writer, "latest");
	json_put_string(writer, g_ptr_array_index(versions, 0));
	if (installed) {
		json_key(writer, "installed_version");
		json_put_string(writer, installed);
	}
	json_end(writer);
	g_autofree char *text = json_writer_take(writer);
	log_info(x->log, "%s", text);
}

static void
print_text(struct xpip *x, const char *name, const GPtrArray *versions, const char *installed)
{
	const char *latest = g_ptr_array_index(versions, 0);
	g_autoptr(GString) all = g_string_new(NULL);
	for (guint i = 0; i < versions->len; i++)
		g_string_append_printf(
			all, "%s%s", i ? ", " : "", (const char *)versions->pdata[i]);
	log_info(x->log, "%s (%s)", name, latest);
	log_info(x->log, "Available versions: %s", all->str);
	if (installed)
		lookup_say_installed(x, installed, latest);
}

static bool
show_versions(struct xpip *x, const char *name, GError **error)
{
	g_autofree char *normalized = name_normalize(name);
	g_autoptr(Lookup) lookup = lookup_new(x, error);
	if (!lookup)
		return false;
	struct source *source = lookup_source(lookup);
	const IndexPage *page = source->page(source->user, normalized, error);
	g_autoptr(GPtrArray) versions =
		page ? list_versions(lookup, normalized, page, error) : NULL;
	if (!versions)
		return false;
	if (!versions->len)
		return error_set(
			error, ERROR_NO_MATCH, "No matching distribution found for %s", name);
	g_autofree char *installed = lookup_installed(x, normalized);
	if (options_flag(x->options, OPT_JSON))
		print_json(x, name, versions, installed);
	else
		print_text(x, name, versions, installed);
	return true;
}

static bool
run(struct xpip *x, GError **error)
{
	const char *const *arguments = options_arguments(x->options);
	if (!arguments[0] || strcmp(arguments[0], "versions") != 0)
		return error_set(
			error, ERROR_INVALID_INPUT, "Need an action (versions) to perform.");
	if (!arguments[1] || arguments[2])
		return error_set(
			error, ERROR_INVALID_INPUT, "You need to specify exactly one argument");
	return show_versions(x, arguments[1], error);
}

static const enum option own_options[] = {OPTIONS_TARGET_PYTHON, OPT_IGNORE_REQUIRES_PYTHON,
	OPT_JSON, OPTIONS_SELECTION, OPTIONS_INDEX, OPTION_COUNT};

const struct command index_command = {
	.name = "index",
	.summary = "Inspect information available from package indexes.",
	.usage = "versions <package>",
	.description = "Show which versions of a package the index has for this environment.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
	.actions = "versions",
};
