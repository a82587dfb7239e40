/* SPDX-License-Identifier: MIT */
/* The pipeline, in five calls:
 *   roots_collect   what the user asks for (cmd/roots.c)
 *   resolve         which distributions these are (resolver/), asking the index and, for what is no
 *                   wheel of an index, cmd/artifact.c
 *   fetch_add       the wheels that the store lacks, all at once (cmd/fetch.c)
 *   store_add_wheel each, as soon as its hash has been checked (wheel/store.c)
 *   apply_plan      the change of the environment (cmd/apply.c), called by cmd/install.c
 */
#include "cmd/plan_private.h"

#include "cmd/apply.h"
#include "cmd/target.h"
#include "resolver/buildreq.h"
#include "resolver/pylock.h"

#include <string.h>

/* --- making ----------------------------------------------------------------------------------- */

/* What requirements files say about formats and pre-releases, after the command line. */
static bool
add_file_controls(Plan *plan, GError **error)
{
	const Reqfile *files = plan->roots->files;
	struct plan_rest *rest = plan->rest;
	for (guint i = 0; i < files->format_control->len; i++) {
		const struct reqfile_format *format = g_ptr_array_index(files->format_control, i);
		bool releases = format->option == REQFILE_ALL_RELEASES ||
				format->option == REQFILE_ONLY_FINAL;
		bool first = format->option == REQFILE_NO_BINARY ||
			     format->option == REQFILE_ALL_RELEASES;
		if (!name_control_add(releases ? rest->releases : rest->formats,
			    first ? NAME_CONTROL_FIRST : NAME_CONTROL_SECOND, format->value,
			    "requirements file", error))
			return false;
	}
	return !files->pre ||
	       name_control_add(rest->releases, NAME_CONTROL_FIRST, ":all:", "--pre", error);
}

static bool
any_hash(const GPtrArray *roots)
{
	for (guint i = 0; i < roots->len; i++)
		if (((const struct root *)g_ptr_array_index(roots, i))->hashes)
			return true;
	return false;
}

static char **
join_lists(const char *const *a, char *const *b)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	for (size_t i = 0; a[i]; i++)
		g_ptr_array_add(all, g_strdup(a[i]));
	for (size_t i = 0; b[i]; i++)
		g_ptr_array_add(all, g_strdup(b[i]));
	g_ptr_array_add(all, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

/* --uploaded-prior-to holds for locked files, too. */
static bool
check_upload_time(const Plan *plan, const struct pylock_item *item, GError **error)
{
	int64_t limit = target_uploaded_prior_to(plan->x->options);
	if (limit == INT64_MIN || item->upload_time == INT64_MIN || item->upload_time < limit)
		return true;
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(item->upload_time / 1000000);
	g_autoptr(GDateTime) bound = g_date_time_new_from_unix_utc(limit / 1000000);
	g_autofree char *time = g_date_time_format(when, "%Y-%m-%d %H:%M:%S+00:00");
	g_autofree char *last = g_date_time_format(bound, "%Y-%m-%d %H:%M:%S+00:00");
	return error_set(error, ERROR_INVALID_INPUT,
		"Could not install locked package '%s' from '%s': Upload time %s not prior to %s",
		item->name, item->place, time, last);
}

static bool
lock_files(Plan *plan, GError **error)
{
	for (guint i = 0; i < plan->roots->locked->len; i++) {
		const struct pylock_item *item = g_ptr_array_index(plan->roots->locked, i);
		if (item->kind != PYLOCK_WHEEL && item->kind != PYLOCK_SDIST)
			continue;
		if (!check_upload_time(plan, item, error))
			return false;
		g_auto(GStrv) hashes = g_strdupv(item->hashes);
		for (char **hash = hashes; *hash; hash++)
			(*hash)[strcspn(*hash, ":")] = '=';
		struct page_link link = {.filename = item->filename,
			.url = item->url,
			.source = item->place,
			.hashes = (const char *const *)hashes,
			.size = item->size,
			.upload_time = item->upload_time};
		index_lock(plan->rest->index, item->name, &link);
	}
	return true;
}

/* -i in a requirements file replaces what the command line says, extra indexes included. */
static bool
make_index(Plan *plan, GError **error)
{
	const Options *options = plan->x->options;
	const Reqfile *files = plan->roots->files;
	Http *http = xpip_http(plan->x, error);
	if (!http)
		return false;
	if (*files->trusted_hosts)
		http_trust(http, (const char *const *)files->trusted_hosts);
	static const char *const none[] = {NULL};
	g_auto(GStrv) extra = join_lists(files->index_url || files->no_index
						 ? none
						 : options_list(options, OPT_EXTRA_INDEX_URL),
		files->extra_index_urls);
	g_auto(GStrv) links = join_lists(options_list(options, OPT_FIND_LINKS), files->find_links);
	struct index_options index = {
		.index_url = files->index_url ? files->index_url
					      : options_string(options, OPT_INDEX_URL),
		.extra_index_urls = (const char *const *)extra,
		.find_links = (const char *const *)links,
		.no_index = options_flag(options, OPT_NO_INDEX) || files->no_index,
		.cache_dir = plan->x->cache_dir,
		.jobs = plan->jobs,
		.refresh = options_list(options, OPT_REFRESH_PACKAGE),
	};
	if (index.no_index) {
		g_autofree char *more = g_strjoinv(", ", extra);
		g_autofree char *url = http_redact_url(index.index_url);
		log_debug(plan->x->log, "Ignoring indexes: %s%s%s", url, *more ? ", " : "", more);
	}
	plan->rest->index = index_new(plan->loop, http, plan->x->log, &index);
	index_say_where(plan->rest->index);
	return lock_files(plan, error);
}

static bool
say_nothing_to_do(const Plan *plan, GError **error)
{
	const char *const *links = options_list(plan->x->options, OPT_FIND_LINKS);
	const char *name = plan->x->command->name;
	if (!*links)
		return error_set(error, ERROR_INVALID_INPUT,
			"You must give at least one requirement to %s (see \"%s help %s\")", name,
			plan->x->program, name);
	g_autofree char *all = g_strjoinv(" ", (char **)links);
	return error_set(error, ERROR_INVALID_INPUT,
		"You must give at least one requirement to %s (maybe you meant \"%s %s %s\"?)",
		name, plan->x->program, name, all);
}

static bool install_build_requirements(void *user, const char *prefix,
	const char *const *requirements, const char *kind, const char *for_what, GError **error);

static bool
make_context(Plan *plan, GError **error)
{
	struct plan_rest *rest = plan->rest;
	struct xpip *x = plan->x;
	rest->fetch = fetch_new(x, plan->store, rest->progress, rest->quiet, error);
	rest->context = (struct artifact_context){
		.x = x,
		.python = plan->python,
		.tags = rest->tags,
		.store = plan->store,
		.fetch = rest->fetch,
		.build =
			{
				.python = plan->python,
				.log = x->log,
				.loop = plan->loop,
				.isolation = !options_flag(x->options, OPT_NO_BUILD_ISOLATION),
				.check_dependencies =
					options_flag(x->options, OPT_CHECK_BUILD_DEPENDENCIES),
				.install = install_build_requirements,
				.check = buildreq_check,
				.user = plan,
				.quiet = rest->quiet,
			},
		.building = rest->parent ? rest->parent->context.building : g_ptr_array_new(),
		.quiet = rest->quiet,
		.keep_folders = options_flag(x->options, OPT_NO_CLEAN),
		.sources = !plan->rest->parent && strcmp(x->command->name, "download") == 0,
		.ordinary =
			!plan->rest->parent && (strcmp(x->command->name, "wheel") == 0 ||
						       strcmp(x->command->name, "download") == 0),
	};
	return rest->fetch != NULL;
}

static Plan *
plan_blank(struct xpip *x)
{
	Plan *plan = g_new0(Plan, 1);
	plan->x = x;
	plan->rest = g_new0(struct plan_rest, 1);
	plan->rest->artifacts = g_ptr_array_new_with_free_func((GDestroyNotify)artifact_free);
	plan->rest->sdists = g_hash_table_new(NULL, NULL);
	plan->rest->unpacking = g_hash_table_new(NULL, NULL);
	return plan;
}

static bool
scan_installed(Plan *plan, GError **error)
{
	const Options *options = plan->x->options;
	if (!plan->rest->installs || options_flag(options, OPT_IGNORE_INSTALLED) ||
		options_string(options, OPT_TARGET))
		return true;
	plan->rest->installed = installed_scan(plan->python, NULL, plan->x->log, error);
	return plan->rest->installed != NULL;
}

Plan *
plan_new(struct xpip *x, bool installs, GError **error)
{
	g_autoptr(Plan) plan = plan_blank(x);
	struct plan_rest *rest = plan->rest;
	rest->installs = installs;
	plan->python = xpip_python(x, error);
	plan->loop = plan->python ? xpip_loop(x, error) : NULL;
	plan->jobs = plan->loop ? xpip_jobs(x, error) : NULL;
	if (!plan->jobs)
		return NULL;
	rest->formats = name_control_new();
	rest->releases = name_control_new();
	bool installing = strcmp(x->command->name, "install") == 0;
	if (!target_controls(plan->x->options, rest->formats, rest->releases, error) ||
		(options_allow(x->options, OPT_PLATFORM) &&
			!target_check(x->options, rest->formats, installing, error)))
		return NULL;
	plan->roots = roots_collect(x, plan->python, error);
	if (!plan->roots || !add_file_controls(plan, error))
		return NULL;
	if (!plan->roots->requirements->len && !options_arguments(x->options)[0] &&
		!*options_list(x->options, OPT_EDITABLE) &&
		!*options_list(x->options, OPT_REQUIREMENT) &&
		!*options_list(x->options, OPT_GROUP) &&
		!*options_list(x->options, OPT_REQUIREMENTS_FROM_SCRIPT)) {
		say_nothing_to_do(plan, error);
		return NULL;
	}
	const Reqfile *files = plan->roots->files;
	bool switched_off =
		options_flag(x->options, OPT_NO_REQUIRE_HASHES) || files->no_require_hashes;
	rest->require_hashes = options_flag(x->options, OPT_REQUIRE_HASHES) ||
			       files->require_hashes ||
			       (!switched_off && (any_hash(plan->roots->requirements) ||
							 any_hash(plan->roots->constraints)));
	rest->tags = options_allow(x->options, OPT_PLATFORM) ? target_tags(x->options, plan->python)
							     : tags_for_python(plan->python);
	rest->python_version = options_allow(x->options, OPT_PYTHON_VERSION)
				       ? target_python_version(x->options, plan->python)
				       : g_strdup(plan->python->version);
	rest->progress = progress_new(x->log, options_string(x->options, OPT_PROGRESS_BAR));
	plan->store = store_open(x->cache_dir, plan->python->scheme.purelib, error);
	if (!plan->store || !scan_installed(plan, error) || !make_index(plan, error) ||
		!make_context(plan, error))
		return NULL;
	return g_steal_pointer(&plan);
}

void
plan_free(Plan *plan)
{
	if (!plan)
		return;
	struct plan_rest *rest = plan->rest;
	GHashTableIter iter;
	void *key;
	g_hash_table_iter_init(&iter, rest->unpacking);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		((struct unpack *)key)->plan = NULL; /* its `done` frees it */
	for (size_t i = 0; i < plan->count; i++)
		store_wheel_free(plan->items[i].wheel);
	g_free(plan->items);
	fetch_free(rest->fetch);
	resolution_free(plan->resolution);
	roots_free(plan->roots);
	g_hash_table_unref(rest->sdists);
	g_ptr_array_unref(rest->artifacts);
	g_hash_table_unref(rest->unpacking);
	g_free(rest->roots);
	g_free(rest->constraints);
	installed_free(rest->installed);
	if (!rest->parent) {
		if (rest->context.building)
			g_ptr_array_unref(rest->context.building);
		index_free(rest->index);
		store_free(plan->store);
		progress_free(rest->progress);
		name_control_free(rest->formats);
		name_control_free(rest->releases);
		tags_free(rest->tags);
	}
	g_free(rest->python_version);
	g_clear_error(&rest->failure);
	g_free(rest);
	g_free(plan);
}

InstalledSet *
plan_installed(const Plan *plan)
{
	return plan->rest->installed;
}

/* --- build environments ----------------------------------------------------------------------- */

/* A plan within the plan: the same index and store, the interpreter's own tags, nothing installed.
 */
static Plan *
build_plan(Plan *parent, const char *const *requirements, GError **error)
{
	g_autoptr(Plan) plan = plan_blank(parent->x);
	struct plan_rest *rest = plan->rest;
	plan->python = parent->python;
	plan->loop = parent->loop;
	plan->jobs = parent->jobs;
	plan->store = parent->store;
	rest->parent = parent->rest;
	rest->formats = parent->rest->formats;
	rest->releases = parent->rest->releases;
	rest->tags = parent->rest->tags;
	rest->index = parent->rest->index;
	rest->python_version = g_strdup(parent->python->version);
	rest->quiet = true;
	plan->roots = roots_new();
	for (size_t i = 0; requirements[i]; i++) {
		GError *why = NULL;
		roots_add(plan->x, plan->python, plan->roots->requirements, requirements[i], false,
			NULL, &why);
		if (why) {
			g_propagate_error(error, why);
			return NULL;
		}
	}
	const char *const *constraints =
		options_allow(plan->x->options, OPT_BUILD_CONSTRAINT)
			? options_list(plan->x->options, OPT_BUILD_CONSTRAINT)
			: NULL;
	for (size_t i = 0; constraints && constraints[i]; i++)
		if (!roots_add_file(
			    plan->x, plan->python, plan->roots, constraints[i], true, error))
			return NULL;
	return make_context(plan, error) ? g_steal_pointer(&plan) : NULL;
}

static bool
install_build_requirements(void *user, const char *prefix, const char *const *requirements,
	const char *kind, const char *for_what, GError **error)
{
	Plan *parent = user;
	(void)kind;
	g_autoptr(Plan) plan = build_plan(parent, requirements, error);
	struct python_scheme *scheme =
		plan ? python_scheme_for(parent->python, false, NULL, prefix, NULL, error) : NULL;
	struct apply_options options = {
		.scheme = scheme, .quiet = true, .no_warn_script_location = true};
	bool ok = scheme && plan_resolve(plan, error) && plan_fetch(plan, error) &&
		  apply_plan(plan, &options, error);
	python_scheme_free(scheme);
	if (!ok)
		g_prefix_error(error, "build requirements of %s: ", for_what);
	return ok;
}
