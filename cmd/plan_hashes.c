/* SPDX-License-Identifier: MIT */
/* Hash-checking mode: what it demands of requirements before anything is installed. Whether the
 * bytes fit is checked where they arrive, in cmd/fetch.c. */
#include "cmd/plan_private.h"
#include "wheel/vcs.h"

#include <string.h>

#define MISSING                                                                                    \
	"Hashes are required in --require-hashes mode, but they are missing from some "            \
	"requirements. Here is a list of those requirements along with the hashes their "          \
	"downloaded archives actually had. Add lines like these to your requirements files to "    \
	"prevent tampering. (If you did not enable --require-hashes manually, note that it turns " \
	"on automatically when any package has a hash.)"
#define UNPINNED                                                                                   \
	"In --require-hashes mode, all requirements must have their versions pinned with ==. "     \
	"These do not:"

bool
plan_check_place(const char *url, GError **error)
{
	if (vcs_is_url(url))
		return error_set(error, ERROR_INTEGRITY,
			"Can't verify hashes for these requirements because we don't have a way to "
			"hash version control repositories:\n    %s",
			url);
	g_autofree char *path =
		g_str_has_prefix(url, "file:") ? g_filename_from_uri(url, NULL, NULL) : NULL;
	if (path && g_file_test(path, G_FILE_TEST_IS_DIR))
		return error_set(error, ERROR_INTEGRITY,
			"Can't verify hashes for these file:// requirements because they point to "
			"directories:\n    %s",
			url);
	return true;
}

/* true if one of the requirements or constraints for the project says `==`. */
static bool
is_pinned(const Plan *plan, const struct resolved *resolved)
{
	const GPtrArray *lists[] = {plan->roots->requirements, plan->roots->constraints};
	if (resolved->kind != RESOLVED_INDEX)
		return true;
	for (size_t n = 0; n < G_N_ELEMENTS(lists); n++)
		for (guint i = 0; i < lists[n]->len; i++) {
			const struct root *root = g_ptr_array_index(lists[n], i);
			const Requirement *requirement = root->requirement;
			if (requirement && specifier_pin(requirement->specifier) &&
				strcmp(requirement->normalized_name, resolved->name) == 0)
				return true;
		}
	return false;
}

/* A line that may be added to a requirements file. */
static void
add_missing(GString *lines, const struct plan_item *item)
{
	const struct resolved *resolved = item->resolved;
	const Artifact *artifact = item->artifact;
	g_string_append(lines, "\n    ");
	if (resolved->kind == RESOLVED_DIRECT) {
		g_string_append_printf(lines, "%s --hash=sha256:%s", artifact->url,
			artifact->sha256 ? artifact->sha256 : "?");
		return;
	}
	const char *name = page_text(resolved->page, resolved->file->hash_name);
	const char *hash = page_text(resolved->page, resolved->file->hash);
	g_string_append_printf(lines, "%s==%s", resolved->name, version_text(resolved->version));
	if (artifact && artifact->sha256)
		g_string_append_printf(lines, " --hash=sha256:%s", artifact->sha256);
	else if (hash)
		g_string_append_printf(lines, " --hash=%s:%s", name, hash);
}

bool
plan_check_hashes(const Plan *plan, GError **error)
{
	g_autoptr(GString) missing = g_string_new(NULL);
	g_autoptr(GString) unpinned = g_string_new(NULL);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		const struct resolved *resolved = item->resolved;
		bool promised = resolved->kind == RESOLVED_DIRECT && resolved->requested &&
				item->artifact->promised;
		if (resolved->action == RESOLVED_KEEP)
			continue;
		if (!is_pinned(plan, resolved)) {
			g_autofree char *asked = plan_asked(plan, item);
			g_string_append_printf(unpinned, "\n    %s", asked);
		} else if (!promised && !resolved->hashes) {
			add_missing(missing, item);
		}
	}
	if (!missing->len && !unpinned->len)
		return true;
	return error_set(error, ERROR_INTEGRITY, "%s%s%s%s%s", missing->len ? MISSING : "",
		missing->str, missing->len && unpinned->len ? "\n" : "",
		unpinned->len ? UNPINNED : "", unpinned->str);
}
