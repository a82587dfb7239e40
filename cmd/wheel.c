/* SPDX-License-Identifier: MIT */
/* `xpip wheel`: resolves like install and leaves a folder of wheels, built where there were none.
 */
#include "cmd/save.h"
#include "lib/fs.h"

#include <fcntl.h>
#include <unistd.h>

/* Copies what was built, in the plan's order; what cannot be copied counts as failed. */
static void
save_built(Plan *plan, const char *folder, GPtrArray *failed)
{
	for (size_t i = 0; i < plan->count; i++) {
		const Artifact *artifact = plan->items[i].artifact;
		if (!artifact || !artifact->built)
			continue;
		g_autofree char *name = g_path_get_basename(artifact->built);
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autoptr(GError) why = NULL;
		unlink(path);
		if (fs_place(AT_FDCWD, artifact->built, AT_FDCWD, path, false, &why))
			continue;
		log_warning(plan->x->log, "Failed to copy built wheel %s to %s: %s",
			artifact->metadata->name, folder, why->message);
		g_ptr_array_add(failed, g_strdup(artifact->metadata->name));
	}
}

static bool
run(struct xpip *x, GError **error)
{
	g_autofree char *folder =
		g_canonicalize_filename(options_string(x->options, OPT_WHEEL_DIR), NULL);
	if (*options_list(x->options, OPT_BUILD_CONSTRAINT) &&
		options_flag(x->options, OPT_NO_BUILD_ISOLATION))
		return error_set(error, ERROR_INVALID_INPUT,
			"--build-constraint cannot be used with --no-build-isolation.");
	if (!fs_mkdirs(folder, 0777, error))
		return false;
	g_autoptr(GPtrArray) failed = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Plan) plan = plan_new(x, false, error);
	if (!plan || !plan_resolve(plan, error) || !save_files(plan, folder, true, error) ||
		!plan_build(plan, failed, error))
		return false;
	save_built(plan, folder, failed);
	return failed->len == 0 ||
	       error_set(error, ERROR_INVALID_INPUT, "Failed to build one or more wheels");
}

static const enum option own_options[] = {OPT_WHEEL_DIR, OPT_NO_BUILD_ISOLATION, OPT_USE_PEP517,
	OPT_CHECK_BUILD_DEPENDENCIES, OPT_CONSTRAINT, OPT_BUILD_CONSTRAINT, OPT_EDITABLE,
	OPT_REQUIREMENT, OPT_REQUIREMENTS_FROM_SCRIPT, OPT_SRC, OPT_IGNORE_REQUIRES_PYTHON,
	OPT_NO_DEPS, OPT_ONLY_DEPS, OPT_PROGRESS_BAR, OPT_NO_VERIFY, OPT_CONFIG_SETTINGS,
	OPT_REQUIRE_HASHES, OPT_NO_REQUIRE_HASHES, OPT_GROUP, OPT_NO_CLEAN, OPTIONS_SELECTION,
	OPTIONS_INDEX, OPTION_COUNT};

const struct command wheel_command = {
	.name = "wheel",
	.summary = "Build wheels from your requirements.",
	.usage = "[options] <requirement specifier> ...\n"
		 "[options] -r <requirements file> ...\n"
		 "[options] [-e] <vcs project url> ...\n"
		 "[options] [-e] <local project path> ...\n"
		 "[options] <archive url/path> ...",
	.description = "Build wheel archives for your requirements and dependencies.\n\n"
		       "Wheel is a built-package format, and offers the advantage of not "
		       "recompiling your software during every install.",
	.run = run,
	.options = own_options,
};
