/* SPDX-License-Identifier: MIT */
/* The plan asks the resolver; direct requirements and sdists become artifacts on the way. */
#include "cmd/plan_private.h"
#include "cmd/target.h"

#include "lib/fs.h"
#include "resolver/sidecar.h"
#include "wheel/vcs.h"

#include <string.h>

static const struct root *
direct_root(const Plan *plan, const struct direct_request *request)
{
	if (request->root != SIZE_MAX)
		return g_ptr_array_index(plan->roots->requirements, request->root);
	if (request->constraint != SIZE_MAX)
		return g_ptr_array_index(plan->roots->constraints, request->constraint);
	return NULL;
}

/* -C of the requirement (or constraint) that names the project; what nobody named has none. */
static const char *const *
project_settings(const Plan *plan, const char *name)
{
	const GPtrArray *lists[] = {plan->roots->requirements, plan->roots->constraints};
	for (size_t n = 0; n < G_N_ELEMENTS(lists); n++)
		for (guint i = 0; i < lists[n]->len; i++) {
			const struct root *root = g_ptr_array_index(lists[n], i);
			if (root->requirement && root->config_settings &&
				strcmp(root->requirement->normalized_name, name) == 0)
				return (const char *const *)root->config_settings;
		}
	return NULL;
}

static bool
open_direct(void *user, const struct direct_request *request, struct direct *out, GError **error)
{
	Plan *plan = user;
	const struct root *root = direct_root(plan, request);
	if (plan->rest->require_hashes && request->editable)
		return error_set(error, ERROR_INTEGRITY,
			"The editable requirement %s cannot be installed when requiring hashes, "
			"because there is no single file to hash.",
			request->url);
	if (plan->rest->require_hashes && !plan_check_place(request->url, error))
		return false;
	const char *const *settings = root ? (const char *const *)root->config_settings : NULL;
	g_autofree char *what = root && root->editable ? g_strdup(request->url)
				: request->name
					? g_strdup_printf("%s@ %s", request->name, request->url)
					: g_strdup(request->url);
	struct artifact_request wanted = {
		.url = request->url,
		.name = request->name,
		.what = what,
		.editable = request->editable,
		.demanded = request->hashes,
		.size = -1,
		.config_settings = settings	   ? settings
				   : request->name ? project_settings(plan, request->name)
						   : NULL,
	};
	Artifact *artifact = artifact_new(&plan->rest->context, &wanted, error);
	if (!artifact)
		return false;
	g_ptr_array_add(plan->rest->artifacts, artifact);
	out->handle = artifact;
	out->metadata = artifact->metadata;
	out->local_wheel = artifact->local && artifact->is_wheel;
	out->local = artifact->local && !artifact->is_wheel;
	return true;
}

Artifact *
plan_open_sdist(Plan *plan, const IndexPage *page, const struct index_file *file, GError **error)
{
	Artifact *artifact = g_hash_table_lookup(plan->rest->sdists, file);
	if (artifact)
		return artifact;
	const char *filename = page_text(page, file->filename);
	struct artifact_request wanted = {
		.url = page_text(page, file->url),
		.name = page_name(page),
		.what = filename,
		.from_index = true,
		.size = file->size,
		.hash_name = page_text(page, file->hash_name),
		.hash = page_text(page, file->hash),
		.config_settings = project_settings(plan, page_name(page)),
	};
	artifact = artifact_new(&plan->rest->context, &wanted, error);
	if (!artifact)
		return NULL;
	g_ptr_array_add(plan->rest->artifacts, artifact);
	g_hash_table_insert(plan->rest->sdists, (void *)file, artifact);
	return artifact;
}

static const Metadata *
build_sdist_metadata(
	void *user, const IndexPage *page, const struct index_file *file, GError **error)
{
	Artifact *artifact = plan_open_sdist(user, page, file, error);
	return artifact ? artifact->metadata : NULL;
}

static void
see_decision(void *user, size_t decided, const char *name, unsigned given_up)
{
	Plan *plan = user;
	if (!plan->rest->progress)
		return;
	g_autofree char *text =
		given_up ? g_strdup_printf("%s, tried %u versions", name, given_up + 1) : NULL;
	progress_count(plan->rest->progress, "Resolving", (unsigned)decided, 0, text ? text : name);
}

static enum upgrade_strategy
upgrade_strategy(const Options *options)
{
	if (!options_allow(options, OPT_UPGRADE) || !options_flag(options, OPT_UPGRADE))
		return UPGRADE_TO_SATISFY_ONLY;
	const char *strategy = options_string(options, OPT_UPGRADE_STRATEGY);
	return strcmp(strategy, "eager") == 0 ? UPGRADE_EAGER : UPGRADE_ONLY_IF_NEEDED;
}

static bool
allowed_flag(const Options *options, enum option option)
{
	return options_allow(options, option) && options_flag(options, option);
}

static void
say_item(const Plan *plan, const struct plan_item *item)
{
	const struct resolved *resolved = item->resolved;
	g_autofree char *asked = plan_asked(plan, item);
	if (resolved->action == RESOLVED_KEEP && resolved->installed) {
		const char *from = strstr(asked, " (from ");
		g_autofree char *text = from ? g_strndup(asked, (size_t)(from - asked)) : NULL;
		g_autofree char *where = fs_display_path(resolved->installed->location);
		log_info(plan->x->log, "Requirement already satisfied: %s in %s%s (%s)",
			text ? text : asked, where, from ? from : "", resolved->installed->version);
	} else if (resolved->kind == RESOLVED_INDEX && resolved->file->local) {
		g_autofree char *path = g_filename_from_uri(
			page_text(resolved->page, resolved->file->url), NULL, NULL);
		g_autofree char *shown = fs_display_path(path);
		const char *from = strstr(asked, " (from ");
		log_info(plan->x->log, "Processing %s%s", shown, from ? from : "");
	} else if (resolved->kind == RESOLVED_INDEX) {
		log_info(plan->x->log, "Collecting %s", asked);
	}
}

char *
plan_asked(const Plan *plan, const struct plan_item *item)
{
	const struct resolved *resolved = item->resolved;
	(void)plan;
	return g_strdup(*resolved->asked ? resolved->asked : resolved->display_name);
}

const DirectUrl *
plan_direct_url(const struct plan_item *item)
{
	return item->artifact ? item->artifact->direct_url : NULL;
}

const struct plan_item **
plan_decisions(const Plan *plan)
{
	const struct plan_item **sorted = g_new0(const struct plan_item *, plan->count + 1);
	for (size_t i = 0; i < plan->count; i++)
		sorted[plan->items[i].resolved->decided] = &plan->items[i];
	return sorted;
}

static void
fill_items(Plan *plan)
{
	plan->count = resolution_count(plan->resolution);
	plan->items = g_new0(struct plan_item, plan->count + 1);
	for (size_t i = 0; i < plan->count; i++) {
		const struct resolved *resolved = resolution_get(plan->resolution, i);
		plan->items[i].resolved = resolved;
		if (resolved->kind == RESOLVED_DIRECT)
			plan->items[i].artifact = resolved->direct;
		else if (resolved->kind == RESOLVED_INDEX)
			plan->items[i].artifact =
				g_hash_table_lookup(plan->rest->sdists, resolved->file);
	}
	g_autofree const struct plan_item **items = plan_decisions(plan);
	for (size_t i = 0; i < plan->count && !plan->rest->quiet; i++)
		say_item(plan, items[i]);
}

/* Where another platform's wheel stood in for an sdist: what the sdist itself has to say, now that
 * it will be built anyway. *wrong: something else. */
static bool
check_assumptions(Plan *plan, bool *wrong, GError **error)
{
	*wrong = false;
	for (size_t i = 0; i < resolution_count(plan->resolution); i++) {
		const struct resolved *resolved = resolution_get(plan->resolution, i);
		if (!resolved->assumed || resolved->action == RESOLVED_KEEP)
			continue;
		const Artifact *artifact =
			plan_open_sdist(plan, resolved->page, resolved->file, error);
		if (!artifact)
			return false;
		*wrong |= !sidecar_check(resolved->metadata, artifact->metadata, "", NULL);
	}
	return true;
}

static bool
run_resolver(Plan *plan, struct resolve_options *resolving, GError **error)
{
	struct plan_rest *rest = plan->rest;
	plan->resolution = resolve(resolving, rest->roots, plan->roots->requirements->len,
		rest->constraints, plan->roots->constraints->len, error);
	bool wrong = false;
	if (plan->resolution && !allowed_flag(plan->x->options, OPT_DRY_RUN) &&
		!check_assumptions(plan, &wrong, error))
		return false;
	if (!wrong)
		return plan->resolution != NULL;
	resolving->assume_wheels = false;
	g_clear_pointer(&plan->resolution, resolution_free);
	return run_resolver(plan, resolving, error);
}

bool
plan_resolve(Plan *plan, GError **error)
{
	struct plan_rest *rest = plan->rest;
	const Options *options = plan->x->options;
	rest->roots = roots_array(plan->roots->requirements);
	rest->constraints = roots_array(plan->roots->constraints);
	struct resolve_options resolving = {
		.markers = (const char *const *)plan->python->markers,
		.python_version = rest->python_version,
		.tags = rest->tags,
		.ignore_requires_python = allowed_flag(options, OPT_IGNORE_REQUIRES_PYTHON),
		.prefer_binary = allowed_flag(options, OPT_PREFER_BINARY) ||
				 plan->roots->files->prefer_binary,
		.formats = rest->formats,
		.releases = rest->releases,
		.uploaded_prior_to = target_uploaded_prior_to(options),
		.assume_wheels = !rest->parent,
		.no_deps = !rest->parent && allowed_flag(options, OPT_NO_DEPS),
		.only_deps = !rest->parent && allowed_flag(options, OPT_ONLY_DEPS),
		.upgrade = rest->parent ? UPGRADE_TO_SATISFY_ONLY : upgrade_strategy(options),
		.force_reinstall = !rest->parent && allowed_flag(options, OPT_FORCE_REINSTALL),
		.installed = rest->installed,
		.source = index_source(rest->index),
		.direct = open_direct,
		.build_metadata = build_sdist_metadata,
		.progress = see_decision,
		.user = plan,
		.log = rest->quiet ? NULL : plan->x->log,
		.loop = plan->loop,
	};
	bool ok = run_resolver(plan, &resolving, error);
	if (rest->progress)
		progress_finish(rest->progress);
	if (!ok)
		return false;
	fill_items(plan);
	return !rest->require_hashes || plan_check_hashes(plan, error);
}
