/* SPDX-License-Identifier: MIT */
/* `xpip lock`: resolves like install, for this environment, and writes pylock.toml (PEP 751). */
#include "cmd/plan.h"
#include "lib/fs.h"
#include "resolver/pylock.h"

#include <stdlib.h>
#include <string.h>

/* Where each item came from, with a hash: what the index tells, else that of the file itself. */
struct origins {
	DirectUrl **list;
	unsigned running;
	GError *failure;
};

struct hashing {
	struct origins *origins;
	size_t index;
	const char *url;
};

static void
take_download(StoreDownload *download, const struct digest *sha256, const GError *error, void *user)
{
	g_autofree struct hashing *hashing = user;
	struct origins *origins = hashing->origins;
	char hex[65];
	if (error && !origins->failure)
		origins->failure = g_error_copy(error);
	if (!error) {
		digest_to_hex(sha256, hex);
		origins->list[hashing->index] =
			directurl_for_link(hashing->url, false, false, NULL, hex);
	}
	store_download_free(download);
	origins->running--;
}

static bool
find_origin(Plan *plan, struct origins *origins, size_t index, GError **error)
{
	const struct plan_item *item = &plan->items[index];
	const struct resolved *resolved = item->resolved;
	if (resolved->kind != RESOLVED_INDEX)
		return true;
	const char *url = page_text(resolved->page, resolved->file->url);
	const char *name = page_text(resolved->page, resolved->file->hash_name);
	const char *hash = page_text(resolved->page, resolved->file->hash);
	if (name && hash) {
		g_autofree char *link = g_strdup_printf("%s#%s=%s", url, name, hash);
		origins->list[index] = directurl_for_link(link, false, false, NULL, NULL);
		return true;
	}
	struct hashing *hashing = g_new0(struct hashing, 1);
	*hashing = (struct hashing){origins, index, url};
	if (!plan_fetch_file(plan, item, take_download, hashing, error)) {
		g_free(hashing);
		return false;
	}
	origins->running++;
	return true;
}

static bool
find_origins(Plan *plan, struct origins *origins, GError **error)
{
	bool ok = true;
	for (size_t i = 0; ok && i < plan->count; i++)
		ok = find_origin(plan, origins, i, error);
	while (ok && origins->running && !origins->failure)
		ok = loop_turn(plan->loop, -1, error);
	plan_fetch_end(plan);
	if (ok && origins->failure) {
		g_propagate_error(error, g_steal_pointer(&origins->failure));
		ok = false;
	}
	g_clear_error(&origins->failure);
	return ok;
}

static int
compare_packages(const void *a, const void *b)
{
	const struct pylock_package *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static char *
lock_text(Plan *plan, const char *base, GError **error)
{
	struct origins origins = {.list = g_new0(DirectUrl *, plan->count + 1)};
	g_autofree struct pylock_package *packages = g_new0(struct pylock_package, plan->count + 1);
	char *text = NULL;
	if (find_origins(plan, &origins, error)) {
		for (size_t i = 0; i < plan->count; i++) {
			const struct resolved *resolved = plan->items[i].resolved;
			bool direct = resolved->kind != RESOLVED_INDEX;
			packages[i] = (struct pylock_package){.name = resolved->name,
				.version = version_text(resolved->version),
				.origin =
					direct ? plan_direct_url(&plan->items[i]) : origins.list[i],
				.is_direct = direct};
		}
		qsort(packages, plan->count, sizeof *packages, compare_packages);
		text = pylock_text(packages, plan->count, base, error);
	}
	for (size_t i = 0; i < plan->count; i++)
		directurl_free(origins.list[i]);
	g_free(origins.list);
	return text;
}

static bool
write_lock(struct xpip *x, Plan *plan, GError **error)
{
	const char *output = options_string(x->options, OPT_OUTPUT);
	bool to_stdout = strcmp(output, "-") == 0;
	if (!to_stdout && !pylock_is_name(output))
		log_warning(x->log, "%s is not a valid lock file name.", output);
	g_autofree char *path = to_stdout ? NULL : g_canonicalize_filename(output, NULL);
	g_autofree char *base = path ? g_path_get_dirname(path) : g_get_current_dir();
	g_autofree char *text = lock_text(plan, base, error);
	if (!text)
		return false;
	size_t length = strlen(text);
	if (path)
		return fs_write_atomic(path, text, length, 0666, false, error);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0'; /* log_output ends the line */
	log_output(x->log, text);
	return true;
}

static bool
run(struct xpip *x, GError **error)
{
	log_warning(x->log,
		"%s lock is currently an experimental command. It may be removed/changed in a "
		"future release without prior warning.",
		x->program);
	if (*options_list(x->options, OPT_BUILD_CONSTRAINT) &&
		options_flag(x->options, OPT_NO_BUILD_ISOLATION))
		return error_set(error, ERROR_INVALID_INPUT,
			"--build-constraint cannot be used with --no-build-isolation.");
	g_autoptr(Plan) plan = plan_new(x, false, error);
	return plan && plan_resolve(plan, error) && write_lock(x, plan, error);
}

static const enum option own_options[] = {OPT_OUTPUT, OPT_REQUIREMENT, OPT_REQUIREMENTS_FROM_SCRIPT,
	OPT_CONSTRAINT, OPT_BUILD_CONSTRAINT, OPT_NO_DEPS, OPT_ONLY_DEPS, OPT_EDITABLE, OPT_SRC,
	OPT_IGNORE_REQUIRES_PYTHON, OPT_NO_BUILD_ISOLATION, OPT_USE_PEP517,
	OPT_CHECK_BUILD_DEPENDENCIES, OPT_CONFIG_SETTINGS, OPT_REQUIRE_HASHES,
	OPT_NO_REQUIRE_HASHES, OPT_PROGRESS_BAR, OPT_GROUP, OPT_NO_CLEAN, OPTIONS_SELECTION,
	OPTIONS_INDEX, OPTION_COUNT};

const struct command lock_command = {
	.name = "lock",
	.summary = "Generate a lock file.",
	.usage = "[options] [-e] <local project path> ...\n"
		 "[options] <requirement specifier> [package-index-options] ...\n"
		 "[options] -r <requirements file> [package-index-options] ...\n"
		 "[options] <archive url/path> ...",
	.description = "Lock packages and their dependencies from requirement specifiers, project "
		       "folders and archives.\n\n"
		       "The lock file holds for this Python version and platform; it can be "
		       "installed by `install -r pylock.toml`.",
	.run = run,
	.options = own_options,
};
