/* SPDX-License-Identifier: MIT */
/* Reading: the checks and words of packaging.pylock, then the selection of PEP 751. */
#include "lib/repr.h"
#include "lib/toml.h"
#include "resolver/pylock_private.h"
#include "resolver/specifier.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_PACKAGES = 100000, MAX_WHEELS = 10000 };

bool
pylock_is_name(const char *path_or_url)
{
	bool url = strstr(path_or_url, "://") != NULL;
	g_autofree char *bare =
		url ? g_strndup(path_or_url, strcspn(path_or_url, "?#")) : g_strdup(path_or_url);
	g_autofree char *base = g_path_get_basename(bare);
	if (strcmp(base, "pylock.toml") == 0)
		return true;
	size_t length = strlen(base), fixed = strlen("pylock.") + strlen(".toml");
	return length > fixed && g_str_has_prefix(base, "pylock.") &&
	       g_str_has_suffix(base, ".toml") &&
	       !memchr(base + strlen("pylock."), '.', length - fixed);
}

/* --- packages ------------------------------------------------------------------------------ */

struct choice { /* what a package offers */
	struct pylock_item *direct, *sdist, *wheel;
	int rank; /* of wheel */
};

static void
choice_clear(struct choice *choice)
{
	if (choice->direct)
		pylock_item_free(choice->direct);
	if (choice->sdist)
		pylock_item_free(choice->sdist);
	if (choice->wheel)
		pylock_item_free(choice->wheel);
}

/* A cursor on a table below; false if it is there and no table. *here: is it there? */
static bool
enter(const struct cursor *at, const char *key, struct cursor *below, char **path, bool *here)
{
	struct json table;
	if (!pylock_get(at, key, JSON_OBJECT, "Mapping", false, &table))
		return false;
	*here = json_type(table) == JSON_OBJECT;
	*path = pylock_path_to(at, key);
	*below = (struct cursor){table, *path, at->error};
	return true;
}

static bool
read_wheels(const struct cursor *at, const char *place, const char *name, const char *version,
	const struct pylock_target *target, struct choice *choice, size_t *count)
{
	struct json list, table;
	if (!pylock_get(at, "wheels", JSON_ARRAY, "Sequence", false, &list))
		return false;
	*count = json_length(list);
	if (*count > MAX_WHEELS)
		return pylock_refuse(at, "wheels", "more than %d wheels", MAX_WHEELS);
	struct json_iter iter = json_iter(list);
	for (size_t i = 0; json_next(&iter, NULL, &table); i++) {
		g_autofree char *key = g_strdup_printf("wheels[%zu]", i);
		g_autofree char *path = pylock_path_to(at, key);
		if (json_type(table) != JSON_OBJECT)
			return pylock_refuse(at, key, "Unexpected type %s (expected Mapping)",
				pylock_python_type(table));
		int rank = -1;
		struct pylock_item *item =
			pylock_read_wheel(&(struct cursor){table, path, at->error}, place, name,
				version, target, &rank);
		if (!item)
			return false;
		if (rank < 0 || (choice->wheel && rank >= choice->rank)) {
			pylock_item_free(item);
			continue;
		}
		if (choice->wheel)
			pylock_item_free(choice->wheel);
		choice->wheel = item;
		choice->rank = rank;
	}
	return true;
}

typedef struct pylock_item *(*read_direct_fn)(
	const struct cursor *at, const char *place, const char *package);

/* Everything that the package's table offers, checked whether it is selected or not. */
static bool
read_choice(const struct cursor *at, const char *place, const char *name, const char *version,
	const struct pylock_target *target, struct choice *choice)
{
	static const struct {
		const char *key;
		read_direct_fn read;
	} kinds[] = {{"vcs", pylock_read_vcs}, {"directory", pylock_read_folder},
		{"archive", pylock_read_archive}};
	size_t wheels = 0, directs = 0;
	struct cursor below;
	bool here;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *path = NULL;
		if (!enter(at, kinds[i].key, &below, &path, &here))
			return false;
		struct pylock_item *item = here ? kinds[i].read(&below, place, name) : NULL;
		if (here && !item)
			return false;
		directs += here;
		if (choice->direct && item)
			pylock_item_free(item);
		else if (item)
			choice->direct = item;
	}
	g_autofree char *path = NULL;
	if (!enter(at, "sdist", &below, &path, &here))
		return false;
	choice->sdist = here ? pylock_read_sdist(&below, place, name, version) : NULL;
	if ((here && !choice->sdist) ||
		!read_wheels(at, place, name, version, target, choice, &wheels))
		return false;
	if (directs > 0 && (wheels > 0 || choice->sdist))
		return pylock_refuse(at, NULL,
			"None of vcs, directory, archive must be set if sdist or wheels are set");
	if (directs != 1 && wheels == 0 && !choice->sdist)
		return pylock_refuse(at, NULL,
			"Exactly one of vcs, directory, archive must be set if sdist and wheels "
			"are not set");
	return true;
}

struct selection {
	const struct pylock_target *target;
	const char *place;
	char **groups;	    /* the default ones: what markers see in dependency_groups */
	GPtrArray *items;   /* of struct pylock_item */
	GHashTable *chosen; /* name -> number of the package + 1 */
	bool failed;	    /* valid, but nothing for this target */
};

static bool
pick(struct selection *selection, const struct cursor *at, const char *name, size_t number,
	struct choice *choice)
{
	gpointer before = g_hash_table_lookup(selection->chosen, name);
	selection->failed = true;
	if (before)
		return error_set(at->error, ERROR_INVALID_INPUT,
			"Multiple packages with the name '%s' are selected at packages[%zu] and "
			"packages[%zu]",
			name, number, GPOINTER_TO_SIZE(before) - 1);
	struct pylock_item **from = choice->direct  ? &choice->direct
				    : choice->wheel ? &choice->wheel
						    : &choice->sdist;
	if (!*from)
		return error_set(at->error, ERROR_INVALID_INPUT,
			"No wheel found matching the provided tags for package '%s' at "
			"packages[%zu], and no sdist available as a fallback",
			name, number);
	g_hash_table_insert(selection->chosen, g_strdup(name), GSIZE_TO_POINTER(number + 1));
	g_ptr_array_add(selection->items, *from);
	*from = NULL;
	selection->failed = false;
	return true;
}

static bool
read_package(struct selection *selection, const struct cursor *at, size_t number)
{
	static const char *const no_extras[] = {NULL};
	const struct pylock_target *target = selection->target;
	const char *name = NULL, *version = NULL, *marker = NULL, *python = NULL, *index = NULL;
	bool satisfied = true, applies = true;
	if (!pylock_get_text(at, "name", true, &name))
		return false;
	if (!name_is_normalized(name)) {
		g_autofree char *shown = repr_string(name);
		return pylock_refuse(at, "name", "Name %s is not normalized", shown);
	}
	if (!pylock_get_text(at, "version", false, &version) ||
		!pylock_get_python(at, target, &satisfied, &python) ||
		!pylock_get_text(at, "marker", false, &marker) ||
		!pylock_get_text(at, "index", false, &index))
		return false;
	g_autoptr(Version) parsed = version ? version_parse_string(version) : NULL;
	if (version && !parsed) {
		g_autofree char *shown = repr_string(version);
		return pylock_refuse(at, "version", "Invalid version: %s", shown);
	}
	g_autoptr(Marker) condition = NULL;
	if (!pylock_get_marker(at, "marker", marker, &condition))
		return false;
	struct choice choice = {0};
	bool ok = read_choice(at, selection->place, name, version, target, &choice);
	if (ok && condition &&
		marker_evaluate_lock(condition, target->env, no_extras,
			(const char *const *)selection->groups, &applies) != MARKER_OK)
		applies = false;
	if (ok && applies && !satisfied) {
		selection->failed = true;
		ok = error_set(at->error, ERROR_INVALID_INPUT,
			"python_full_version '%s' in provided environment does not satisfy the "
			"Python version requirement '%s' for package '%s' at packages[%zu]",
			target->env->values[MARKER_PYTHON_FULL_VERSION], python, name, number);
	}
	if (ok && applies)
		ok = pick(selection, at, name, number, &choice);
	choice_clear(&choice);
	return ok;
}

/* --- the file ------------------------------------------------------------------------------ */

static bool
check_lock_version(const struct cursor *at, GPtrArray *warnings)
{
	const char *text = NULL;
	if (!pylock_get_text(at, "lock-version", true, &text))
		return false;
	g_autoptr(Version) version = version_parse_string(text);
	g_autoptr(Version) one = version_parse_string("1.0"), two = version_parse_string("2");
	if (!version) {
		g_autofree char *shown = repr_string(text);
		return pylock_refuse(at, "lock-version", "Invalid version: %s", shown);
	}
	if (version_compare(version, one) < 0 || version_compare(version, two) >= 0)
		return error_set(at->error, ERROR_INVALID_INPUT,
			"pylock version %s is not supported", version_text(version));
	if (version_compare(version, one) > 0 && warnings)
		g_ptr_array_add(
			warnings, g_strdup_printf("pylock minor version %s is not supported",
					  version_text(version)));
	return true;
}

/* environments: one of the markers must hold. */
static bool
check_environments(const struct cursor *at, struct selection *selection)
{
	struct json item;
	struct json_iter iter = json_iter(json_get(at->table, "environments"));
	bool any = json_length(json_get(at->table, "environments")) == 0;
	for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
		g_autofree char *key = g_strdup_printf("environments[%zu]", i);
		g_autoptr(Marker) marker = NULL;
		bool holds = false;
		if (!pylock_get_marker(at, key, json_string(item, NULL), &marker))
			return false;
		if (marker_evaluate(marker, selection->target->env, "", &holds) == MARKER_OK)
			any |= holds;
	}
	if (any)
		return true;
	selection->failed = true;
	return error_set(at->error, ERROR_INVALID_INPUT,
		"Provided environment does not satisfy any of the environments specified in the "
		"lock file");
}

static bool
check_header(const struct cursor *at, struct selection *selection, GPtrArray *warnings)
{
	static const char *const lists[] = {
		"environments", "extras", "dependency-groups", "default-groups"};
	const char *creator = NULL, *python = NULL;
	bool satisfied = true;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (!pylock_check_texts(at, lists[i]))
			return false;
	if (!pylock_get_text(at, "created-by", true, &creator) ||
		!pylock_get_python(at, selection->target, &satisfied, &python) ||
		!check_lock_version(at, warnings) || !check_environments(at, selection))
		return false;
	if (satisfied)
		return true;
	selection->failed = true;
	return error_set(at->error, ERROR_INVALID_INPUT,
		"python_full_version '%s' in provided environment does not satisfy the Python "
		"version requirement '%s'",
		selection->target->env->values[MARKER_PYTHON_FULL_VERSION], python);
}

static bool
read_lock(struct selection *selection, struct json root, GPtrArray *warnings, GError **error)
{
	struct cursor top = {root, "", error};
	struct json list, table;
	if (!check_header(&top, selection, warnings) ||
		!pylock_get(&top, "packages", JSON_ARRAY, "Sequence", true, &list))
		return false;
	if (json_length(list) > MAX_PACKAGES)
		return pylock_refuse(&top, "packages", "more than %d packages", MAX_PACKAGES);
	struct json_iter iter = json_iter(list);
	for (size_t i = 0; json_next(&iter, NULL, &table); i++) {
		g_autofree char *path = g_strdup_printf("packages[%zu]", i);
		if (json_type(table) != JSON_OBJECT)
			return pylock_refuse(&top, path, "Unexpected type %s (expected Mapping)",
				pylock_python_type(table));
		if (!read_package(selection, &(struct cursor){table, path, error}, i))
			return false;
	}
	return true;
}

/* New list of normalised names. */
static char **
default_groups(struct json root)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct json_iter iter = json_iter(json_get(root, "default-groups"));
	struct json item;
	while (json_next(&iter, NULL, &item))
		if (json_string(item, NULL))
			g_ptr_array_add(names, name_normalize(json_string(item, NULL)));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}

GPtrArray *
pylock_select(const char *bytes, size_t length, const char *place,
	const struct pylock_target *target, GPtrArray *warnings, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *shown = repr_string(place);
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(pylock_item_free);
	g_autoptr(GHashTable) chosen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Json) json = toml_parse(bytes, length, "TOML", &why);
	g_auto(GStrv) groups = json ? default_groups(json_root(json)) : NULL;
	struct selection selection = {.target = target,
		.place = place,
		.groups = groups,
		.items = items,
		.chosen = chosen};
	if (json && read_lock(&selection, json_root(json), warnings, &why))
		return g_steal_pointer(&items);
	error_set(error, ERROR_INVALID_INPUT,
		selection.failed ? "Cannot select requirements from pylock file %s: %s"
				 : "Invalid pylock file %s: %s",
		shown, why->message);
	return NULL;
}
