/* SPDX-License-Identifier: MIT */
#include "cmd/root_files.h"

#include "cmd/target.h"
#include "lib/repr.h"
#include "resolver/group.h"
#include "resolver/inline.h"
#include "resolver/pylock.h"

#include <string.h>

/* --- dependency groups ---------------------------------------------------------------------- */

static bool
add_group(struct xpip *x, const Python *python, Roots *roots, const char *value, GError **error)
{
	const char *colon = strrchr(value, ':');
	g_autofree char *path =
		colon ? g_strndup(value, (size_t)(colon - value)) : g_strdup("pyproject.toml");
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Groups) groups = groups_read(path, error);
	if (!groups || !groups_resolve(groups, colon ? colon + 1 : value, texts, error))
		return false;
	for (guint i = 0; i < texts->len; i++)
		if (!roots_add_named(x, python, roots, texts->pdata[i], error))
			return false;
	return true;
}

bool
root_files_groups(struct xpip *x, const Python *python, Roots *roots, GError **error)
{
	if (!options_allow(x->options, OPT_GROUP))
		return true;
	for (const char *const *value = options_list(x->options, OPT_GROUP); *value; value++)
		if (!add_group(x, python, roots, *value, error))
			return false;
	return true;
}

/* --- scripts -------------------------------------------------------------------------------- */

static bool
check_python(struct xpip *x, const Python *python, const char *script, const char *wanted,
	GError **error)
{
	if (!wanted || !*wanted || options_flag(x->options, OPT_IGNORE_REQUIRES_PYTHON))
		return true;
	g_autoptr(SpecifierSet) set = specifier_parse(wanted, strlen(wanted), error);
	if (!set)
		return false;
	g_autofree char *version =
		options_allow(x->options, OPT_PYTHON_VERSION)
			? target_python_version(x->options, python)
			: g_strdup_printf("%d.%d.%d", python->major, python->minor, python->micro);
	if (specifier_contains_text(set, version, strlen(version), PRERELEASES_ALLOW))
		return true;
	g_autofree char *shown = repr_string(script), *range = repr_string(wanted);
	return error_set(error, ERROR_INVALID_INPUT,
		"Script %s requires a different Python: %s not in %s", shown, version, range);
}

bool
root_files_script(struct xpip *x, const Python *python, Roots *roots, GError **error)
{
	if (!options_allow(x->options, OPT_REQUIREMENTS_FROM_SCRIPT))
		return true;
	const char *const *scripts = options_list(x->options, OPT_REQUIREMENTS_FROM_SCRIPT);
	if (!*scripts)
		return true;
	if (scripts[1])
		return error_set(error, ERROR_INVALID_INPUT,
			"--requirements-from-script can only be given once");
	size_t length;
	g_autofree char *bytes = reqfile_read_local(*scripts, &length, error);
	g_autoptr(Inline) metadata = bytes ? inline_parse(bytes, length, *scripts, error) : NULL;
	if (!metadata || !check_python(x, python, *scripts, metadata->requires_python, error))
		return false;
	for (char **text = metadata->dependencies; *text; text++)
		if (!roots_add_named(x, python, roots, *text, error))
			return false;
	return true;
}

/* --- lock files ----------------------------------------------------------------------------- */

static bool
check_unlocked(const Roots *roots, const struct pylock_item *item, GError **error)
{
	for (guint i = 0; i < roots->locked->len; i++) {
		const struct pylock_item *other = g_ptr_array_index(roots->locked, i);
		if (strcmp(other->name, item->name) == 0)
			return error_set(error, ERROR_INVALID_INPUT,
				"Multiple locked links provided for %s: %s and %s", item->name,
				other->url, item->url);
	}
	return true;
}

static bool
add_locked(struct xpip *x, const Python *python, Roots *roots, const struct pylock_item *item,
	const char *place, GError **error)
{
	bool file = item->kind == PYLOCK_WHEEL || item->kind == PYLOCK_SDIST;
	if (file && !check_unlocked(roots, item, error))
		return false;
	g_autofree char *line = file ? g_strdup_printf("%s==%s", item->name, item->version)
				: item->kind == PYLOCK_FOLDER
					? g_strdup(item->url)
					: g_strdup_printf("%s @ %s", item->name, item->url);
	g_autofree char *origin = g_strdup_printf("-r %s", place);
	struct root *root =
		roots_add(x, python, roots->requirements, line, item->editable, origin, error);
	if (root && item->hashes)
		root->hashes = g_strdupv(item->hashes);
	return root != NULL;
}

bool
root_files_lock(struct xpip *x, const Python *python, Roots *roots, const char *place,
	const char *bytes, size_t length, GError **error)
{
	g_autoptr(Tags) tags = options_allow(x->options, OPT_PLATFORM)
				       ? target_tags(x->options, python)
				       : tags_for_python(python);
	struct marker_env env;
	memcpy(env.values, python->markers, sizeof env.values);
	struct pylock_target target = {&env, tags};
	g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
	log_warning(x->log,
		"Using pylock.toml as a requirements source is an experimental feature. It may be "
		"removed/changed in a future release without prior warning.");
	GPtrArray *items = pylock_select(bytes, length, place, &target, warnings, error);
	if (!items)
		return false;
	bool ok = true;
	for (guint i = 0; i < warnings->len; i++)
		log_warning(x->log, "%s", (const char *)warnings->pdata[i]);
	for (guint i = 0; i < items->len; i++)
		((struct pylock_item *)items->pdata[i])->place = g_strdup(place);
	for (guint i = 0; ok && i < items->len; i++)
		ok = add_locked(x, python, roots, items->pdata[i], place, error);
	g_ptr_array_extend_and_steal(roots->locked, items);
	return ok;
}
