/* SPDX-License-Identifier: MIT */
/* `xpip uninstall`: shows what would go, asks, and removes distribution by distribution; each
 * removal is a change of its own, made whole or not at all. */
#include "cmd/managed.h"
#include "cmd/roots.h"
#include "lib/repr.h"
#include "lib/texts.h"
#include "wheel/change.h"
#include "wheel/remove.h"

#include <stdio.h>
#include <string.h>

/* --- which --------------------------------------------------------------------------------- */

static bool
collect_arguments(struct xpip *x, const Python *python, Roots *roots, GError **error)
{
	const char *const *argument = options_arguments(x->options);
	for (; *argument; argument++) {
		const struct root *root =
			roots_add(x, python, roots->requirements, *argument, false, NULL, error);
		if (!root)
			return false;
		if (root->requirement)
			continue;
		g_autofree char *shown = repr_string(*argument);
		log_warning(x->log,
			"Invalid requirement: %s ignored - the uninstall command expects named "
			"requirements.",
			shown);
	}
	const char *const *file = options_list(x->options, OPT_REQUIREMENT);
	for (; *file; file++)
		if (!roots_add_file(x, python, roots, *file, false, error))
			return false;
	return true;
}

/* Each name once, in the order in which it came; the last spelling counts. */
static GPtrArray *
names_of(const Roots *roots)
{
	GPtrArray *list = g_ptr_array_new();
	for (guint i = 0; i < roots->requirements->len; i++) {
		const struct root *root = g_ptr_array_index(roots->requirements, i);
		bool known = !root->requirement;
		for (guint j = 0; j < list->len && !known; j++) {
			Requirement *other = g_ptr_array_index(list, j);
			known = strcmp(other->normalized_name,
					root->requirement->normalized_name) == 0;
			if (known)
				list->pdata[j] = root->requirement;
		}
		if (!known)
			g_ptr_array_add(list, root->requirement);
	}
	return list;
}

/* --- showing and asking -------------------------------------------------------------------- */

static void
show(Log *log, const char *heading, const GPtrArray *paths)
{
	if (paths->len == 0)
		return;
	g_autoptr(GPtrArray) compact = remove_compact(paths);
	log_info(log, "%s", heading);
	log_indent(log, 1);
	for (guint i = 0; i < compact->len; i++)
		log_info(log, "%s", (const char *)g_ptr_array_index(compact, i));
	log_indent(log, -1);
}

static bool
ask(const struct xpip *x, bool *yes, GError **error)
{
	static const char question[] = "Proceed (Y/n)? ";
	if (options_flag(x->options, OPT_NO_INPUT))
		return error_set(error, ERROR_INVALID_INPUT,
			"No input was expected ($PIP_NO_INPUT set); question: %s", question);
	for (;;) {
		g_autofree char *word = log_ask(x->log, question);
		if (!word)
			return error_set(error, ERROR_INVALID_INPUT, "no answer to: %s", question);
		*yes = strcmp(word, "n") != 0;
		if (!*yes || strcmp(word, "y") == 0 || !*word)
			return true;
		g_autofree char *shown = repr_string(word);
		g_autofree char *again = g_strdup_printf(
			"Your response (%s) was not one of the expected responses: y, n, ", shown);
		log_output(x->log, again);
	}
}

static bool
confirm(const struct xpip *x, const struct removal *removal, bool *yes, GError **error)
{
	*yes = true;
	if (options_flag(x->options, OPT_YES))
		return true;
	if (log_shows(x->log, LOG_VERBOSE)) {
		show(x->log, "Would remove:", removal->paths);
	} else {
		g_autoptr(GPtrArray) skipped = NULL;
		g_autoptr(GPtrArray) shown = remove_listing(removal->paths, &skipped);
		show(x->log, "Would remove:", shown);
		show(x->log, "Would not remove (might be manually added):", skipped);
	}
	show(x->log, "Would not remove (outside of prefix):", removal->refused);
	return ask(x, yes, error);
}

/* --- removing ------------------------------------------------------------------------------ */

static bool
make_change(
	struct xpip *x, const Python *python, bool user, struct removal *removal, GError **error)
{
	struct python_scheme *scheme =
		user ? python_scheme_for(python, true, NULL, NULL, NULL, error) : NULL;
	if (user && !scheme)
		return false;
	struct change_options options = {
		.scheme = scheme ? scheme : &python->scheme,
		.python = python,
		.no_warn_script_location = true,
		.log = x->log,
		.loop = xpip_loop(x, error),
	};
	Change *change = options.loop ? change_begin(&options, error) : NULL;
	bool ok = change && change_remove_found(change, removal, error) &&
		  change_commit(change, error);
	change_free(change);
	python_scheme_free(scheme);
	return ok;
}

static bool
remove_paths(struct xpip *x, const Python *python, Installed *dist, struct removal *removal,
	GError **error)
{
	Log *log = x->log;
	if (removal->paths->len == 0) {
		log_info(
			log, "Can't uninstall '%s'. No files were found to uninstall.", dist->name);
		return true;
	}
	log_info(log, "Uninstalling %s-%s:", dist->name, dist->version);
	log_indent(log, 1);
	bool yes = false;
	bool ok = confirm(x, removal, &yes, error);
	for (guint i = 0; ok && yes && i < removal->paths->len; i++)
		log_verbose(log, "Removing file or directory %s",
			(const char *)g_ptr_array_index(removal->paths, i));
	ok = ok && (!yes || make_change(x, python, dist->in_user_site, removal, error));
	if (ok && yes)
		log_info(log, "Successfully uninstalled %s-%s", dist->name, dist->version);
	log_indent(log, -1);
	return ok;
}

static bool
uninstall(struct xpip *x, const Python *python, InstalledSet *set, const Requirement *requirement,
	GError **error)
{
	Installed *dist = installed_find(set, requirement->normalized_name);
	if (!dist) {
		log_warning(x->log, "Skipping %s as it is not installed.", requirement->name);
		return true;
	}
	struct removal removal;
	installed_metadata(dist, NULL); /* spells the name as the project does */
	log_info(x->log, "Found existing installation: %s %s", dist->name, dist->version);
	if (!remove_find(python, dist, &removal, x->log, error))
		return false;
	bool ok = remove_paths(x, python, dist, &removal, error);
	removal_clear(&removal);
	return ok;
}

static bool
run(struct xpip *x, GError **error)
{
	const Python *python = xpip_python(x, error);
	g_autoptr(Roots) roots = roots_new();
	if (!python || !collect_arguments(x, python, roots, error))
		return false;
	g_autoptr(GPtrArray) requirements = names_of(roots);
	if (requirements->len == 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"You must give at least one requirement to uninstall (see \"%s help "
			"uninstall\")",
			x->program);
	if (!managed_check(x, python, error) ||
		!change_recover(python, &python->scheme, x->log, error))
		return false;
	g_autoptr(InstalledSet) set = installed_scan(python, NULL, x->log, error);
	if (!set)
		return false;
	for (guint i = 0; i < requirements->len; i++)
		if (!uninstall(x, python, set, g_ptr_array_index(requirements, i), error))
			return false;
	managed_warn_root(x, python);
	return true;
}

static const enum option own_options[] = {
	OPT_REQUIREMENT, OPT_YES, OPT_ROOT_USER_ACTION, OPT_BREAK_SYSTEM_PACKAGES, OPTION_COUNT};

const struct command uninstall_command = {
	.name = "uninstall",
	.summary = "Uninstall packages.",
	.usage = "[options] <package> ...\n[options] -r <requirements file> ...",
	.description =
		"Remove installed packages: everything that they brought, except files that "
		"lie outside of the environment. Packages that `python setup.py install` put "
		"there without a list of files cannot be removed.",
	.run = run,
	.options = own_options,
};
