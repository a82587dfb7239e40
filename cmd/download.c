/* SPDX-License-Identifier: MIT */
/* `xpip download`: resolves like install, for this or another target, and saves the files. */
#include "cmd/save.h"
#include "lib/fs.h"

static void
say_summary(const Plan *plan)
{
	g_autoptr(GString) names = g_string_new(NULL);
	for (size_t i = 0; i < plan->count; i++)
		g_string_append_printf(names, " %s", plan->items[i].resolved->display_name);
	if (names->len)
		log_info(plan->x->log, "Successfully downloaded%s", names->str);
}

static bool
run(struct xpip *x, GError **error)
{
	g_autofree char *folder =
		g_canonicalize_filename(options_string(x->options, OPT_DEST), NULL);
	if (!fs_mkdirs(folder, 0777, error))
		return false;
	g_autoptr(Plan) plan = plan_new(x, false, error);
	if (!plan || !plan_resolve(plan, error) || !save_files(plan, folder, false, error))
		return false;
	say_summary(plan);
	return true;
}

static const enum option own_options[] = {OPT_CONSTRAINT, OPT_BUILD_CONSTRAINT, OPT_REQUIREMENT,
	OPT_REQUIREMENTS_FROM_SCRIPT, OPT_NO_DEPS, OPT_ONLY_DEPS, OPT_SRC, OPT_REQUIRE_HASHES,
	OPT_NO_REQUIRE_HASHES, OPT_PROGRESS_BAR, OPT_NO_BUILD_ISOLATION, OPT_USE_PEP517,
	OPT_CHECK_BUILD_DEPENDENCIES, OPT_IGNORE_REQUIRES_PYTHON, OPTIONS_TARGET_PYTHON, OPT_GROUP,
	OPT_NO_CLEAN, OPT_DEST, OPTIONS_SELECTION, OPTIONS_INDEX, OPTION_COUNT};

const struct command download_command = {
	.name = "download",
	.summary = "Download packages.",
	.usage = "[options] <requirement specifier> [package-index-options] ...\n"
		 "[options] -r <requirements file> [package-index-options] ...\n"
		 "[options] <vcs project url> ...\n"
		 "[options] <local project path> ...\n"
		 "[options] <archive url/path> ...",
	.description = "Download packages from:\n\n"
		       "- PyPI (and other indexes) using requirement specifiers.\n"
		       "- VCS project urls.\n"
		       "- Local project directories.\n"
		       "- Local or remote source archives.\n\n"
		       "Requirements files name a whole set to be downloaded in one place.",
	.run = run,
	.options = own_options,
};
