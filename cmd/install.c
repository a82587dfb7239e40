/* SPDX-License-Identifier: MIT */
/* `xpip install`: checks what the options may be together, picks where things go, and has
 * cmd/plan.c find and fetch and cmd/apply.c write them. */
#include "cmd/apply.h"
#include "cmd/install_report.h"
#include "cmd/managed.h"
#include "lib/fs.h"
#include "resolver/consistency.h"
#include "wheel/change.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* --- before ----------------------------------------------------------------------------------- */

static bool
check_options(struct xpip *x, GError **error)
{
	const Options *options = x->options;
	const char *target = options_string(options, OPT_TARGET);
	const char *prefix = options_string(options, OPT_PREFIX);
	bool user = options_flag(options, OPT_USER);
	if (user && target)
		return error_set(
			error, ERROR_INVALID_INPUT, "Can not combine '--user' and '--target'");
	const Python *python = xpip_python(x, error);
	if (!python)
		return false;
	bool here = !target && !prefix && !options_string(options, OPT_ROOT) &&
		    !(options_flag(options, OPT_DRY_RUN) && options_string(options, OPT_REPORT));
	if (here && !managed_check(x, python, error))
		return false;
	if (options_flag(options, OPT_ONLY_DEPS) &&
		(options_flag(options, OPT_NO_DEPS) || *options_list(options, OPT_GROUP) ||
			*options_list(options, OPT_REQUIREMENT) ||
			*options_list(options, OPT_REQUIREMENTS_FROM_SCRIPT)))
		return error_set(error, ERROR_INVALID_INPUT,
			"--only-deps cannot be used with --no-deps, --group, --requirement or "
			"--requirements-from-script.");
	if (*options_list(options, OPT_BUILD_CONSTRAINT) &&
		options_flag(options, OPT_NO_BUILD_ISOLATION))
		return error_set(error, ERROR_INVALID_INPUT,
			"--build-constraint cannot be used with --no-build-isolation.");
	if (user && prefix)
		return error_set(error, ERROR_INVALID_INPUT,
			"Can not combine '--user' and '--prefix' as they imply different "
			"installation locations");
	if (target && access(target, F_OK) == 0 && !g_file_test(target, G_FILE_TEST_IS_DIR))
		return error_set(error, ERROR_INVALID_INPUT,
			"Target path exists but is not a directory, will not continue.");
	return true;
}

/* A folder that does not exist is as writable as the nearest parent that does. */
static bool
is_writable(const char *folder)
{
	g_autofree char *path = g_strdup(folder);
	while (access(path, F_OK) != 0 && strlen(path) > 1) {
		char *up = g_path_get_dirname(path);
		g_free(path);
		path = up;
	}
	return access(path, W_OK) == 0;
}

/* pip's decide_user_install. */
static bool
decide_user(struct xpip *x, const Python *python, bool *user, GError **error)
{
	const Options *options = x->options;
	*user = options_flag(options, OPT_USER);
	if (*user) {
		if (python->is_venv && !python->system_site)
			return error_set(error, ERROR_ENVIRONMENT,
				"Can not perform a '--user' install. User site-packages are not "
				"visible in this virtualenv.");
		if (!python->user_site_enabled)
			return error_set(error, ERROR_ENVIRONMENT,
				"Can not perform a '--user' install. User site-packages are "
				"disabled for this Python.");
		return true;
	}
	if (options_given(options, OPT_USER) || options_string(options, OPT_PREFIX) ||
		options_string(options, OPT_TARGET) || !python->user_site_enabled)
		return true;
	const char *root = options_string(options, OPT_ROOT);
	g_autofree char *pure = g_strconcat(root ? root : "", python->scheme.purelib, NULL);
	g_autofree char *plat = g_strconcat(root ? root : "", python->scheme.platlib, NULL);
	if (is_writable(pure) && is_writable(plat))
		return true;
	log_info(x->log,
		"Defaulting to user installation because normal site-packages is not writeable");
	*user = true;
	return true;
}

/* --- after ------------------------------------------------------------------------------------ */

static bool
write_report(const Plan *plan, GError **error)
{
	const char *path = options_string(plan->x->options, OPT_REPORT);
	if (!path)
		return true;
	g_autofree char *text = install_report(plan);
	if (strcmp(path, "-") == 0) {
		log_output(plan->x->log, text);
		return true;
	}
	if (fs_write_atomic(path, text, strlen(text), 0644, false, error))
		return true;
	g_prefix_error(error, "Could not install packages due to an OSError: ");
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	const struct plan_item *x = *(struct plan_item *const *)a,
			       *y = *(struct plan_item *const *)b;
	return strcmp(x->resolved->name, y->resolved->name);
}

/* As the metadata spells them: pip's order of what it would install. */
static int
compare_spellings(const void *a, const void *b)
{
	const struct plan_item *x = *(struct plan_item *const *)a,
			       *y = *(struct plan_item *const *)b;
	return strcmp(x->resolved->display_name, y->resolved->display_name);
}

/* "Would install a-1 b-2" or "Successfully installed a-1 b-2". */
static void
say_summary(const Plan *plan, bool done)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].resolved->action != RESOLVED_KEEP)
			g_ptr_array_add(items, &plan->items[i]);
	if (!items->len)
		return;
	g_ptr_array_sort(items, done ? compare_names : compare_spellings);
	g_autoptr(GString) text = g_string_new(done ? "Successfully installed" : "Would install");
	for (guint i = 0; i < items->len; i++) {
		const struct plan_item *item = g_ptr_array_index(items, i);
		g_string_append_printf(text, " %s-%s",
			done ? item->resolved->asked_name : item->resolved->display_name,
			version_text(item->resolved->version));
	}
	log_info(plan->x->log, "%s", text->str);
}

static bool
install(Plan *plan, bool user, GError **error)
{
	const Options *options = plan->x->options;
	const char *target = options_string(options, OPT_TARGET);
	const char *prefix = options_string(options, OPT_PREFIX);
	const char *root = options_string(options, OPT_ROOT);
	g_autofree char *whole_target = target ? g_canonicalize_filename(target, NULL) : NULL;
	g_autofree char *whole_prefix = prefix ? g_canonicalize_filename(prefix, NULL) : NULL;
	g_autofree char *whole_root = root ? g_canonicalize_filename(root, NULL) : NULL;
	struct python_scheme *scheme = python_scheme_for(
		plan->python, user, whole_root, whole_prefix, whole_target, error);
	if (!scheme)
		return false;
	struct apply_options applying = {
		.scheme = scheme,
		.root = whole_root,
		.target = whole_target,
		.user = user,
		.foreign = target || prefix || root,
		.replace = options_flag(options, OPT_UPGRADE),
		.compile = options_flag(options, OPT_COMPILE),
		.no_warn_script_location =
			options_flag(options, OPT_NO_WARN_SCRIPT_LOCATION) || target || prefix,
	};
	bool ok = apply_plan(plan, &applying, error);
	python_scheme_free(scheme);
	return ok;
}

/* What would not fit together afterwards: pip's message, or NULL. Asked before anything changes, as
 * what is replaced is read too. */
static char *
find_conflicts(const Plan *plan, GError **error)
{
	const Options *options = plan->x->options;
	g_autofree struct consistency_dist *fresh =
		g_new0(struct consistency_dist, plan->count + 1);
	g_autoptr(InstalledSet) own = NULL;
	InstalledSet *set = plan_installed(plan);
	size_t count = 0;
	if (options_flag(options, OPT_NO_WARN_CONFLICTS) || options_flag(options, OPT_NO_DEPS))
		return NULL;
	for (size_t i = 0; i < plan->count; i++) {
		const struct resolved *resolved = plan->items[i].resolved;
		if (resolved->action != RESOLVED_KEEP)
			fresh[count++] = (struct consistency_dist){
				.normalized_name = resolved->name,
				.version = version_text(resolved->version),
				.metadata = resolved->metadata,
			};
	}
	if (!count || (!set && !(set = own = installed_scan(plan->python, NULL, NULL, error))))
		return NULL;
	g_autoptr(GPtrArray) problems =
		consistency_check(set, plan->python, fresh, count, plan->x->log, NULL);
	return consistency_warning(problems);
}

static bool
run(struct xpip *x, GError **error)
{
	bool user;
	if (!check_options(x, error) || !decide_user(x, x->python, &user, error))
		return false;
	/* A change that was cut short is finished before anybody looks at what is installed. */
	if (!change_recover(x->python, &x->python->scheme, x->log, error))
		return false;
	g_autoptr(Plan) plan = plan_new(x, true, error);
	if (!plan || !plan_resolve(plan, error) || !write_report(plan, error))
		return false;
	if (options_flag(x->options, OPT_DRY_RUN)) {
		say_summary(plan, false);
		return true;
	}
	if (!plan_fetch(plan, error))
		return false;
	g_autofree char *conflicts = find_conflicts(plan, NULL);
	if (!install(plan, user, error))
		return false;
	if (conflicts)
		log_error(x->log, "%s", conflicts);
	say_summary(plan, true);
	managed_warn_root(x, plan->python);
	return true;
}

static const enum option own_options[] = {OPT_REQUIREMENT, OPT_CONSTRAINT, OPT_BUILD_CONSTRAINT,
	OPT_REQUIREMENTS_FROM_SCRIPT, OPT_NO_DEPS, OPT_ONLY_DEPS, OPT_EDITABLE, OPT_DRY_RUN,
	OPT_TARGET, OPTIONS_TARGET_PYTHON, OPT_USER, OPT_NO_USER, OPT_ROOT, OPT_PREFIX, OPT_SRC,
	OPT_UPGRADE, OPT_UPGRADE_STRATEGY, OPT_FORCE_REINSTALL, OPT_IGNORE_INSTALLED,
	OPT_IGNORE_REQUIRES_PYTHON, OPT_NO_BUILD_ISOLATION, OPT_USE_PEP517,
	OPT_CHECK_BUILD_DEPENDENCIES, OPT_BREAK_SYSTEM_PACKAGES, OPT_CONFIG_SETTINGS, OPT_COMPILE,
	OPT_NO_COMPILE, OPT_NO_WARN_SCRIPT_LOCATION, OPT_NO_WARN_CONFLICTS, OPT_REQUIRE_HASHES,
	OPT_NO_REQUIRE_HASHES, OPT_PROGRESS_BAR, OPT_ROOT_USER_ACTION, OPT_REPORT, OPT_GROUP,
	OPT_NO_CLEAN, OPTIONS_SELECTION, OPTIONS_INDEX, OPTION_COUNT};

const struct command install_command = {
	.name = "install",
	.summary = "Install packages.",
	.usage = "[options] <requirement specifier> [package-index-options] ...\n"
		 "[options] -r <requirements file> [package-index-options] ...\n"
		 "[options] [-e] <vcs project url> ...\n"
		 "[options] [-e] <local project path> ...\n"
		 "[options] <archive url/path> ...",
	.description = "Install packages from:\n\n"
		       "- PyPI (and other indexes) using requirement specifiers.\n"
		       "- VCS project urls.\n"
		       "- Local project directories.\n"
		       "- Local or remote source archives.\n\n"
		       "Requirements files name a whole environment in one place.",
	.run = run,
	.options = own_options,
};
