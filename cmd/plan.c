/* SPDX-License-Identifier: MIT */
/* The pipeline, in five calls:
 *   roots_collect   what the user asks for (cmd/roots.c)
 *   resolve         which distributions these are (resolver/), asking the index and, for what is no
 *                   wheel of an index, cmd/artifact.c
 *   fetch_add       the wheels that the store lacks, all at once (cmd/fetch.c)
 *   store_add_wheel each, as soon as its hash has been checked (wheel/store.c)
 *   apply_plan      the change of the environment (cmd/apply.c), called by cmd/install.c
 */
#include "cmd/plan.h"

#include "cmd/apply.h"
#include "cmd/target.h"
#include "cmd/wheels.h"
#include "lib/fs.h"
#include "resolver/buildreq.h"
#include "wheel/vcs.h"

#include <string.h>

struct plan_rest {
	const struct plan_rest *parent; /* of a build environment's plan: index, store, … are its */
	Tags *tags;
	NameControl *formats, *releases;
	char *python_version;
	Index *index;
	Fetch *fetch;
	Progress *progress;
	InstalledSet *installed;
	struct artifact_context context;
	GPtrArray *artifacts; /* all that the resolver looked at */
	GHashTable *sdists;   /* const struct index_file * -> Artifact * */
	struct root_requirement *roots, *constraints;
	GHashTable *unpacking; /* struct unpack: under way */
	GError *failure;       /* the first of plan_fetch */
	bool installs, require_hashes, quiet;
};

/* --- making ----------------------------------------------------------------------------------- */

static bool
add_controls(Plan *plan, GError **error)
{
	static const enum option wanted[] = {
		OPT_NO_BINARY, OPT_ONLY_BINARY, OPT_ALL_RELEASES, OPT_ONLY_FINAL};
	struct plan_rest *rest = plan->rest;
	g_autofree struct option_occurrence *given = NULL;
	size_t count = options_sequence(plan->x->options, wanted, G_N_ELEMENTS(wanted), &given);
	for (size_t i = 0; i < count; i++) {
		bool format =
			given[i].option == OPT_NO_BINARY || given[i].option == OPT_ONLY_BINARY;
		bool first =
			given[i].option == OPT_NO_BINARY || given[i].option == OPT_ALL_RELEASES;
		if (!name_control_add(format ? rest->formats : rest->releases,
			    first ? NAME_CONTROL_FIRST : NAME_CONTROL_SECOND, given[i].value,
			    format ? "--no-binary / --only-binary"
				   : "--all-releases / --only-final",
			    error))
			return false;
	}
	bool pre = options_flag(plan->x->options, OPT_PRE);
	bool controls = *options_list(plan->x->options, OPT_ALL_RELEASES) ||
			*options_list(plan->x->options, OPT_ONLY_FINAL);
	if (pre && controls)
		return error_set(error, ERROR_INVALID_INPUT,
			"--pre cannot be used with --all-releases or --only-final.");
	return !pre ||
	       name_control_add(rest->releases, NAME_CONTROL_FIRST, ":all:", "--pre", error);
}

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

/* -i in a requirements file replaces what the command line says, extra indexes included. */
static bool
make_index(Plan *plan, GError **error)
{
	const Options *options = plan->x->options;
	const Reqfile *files = plan->roots->files;
	Http *http = xpip_http(plan->x, error);
	if (!http)
		return false;
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
		.refresh = options_list(options, OPT_REFRESH_PACKAGE),
	};
	plan->rest->index = index_new(plan->loop, http, plan->x->log, &index);
	index_say_where(plan->rest->index);
	return true;
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
		.quiet = rest->quiet,
		.keep_folders = options_flag(x->options, OPT_NO_CLEAN),
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
	if (!add_controls(plan, error) ||
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

struct unpack {	    /* one wheel on its way into the store */
	Plan *plan; /* NULL once the plan is gone */
	struct plan_item *item;
	char *filename;
};

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

/* --- resolving -------------------------------------------------------------------------------- */

static const struct root *
direct_root(const Plan *plan, const struct direct_request *request)
{
	if (request->root != SIZE_MAX)
		return g_ptr_array_index(plan->roots->requirements, request->root);
	if (request->constraint != SIZE_MAX)
		return g_ptr_array_index(plan->roots->constraints, request->constraint);
	return NULL;
}

static bool
check_direct_hashes(const Plan *plan, const struct direct_request *request, GError **error)
{
	if (!plan->rest->require_hashes)
		return true;
	if (vcs_is_url(request->url))
		return error_set(error, ERROR_INTEGRITY,
			"Can't verify hashes for these requirements because we don't have a way to "
			"hash version control repositories:\n    %s",
			request->url);
	g_autofree char *path = g_str_has_prefix(request->url, "file:")
					? g_filename_from_uri(request->url, NULL, NULL)
					: NULL;
	if (path && g_file_test(path, G_FILE_TEST_IS_DIR))
		return error_set(error, ERROR_INTEGRITY,
			"Can't verify hashes for these file:// requirements because they point to "
			"directories:\n    %s",
			request->url);
	return true;
}

static bool
open_direct(void *user, const struct direct_request *request, struct direct *out, GError **error)
{
	Plan *plan = user;
	const struct root *root = direct_root(plan, request);
	const Options *options = plan->x->options;
	if (!check_direct_hashes(plan, request, error))
		return false;
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
		.config_settings = root && root->config_settings
					   ? (const char *const *)root->config_settings
				   : options_allow(options, OPT_CONFIG_SETTINGS)
					   ? options_list(options, OPT_CONFIG_SETTINGS)
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

static Artifact *
open_sdist(Plan *plan, const IndexPage *page, const struct index_file *file, GError **error)
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
		.config_settings = options_allow(plan->x->options, OPT_CONFIG_SETTINGS)
					   ? options_list(plan->x->options, OPT_CONFIG_SETTINGS)
					   : NULL,
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
	Artifact *artifact = open_sdist(user, page, file, error);
	return artifact ? artifact->metadata : NULL;
}

static void
see_decision(void *user, size_t decided, const char *name, const Version *version)
{
	Plan *plan = user;
	(void)version;
	if (plan->rest->progress)
		progress_count(plan->rest->progress, "Resolving", (unsigned)decided, 0, name);
}

static int64_t
uploaded_prior_to(const Options *options)
{
	const char *text = options_string(options, OPT_UPLOADED_PRIOR_TO);
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
		    : INT64_MIN;
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
		log_info(plan->x->log, "Processing %s", shown);
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

/* pip's rule for --require-hashes: everything pinned, everything with a hash. */
static bool
check_required_hashes(const Plan *plan, GError **error)
{
	g_autoptr(GString) unpinned = g_string_new(NULL);
	g_autoptr(GString) missing = g_string_new(NULL);
	for (size_t i = 0; i < plan->count; i++) {
		const struct resolved *resolved = plan->items[i].resolved;
		const struct root *root =
			resolved->root == SIZE_MAX
				? NULL
				: g_ptr_array_index(plan->roots->requirements, resolved->root);
		const Requirement *requirement = root ? root->requirement : NULL;
		if (resolved->action == RESOLVED_KEEP)
			continue;
		g_autofree char *asked = plan_asked(plan, &plan->items[i]);
		if (resolved->kind == RESOLVED_INDEX &&
			!(requirement && specifier_pin(requirement->specifier) &&
				specifier_count(requirement->specifier) == 1))
			g_string_append_printf(unpinned, "\n    %s", asked);
		else if (!resolved->hashes || !resolved->hashes[0])
			g_string_append_printf(missing, "\n    %s==%s --hash=%s:%s", resolved->name,
				version_text(resolved->version),
				resolved->kind == RESOLVED_INDEX && resolved->file->hash_name
					? page_text(resolved->page, resolved->file->hash_name)
					: "sha256",
				resolved->kind == RESOLVED_INDEX && resolved->file->hash
					? page_text(resolved->page, resolved->file->hash)
					: "?");
	}
	if (missing->len)
		return error_set(error, ERROR_INTEGRITY,
			"Hashes are required in --require-hashes mode, but they are missing from "
			"some "
			"requirements. Here is a list of those requirements along with the hashes "
			"their downloaded archives actually had. Add lines like these to your "
			"requirements files to prevent tampering. (If you did not enable "
			"--require-hashes manually, note that it turns on automatically when any "
			"package has a hash.)%s",
			missing->str);
	if (unpinned->len)
		return error_set(error, ERROR_INTEGRITY,
			"In --require-hashes mode, all requirements must have their versions "
			"pinned "
			"with ==. These do not:%s",
			unpinned->str);
	return true;
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
	/* Who asks comes before what is asked for. */
	for (size_t i = plan->count; i-- && !plan->rest->quiet;)
		say_item(plan, &plan->items[i]);
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
		.uploaded_prior_to = uploaded_prior_to(options),
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
	plan->resolution = resolve(&resolving, rest->roots, plan->roots->requirements->len,
		rest->constraints, plan->roots->constraints->len, error);
	if (rest->progress)
		progress_finish(rest->progress);
	if (!plan->resolution)
		return false;
	fill_items(plan);
	return !rest->require_hashes || check_required_hashes(plan, error);
}

/* --- fetching --------------------------------------------------------------------------------- */

static void
fail(Plan *plan, const GError *error)
{
	if (!plan->rest->failure)
		plan->rest->failure = g_error_copy(error);
}

static void
take_wheel(StoreWheel *wheel, GPtrArray *warnings, const GError *error, void *user)
{
	struct unpack *unpack = user;
	Plan *plan = unpack->plan;
	if (!plan) {
		store_wheel_free(wheel);
	} else {
		g_hash_table_remove(plan->rest->unpacking, unpack);
		artifact_say_warnings(plan->x->log, unpack->filename, warnings);
		if (error)
			fail(plan, error);
		unpack->item->wheel = wheel;
	}
	g_free(unpack->filename);
	g_free(unpack);
}

static void
take_download(StoreDownload *download, const struct digest *sha256, const GError *error, void *user)
{
	struct unpack *unpack = user;
	Plan *plan = unpack->plan;
	if (error || !plan) {
		if (plan) {
			g_hash_table_remove(plan->rest->unpacking, unpack);
			fail(plan, error);
		}
		store_download_free(download);
		g_free(unpack->filename);
		g_free(unpack);
		return;
	}
	const struct resolved *resolved = unpack->item->resolved;
	struct store_add_options options = {
		.filename = unpack->filename, .strict_record = !resolved->file->local};
	unpack->item->wheel = store_find(plan->store, sha256, unpack->filename);
	if (unpack->item->wheel) { /* known, though the index did not tell its hash */
		store_download_free(download);
		take_wheel(unpack->item->wheel, NULL, NULL, unpack);
		return;
	}
	store_add_wheel(plan->store, plan->jobs, download, &options, take_wheel, unpack);
}

/* The store's wheel if the index tells its SHA-256 and the user demands no other. */
static StoreWheel *
find_in_store(Plan *plan, const struct resolved *resolved)
{
	const char *name = page_text(resolved->page, resolved->file->hash_name);
	const char *hex = page_text(resolved->page, resolved->file->hash);
	struct digest digest;
	if (!name || strcmp(name, "sha256") != 0 || !digest_from_hex(hex, &digest))
		return NULL;
	g_autofree char *demanded = g_strconcat("sha256:", hex, NULL);
	if (resolved->hashes && resolved->hashes[0] && !g_strv_contains(resolved->hashes, demanded))
		return NULL;
	return store_find(
		plan->store, &digest, page_text(resolved->page, resolved->file->filename));
}

bool
plan_fetch_file(
	Plan *plan, const struct plan_item *item, fetch_done_fn done, void *user, GError **error)
{
	const struct resolved *resolved = item->resolved;
	g_autofree char *asked = plan_asked(plan, item);
	struct fetch_file file = {
		.url = page_text(resolved->page, resolved->file->url),
		.filename = page_text(resolved->page, resolved->file->filename),
		.what = asked,
		.size = resolved->file->size,
		.hash_name = page_text(resolved->page, resolved->file->hash_name),
		.hash = page_text(resolved->page, resolved->file->hash),
		.demanded = resolved->hashes,
	};
	return fetch_add(plan->rest->fetch, &file, done, user, error);
}

void
plan_fetch_end(Plan *plan)
{
	fetch_end(plan->rest->fetch);
	if (plan->rest->progress)
		progress_finish(plan->rest->progress);
}

static bool
start_wheel(Plan *plan, struct plan_item *item, GError **error)
{
	const struct resolved *resolved = item->resolved;
	const char *filename = page_text(resolved->page, resolved->file->filename);
	item->wheel = find_in_store(plan, resolved);
	if (item->wheel) {
		g_autofree char *size = fetch_size_text(resolved->file->size);
		if (!plan->rest->quiet && !resolved->file->local)
			log_info(plan->x->log, "Using cached %s%s%s%s", filename,
				resolved->file->size >= 0 ? " (" : "",
				resolved->file->size >= 0 ? size : "",
				resolved->file->size >= 0 ? ")" : "");
		return true;
	}
	struct unpack *unpack = g_new0(struct unpack, 1);
	unpack->plan = plan;
	unpack->item = item;
	unpack->filename = g_strdup(filename);
	g_hash_table_add(plan->rest->unpacking, unpack);
	if (plan_fetch_file(plan, item, take_download, unpack, error))
		return true;
	g_hash_table_remove(plan->rest->unpacking, unpack);
	g_free(unpack->filename);
	g_free(unpack);
	return false;
}

static int
by_size(const void *a, const void *b)
{
	const struct plan_item *x = *(struct plan_item *const *)a,
			       *y = *(struct plan_item *const *)b;
	int64_t one = x->resolved->file->size, two = y->resolved->file->size;
	return one == two ? 0 : one > two ? -1 : 1;
}

/* Wheels of the index, largest first: the last one to be unpacked should be a small one. */
static bool
start_wheels(Plan *plan, GError **error)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		if (item->resolved->action != RESOLVED_KEEP && !item->artifact &&
			item->resolved->kind == RESOLVED_INDEX &&
			item->resolved->file->kind == FILE_WHEEL)
			g_ptr_array_add(wanted, item);
	}
	g_ptr_array_sort(wanted, by_size);
	for (guint i = 0; i < wanted->len; i++)
		if (!start_wheel(plan, g_ptr_array_index(wanted, i), error))
			return false;
	return true;
}

static bool
build_wheels(Plan *plan, GError **error)
{
	g_autoptr(GPtrArray) artifacts = g_ptr_array_new();
	g_autoptr(GPtrArray) failed = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		if (item->resolved->action == RESOLVED_KEEP || item->wheel)
			continue;
		if (!item->artifact && item->resolved->kind == RESOLVED_INDEX &&
			item->resolved->file->kind == FILE_SDIST) {
			item->artifact =
				open_sdist(plan, item->resolved->page, item->resolved->file, error);
			if (!item->artifact)
				return false;
		}
		if (item->artifact)
			g_ptr_array_add(artifacts, item->artifact);
	}
	if (!wheels_build(&plan->rest->context, artifacts, failed, error))
		return false;
	if (failed->len > 0)
		return build_refuse_failed(plan->x->log, failed, error);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].artifact && !plan->items[i].wheel &&
			plan->items[i].artifact->wheel)
			plan->items[i].wheel = store_wheel_ref(plan->items[i].artifact->wheel);
	return true;
}

/* Runs the loop until nothing is under way, or something failed. */
static bool
wait_for_wheels(Plan *plan, GError **error)
{
	struct plan_rest *rest = plan->rest;
	while (g_hash_table_size(rest->unpacking) && !rest->failure)
		if (!loop_turn(plan->loop, -1, error))
			return false;
	if (rest->progress)
		progress_finish(rest->progress);
	if (!rest->failure)
		return true;
	g_propagate_error(error, g_steal_pointer(&rest->failure));
	return false;
}

bool
plan_fetch(Plan *plan, GError **error)
{
	return start_wheels(plan, error) && build_wheels(plan, error) &&
	       wait_for_wheels(plan, error);
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
