/* SPDX-License-Identifier: MIT */
/* Every removal and installation of a plan goes into one Change (wheel/change.h): all or nothing.
 */
#include "cmd/apply.h"

#include "cmd/plan_private.h"

#include "wheel/change.h"

/* pip's rules about what goes when something else comes (get_dist_to_uninstall). */
static bool
must_remove(const Plan *plan, const struct apply_options *options, const Installed *dist,
	bool *remove, GError **error)
{
	*remove = false;
	if (!dist || options->foreign)
		return true;
	*remove = !options->user || dist->in_user_site;
	if (options->user && !dist->in_user_site && plan->python->is_venv && dist->in_site)
		return error_set(error, ERROR_ENVIRONMENT,
			"Will not install to the user site because it will lack sys.path "
			"precedence "
			"to %s in %s",
			dist->name, dist->location);
	return true;
}

/* fresh: what is installed now that we have the lock; another process may have been here since the
 * plan was made. NULL: nothing is replaced. */
static bool
remove_old(Plan *plan, const struct apply_options *options, Change *change, InstalledSet *fresh,
	const struct resolved *resolved, GError **error)
{
	bool remove, found;
	Installed *dist = fresh ? installed_find(fresh, resolved->name) : NULL;
	if (!must_remove(plan, options, dist, &remove, error))
		return false;
	if (!remove)
		return true;
	installed_metadata(dist, NULL); /* spells the name as the project does */
	Log *log = plan->x->log;
	log_indent(log, 1);
	log_info(log, "Attempting uninstall: %s", dist->name);
	log_indent(log, 1);
	log_info(log, "Found existing installation: %s %s", dist->name, dist->version);
	log_info(log, "Uninstalling %s-%s:", dist->name, dist->version);
	bool ok = change_remove(change, dist, &found, error);
	if (ok && found)
		log_info(log, "  Successfully uninstalled %s-%s", dist->name, dist->version);
	log_indent(log, -2);
	return ok;
}

static void
say_installing(const Plan *plan)
{
	g_autoptr(GString) names = g_string_new(NULL);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].wheel)
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
				plan->items[i].resolved->asked_name);
	if (names->len)
		log_info(plan->x->log, "Installing collected packages: %s", names->str);
}

static bool
begin(Plan *plan, const struct change_options *making, Change **change, InstalledSet **fresh,
	GError **error)
{
	*change = change_begin(making, error);
	if (!*change || !plan_installed(plan))
		return *change != NULL;
	*fresh = installed_scan(plan->python, NULL, plan->x->log, error);
	return *fresh != NULL;
}

bool
apply_plan(Plan *plan, const struct apply_options *options, GError **error)
{
	struct change_options making = {
		.scheme = options->scheme,
		.python = plan->python,
		.compile = options->compile,
		.root = options->root,
		.target = options->target,
		.replace = options->replace,
		.no_warn_script_location = options->no_warn_script_location,
		.log = plan->x->log,
		.loop = plan->loop,
		.jobs = plan->jobs,
		.store = plan->store,
		.progress = plan->rest->progress,
	};
	g_autoptr(Change) change = NULL;
	g_autoptr(InstalledSet) fresh = NULL;
	if (!options->quiet)
		say_installing(plan);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		if (!item->wheel)
			continue;
		if (!change && !begin(plan, &making, &change, &fresh, error))
			return false;
		const DirectUrl *direct = plan_direct_url(item);
		g_autofree char *json = direct ? directurl_json(direct) : NULL;
		struct change_install install = {
			.wheel = item->wheel,
			.name = item->resolved->name,
			.requested = item->resolved->requested,
			.direct_url_json = json,
			.editable = item->resolved->editable,
		};
		if (!remove_old(plan, options, change, fresh, item->resolved, error) ||
			!change_install(change, &install, error))
			return false;
	}
	return !change || change_commit(change, error);
}
