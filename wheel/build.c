/* SPDX-License-Identifier: MIT */
/* The order of pip: requirements of pyproject.toml, those that the back end names, metadata, wheel.
 */
#include "wheel/build.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/repr.h"
#include "lib/texts.h"
#include "verify/digest.h"
#include "wheel/build_env.h"
#include "wheel/filename.h"
#include "wheel/hook.h"
#include "wheel/name.h"
#include "wheel/pyproject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_METADATA = 16 << 20, MAX_REQUIRES = 10000 };

struct Build {
	struct build_options options;
	char *folder, *what;
	char *name; /* as the metadata say; NULL before */
	Pyproject *project;
	BuildEnv *env;
	bool prepared, prepared_editable;
	char *dist_info; /* folder of the metadata */
	char *prebuilt;	 /* the wheel that was built to get at them, or NULL */
};

void
build_free(Build *build)
{
	if (!build)
		return;
	build_env_free(build->env);
	pyproject_free(build->project);
	g_free(build->folder);
	g_free(build->what);
	g_free(build->name);
	g_free(build->dist_info);
	g_free(build->prebuilt);
	g_free(build);
}

/* Each must be a PEP 508 text: pip says which one isn't. */
static bool
check_texts(const Build *build, GError **error)
{
	const struct build_options *options = &build->options;
	const char *nowhere[] = {NULL};
	for (char **text = build->project->requires; *text; text++) {
		const char *one[] = {*text, NULL};
		g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
		if (options->check(
			    options->python, nowhere, one, missing, conflicts, options->log, NULL))
			continue;
		g_autofree char *quoted = repr_string(*text);
		g_autofree char *reason =
			g_strdup_printf("It contains an invalid requirement: %s", quoted);
		return pyproject_refuse_requires(options->log, build->what, reason, error);
	}
	return true;
}

Build *
build_new(const struct build_options *options, const char *folder, const char *what, GError **error)
{
	g_autoptr(Build) build = g_new0(Build, 1);
	build->options = *options;
	build->folder = g_canonicalize_filename(folder, NULL);
	build->what = g_strdup(what);
	build->project = pyproject_read(folder, what, options->log, error);
	if (!build->project || !check_texts(build, error))
		return NULL;
	build->env = build_env_new(options->python, options->isolation, error);
	return build->env ? g_steal_pointer(&build) : NULL;
}

static void say(const Build *build, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
say(const Build *build, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	if (!build->options.quiet)
		log_info(build->options.log, "%s", text);
}

/* --- requirements -------------------------------------------------------------------------- */

static char *
join_sorted(GPtrArray *texts, bool quoted)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_ptr_array_sort(texts, texts_compare);
	for (guint i = 0; i < texts->len; i++) {
		g_autofree char *text =
			quoted ? repr_string(texts->pdata[i]) : g_strdup(texts->pdata[i]);
		g_string_append_printf(out, "%s%s", i ? ", " : "", text);
	}
	return g_strdup(out->str);
}

/* What the folders (NULL: the environment) lack; conflicts are an error. */
static GPtrArray *
find_missing(const Build *build, const char *const *paths, const char *const *requirements,
	const char *with, GError **error)
{
	const struct build_options *options = &build->options;
	g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
	if (!options->check(
		    options->python, paths, requirements, missing, conflicts, options->log, error))
		return NULL;
	if (conflicts->len == 0)
		return g_steal_pointer(&missing);
	g_autofree char *list = join_sorted(conflicts, false);
	error_set(error, ERROR_CONFLICT, "Some build dependencies for %s conflict with %s: %s.",
		build->what, with, list);
	return NULL;
}

static void
explain_install(
	const Build *build, const char *const *requirements, const char *kind, const char *why)
{
	g_autofree char *message = g_strdup_printf("Cannot install %s for %s", kind, build->what);
	g_autofree char *list = g_strjoinv(" ", (char **)requirements);
	g_autofree char *context = g_strdup_printf(
		"Installing %s\n[1 lines of output]\nERROR: %s\n[end of output]", list, why);
	log_diagnostic(build->options.log,
		&(struct diagnostic){.reference = "failed-build-dependency-install",
			.message = message,
			.context = context,
			.note = "This is likely not a problem with xpip."});
}

static bool
install(const Build *build, enum build_prefix prefix, const char *const *requirements,
	GError **error)
{
	static const char *const kinds[] = {"build dependencies", "backend dependencies"};
	const struct build_options *options = &build->options;
	g_autoptr(GError) why = NULL;
	if (!*requirements)
		return true;
	say(build, "Installing %s: started", kinds[prefix]);
	bool ok = options->install(options->user, build->env->prefix[prefix], requirements,
		kinds[prefix], build->what, &why);
	say(build, "Installing %s: finished with status '%s'", kinds[prefix],
		ok ? "done" : "error");
	if (ok)
		return true;
	if (g_error_matches(why, XPIP_ERROR, ERROR_INTERRUPTED)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	if (!g_error_matches(why, XPIP_ERROR, ERROR_SILENT))
		explain_install(build, requirements, kinds[prefix], why->message);
	return error_set(error, ERROR_IO, "Failed to build '%s' when installing %s", build->what,
		kinds[prefix]);
}

/* A table without build-backend leans on setuptools without asking for it. */
static bool
check_implied(const Build *build, GError **error)
{
	static const char *const implied[] = {"setuptools>=40.8.0", NULL};
	if (!build->project->backend_implied)
		return true;
	g_autoptr(GPtrArray) missing = find_missing(build, (const char *const *)build->env->paths,
		implied, "PEP 517/518 supported requirements", error);
	if (!missing || missing->len == 0)
		return missing != NULL;
	log_warning(build->options.log, "Missing build requirements in pyproject.toml for %s.",
		build->what);
	log_warning(build->options.log,
		"The project does not specify a build backend, and pip cannot fall back to "
		"setuptools without 'setuptools>=40.8.0'.");
	return true;
}

/* --- hooks --------------------------------------------------------------------------------- */

static Json *
call(const Build *build, const struct hook_call *order, GError **error)
{
	struct hook hook = {.python = build->options.python,
		.env = build->env,
		.project = build->project,
		.source = build->folder,
		.config_settings = build->options.config_settings,
		.log = build->options.log,
		.loop = build->options.loop,
		.quiet = build->options.quiet};
	return hook_run(&hook, order, build->what, error);
}

static bool
require_editable(const Build *build, GError **error)
{
	g_autoptr(Json) answer = call(build, &(struct hook_call){.name = "features"}, error);
	if (!answer)
		return false;
	if (json_bool(json_get(json_root(answer), "return"), false))
		return true;
	return error_set(error, ERROR_INVALID_INPUT,
		"Project %s uses a build backend that is missing the 'build_editable' hook, so it "
		"cannot be installed in editable mode. Consider using a build backend that "
		"supports PEP 660.",
		build->what);
}

static bool
install_dynamic(const Build *build, bool editable, GError **error)
{
	g_autoptr(Json) answer = call(build,
		&(struct hook_call){.name = editable ? "get_requires_for_build_editable"
						     : "get_requires_for_build_wheel",
			.message = editable ? "Getting requirements to build editable"
					    : "Getting requirements to build wheel"},
		error);
	if (!answer)
		return false;
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	struct json_iter iter = json_iter(json_get(json_root(answer), "return"));
	struct json item;
	while (json_next(&iter, NULL, &item) && wanted->len < MAX_REQUIRES)
		if (json_string(item, NULL))
			g_ptr_array_add(wanted, (char *)json_string(item, NULL));
	g_ptr_array_add(wanted, NULL);
	g_autoptr(GPtrArray) missing = find_missing(build, (const char *const *)build->env->paths,
		(const char *const *)wanted->pdata, "the backend dependencies", error);
	if (!missing)
		return false;
	g_ptr_array_add(missing, NULL);
	return install(build, BUILD_NORMAL, (const char *const *)missing->pdata, error);
}

static bool
check_present(const Build *build, GError **error)
{
	g_autoptr(GPtrArray) missing = find_missing(build, (const char *const *)build->env->paths,
		(const char *const *)build->project->requires, "the backend dependencies", error);
	if (!missing || missing->len == 0)
		return missing != NULL;
	g_autofree char *list = join_sorted(missing, true);
	return error_set(error, ERROR_ENVIRONMENT,
		"Some build dependencies for %s are missing: %s.", build->what, list);
}

/* Everything that must be there before metadata or a wheel of this kind can be asked for. */
static bool
prepare(Build *build, bool editable, GError **error)
{
	bool *done = editable ? &build->prepared_editable : &build->prepared;
	bool first = !build->prepared && !build->prepared_editable;
	bool isolated = build->options.isolation;
	if (*done)
		return true;
	if (isolated && first &&
		!(install(build, BUILD_OVERLAY, (const char *const *)build->project->requires,
			  error) &&
			check_implied(build, error)))
		return false;
	if (editable && !require_editable(build, error))
		return false;
	if (isolated && first && !install_dynamic(build, editable, error))
		return false;
	if (build->options.check_dependencies && !check_present(build, error))
		return false;
	*done = true;
	return true;
}

/* The `return` of a hook that names a file or folder just made in `folder`; new path. */
static char *
result_path(
	const Build *build, const Json *answer, const char *key, const char *folder, GError **error)
{
	const char *name = json_string(json_get(json_root(answer), key), NULL);
	if (!name || !fs_is_safe_relative(name) || strchr(name, '/')) {
		error_set(error, ERROR_INVALID_INPUT,
			"%s: the build backend answered with no file name", build->what);
		return NULL;
	}
	return g_build_filename(folder, name, NULL);
}

/* --- metadata ------------------------------------------------------------------------------ */

static bool
run_metadata(Build *build, bool editable, GError **error)
{
	g_autofree char *folder = g_build_filename(build->env->folder, "metadata", NULL);
	g_clear_pointer(&build->dist_info, g_free);
	g_clear_pointer(&build->prebuilt, g_free);
	if (!fs_remove_tree(folder, error) || !fs_mkdirs(folder, 0777, error))
		return false;
	g_autoptr(Json) answer = call(build,
		&(struct hook_call){.name = editable ? "prepare_metadata_for_build_editable"
						     : "prepare_metadata_for_build_wheel",
			.message = editable ? "Preparing editable metadata (pyproject.toml)"
					    : "Preparing metadata (pyproject.toml)",
			.folder = folder},
		error);
	if (!answer)
		return false;
	build->dist_info = result_path(build, answer, "return", folder, error);
	if (json_type(json_get(json_root(answer), "wheel")) == JSON_STRING)
		build->prebuilt = result_path(build, answer, "wheel", folder, NULL);
	return build->dist_info != NULL;
}

/* pip's last words on a failed metadata hook, in place of the reason, which stands above them. */
static bool
refuse_metadata(const Build *build, GError **error)
{
	g_autofree char *details = strstr(build->what, "://")
					   ? g_strdup_printf("from %s", build->what)
					   : g_strdup(build->what);
	log_diagnostic(build->options.log,
		&(struct diagnostic){.reference = "metadata-generation-failed",
			.message = "Encountered error while generating package metadata.",
			.context = details,
			.note = "This is an issue with the package mentioned above, not xpip.",
			.hint = "See above for details.",
			.is_last = true});
	return error_set(error, ERROR_SILENT, "metadata generation failed");
}

static Metadata *
read_metadata(const Build *build, GError **error)
{
	size_t length;
	g_autofree char *path = g_build_filename(build->dist_info, "METADATA", NULL);
	g_autofree char *text = fs_read(path, MAX_METADATA, &length, NULL, error);
	Metadata *metadata = text ? metadata_parse(text, length, error) : NULL;
	if (!metadata)
		g_prefix_error(error, "metadata of %s: ", build->what);
	return metadata;
}

Metadata *
build_metadata(Build *build, bool editable, GError **error)
{
	g_autoptr(GError) why = NULL;
	if (!prepare(build, editable, error))
		return NULL;
	if (!run_metadata(build, editable, &why)) {
		if (g_error_matches(why, XPIP_ERROR, ERROR_IO))
			refuse_metadata(build, error);
		else
			g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	Metadata *metadata = read_metadata(build, error);
	if (metadata) {
		g_free(build->name);
		build->name = g_strdup(metadata->name);
	}
	return metadata;
}

/* --- wheels -------------------------------------------------------------------------------- */

static bool
check_wheel_name(const Build *build, const char *path, GError **error)
{
	struct wheel_filename parts = {0};
	g_autofree char *base = g_path_get_basename(path);
	if (!filename_parse_wheel(base, &parts, error))
		return false;
	bool fits = name_equal(parts.name, build->name);
	if (!fits) {
		g_autofree char *wanted = name_normalize(build->name);
		error_set(error, ERROR_INVALID_INPUT,
			"Wheel has unexpected file name: expected '%s', got '%s'", wanted,
			parts.name);
	}
	wheel_filename_clear(&parts);
	return fits;
}

/* Into its final place, by a rename on one file system; says what was made. */
static char *
keep_wheel(const Build *build, const char *made, const char *folder, GError **error)
{
	g_autofree char *base = g_path_get_basename(made);
	g_autofree char *path = g_build_filename(folder, base, NULL);
	struct digest digest;
	char hex[65];
	struct stat info;
	g_auto(fd_t) fd = open(made, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0 || rename(made, path) != 0) {
		error_set_errno(error, errno, "keeping the wheel %s", path);
		return NULL;
	}
	if (!digest_file(fd, &digest, error))
		return NULL;
	digest_to_hex(&digest, hex);
	say(build, "Created wheel for %s: filename=%s size=%lld sha256=%s", build->name, base,
		(long long)info.st_size, hex);
	say(build, "Stored in directory: %s", folder);
	return g_steal_pointer(&path);
}

static char *
run_wheel(Build *build, bool editable, const char *folder, GError **error)
{
	g_autofree char *message = g_strdup_printf("Building %s for %s (pyproject.toml)",
		editable ? "editable" : "wheel", build->name);
	struct hook_call order = {.name = editable ? "build_editable" : "build_wheel",
		.message = message,
		.folder = folder,
		.metadata = build->dist_info};
	if (build->prebuilt) {
		say(build, "%s: started", message);
		say(build, "%s: finished with status 'done'", message);
		g_autofree char *base = g_path_get_basename(build->prebuilt);
		g_autofree char *path = g_build_filename(folder, base, NULL);
		int at = AT_FDCWD;
		return fs_place(at, build->prebuilt, at, path, false, error)
			       ? g_steal_pointer(&path)
			       : NULL;
	}
	g_autoptr(Json) answer = call(build, &order, error);
	if (!answer)
		return NULL;
	if (json_type(json_get(json_root(answer), "missing")) == JSON_STRING) {
		log_error(build->options.log,
			"Cannot build %s %s because the build backend does not have the %s hook",
			editable ? "editable" : "wheel", build->name, order.name);
		error_set(error, ERROR_SILENT, "no such hook");
		return NULL;
	}
	return result_path(build, answer, "return", folder, error);
}

/* A failure is said here; the caller goes on with its other wheels. */
static void
fail_wheel(const Build *build, bool editable, bool built, const GError *why)
{
	const char *kind = editable ? "editable" : "wheel";
	if (built)
		log_warning(build->options.log, "Built %s for %s is invalid: %s", kind, build->name,
			why->message);
	else
		log_error(build->options.log, "Failed building %s for %s", kind, build->name);
}

char *
build_wheel(Build *build, bool editable, const char *folder, GError **error)
{
	g_assert(build->dist_info && build->name);
	g_autoptr(GError) why = NULL;
	if (!fs_mkdirs(folder, 0777, error))
		return NULL;
	g_autofree char *inside = g_build_filename(folder, "xpip-wheel-XXXXXX", NULL);
	if (!mkdtemp(inside)) {
		error_set_errno(error, errno, "making a folder in %s", folder);
		return NULL;
	}
	g_autofree char *made =
		prepare(build, editable, &why) ? run_wheel(build, editable, inside, &why) : NULL;
	bool built = made && g_file_test(made, G_FILE_TEST_IS_REGULAR);
	char *path = NULL;
	if (built && check_wheel_name(build, made, &why))
		path = keep_wheel(build, made, folder, &why);
	if (path == NULL && g_error_matches(why, XPIP_ERROR, ERROR_INTERRUPTED))
		g_propagate_error(error, g_steal_pointer(&why));
	else if (path == NULL) {
		fail_wheel(build, editable, built && why, why);
		error_set(error, ERROR_SILENT, "Failed building %s", build->name);
	}
	fs_remove_tree(inside, NULL);
	return path;
}

bool
build_refuse_failed(Log *log, const GPtrArray *names, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(list, "%s%s", i ? ", " : "", (char *)names->pdata[i]);
	log_diagnostic(log,
		&(struct diagnostic){.reference = "failed-wheel-build-for-install",
			.message = "Failed to build installable wheels for some pyproject.toml "
				   "based projects",
			.context = list->str,
			.is_last = true});
	return error_set(error, ERROR_SILENT, "Failed to build %s", list->str);
}
