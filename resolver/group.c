/* SPDX-License-Identifier: MIT */
#include "resolver/group.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/repr.h"
#include "lib/toml.h"
#include "resolver/requirement.h"
#include "wheel/name.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_LENGTH = 8 << 20,
	MAX_REQUIREMENTS = 100000,
	MAX_FAULTS = 100,
	MAX_DEPTH = 60,
	MAX_INCLUDES = 100000
};

struct Groups {
	char *path;
	Json *document;
	struct json table;
};

/* One look-up under way. */
struct resolution {
	const Groups *groups;
	const char *asked; /* normalised name of the group that the user named */
	GPtrArray *stack;  /* normalised names of the groups that include this one */
	GPtrArray *found;  /* char * */
	GPtrArray *faults; /* char * */
	size_t includes;   /* followed so far */
};

void
groups_free(Groups *groups)
{
	if (!groups)
		return;
	g_free(groups->path);
	json_free(groups->document);
	g_free(groups);
}

/* --- reading ------------------------------------------------------------------------------- */

/* Two names that are one after normalisation. */
static bool
check_names(const Groups *groups, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct json_iter iter = json_iter(groups->table);
	struct json value;
	const char *key;
	while (json_next(&iter, &key, &value)) {
		char *name = name_normalize(key);
		const char *first = g_hash_table_lookup(seen, name);
		if (first) {
			error_set(error, ERROR_INVALID_INPUT,
				"[dependency-groups] data was invalid in %s: Duplicate dependency "
				"group names: %s (%s, %s)",
				groups->path, name, first, key);
			g_free(name);
			return false;
		}
		g_hash_table_insert(seen, name, (char *)key);
	}
	return true;
}

Groups *
groups_parse(const char *bytes, size_t length, const char *path, GError **error)
{
	g_autoptr(Groups) groups = g_new0(Groups, 1);
	groups->path = g_strdup(path);
	groups->document = toml_parse(bytes, length, path, error);
	if (!groups->document) {
		g_prefix_error(error, "Error parsing ");
		return NULL;
	}
	groups->table = json_get(json_root(groups->document), "dependency-groups");
	enum json_type type = json_type(groups->table);
	if (type != JSON_OBJECT) {
		error_set(error, ERROR_INVALID_INPUT,
			type == JSON_NONE ? "[dependency-groups] table was missing from '%s'. "
					    "Cannot resolve '--group' option."
					  : "[dependency-groups] table was malformed in %s. Cannot "
					    "resolve '--group' option.",
			path);
		return NULL;
	}
	return check_names(groups, error) ? g_steal_pointer(&groups) : NULL;
}

Groups *
groups_read(const char *path, GError **error)
{
	size_t length;
	bool absent = false;
	g_autoptr(GError) why = NULL;
	g_autofree char *text = fs_read(path, MAX_LENGTH, &length, &absent, &why);
	if (text)
		return groups_parse(text, length, path, error);
	if (absent)
		error_set(error, ERROR_INVALID_INPUT,
			"%s not found. Cannot resolve '--group' option.", path);
	else
		error_set(error, ERROR_IO, "Error reading %s: %s", path, why->message);
	return NULL;
}

/* --- resolving ----------------------------------------------------------------------------- */

static void fault(struct resolution *resolution, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
fault(struct resolution *resolution, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (resolution->faults->len < MAX_FAULTS)
		g_ptr_array_add(resolution->faults, g_strdup_vprintf(format, args));
	va_end(args);
}

static struct json
find_group(const Groups *groups, const char *name)
{
	struct json_iter iter = json_iter(groups->table);
	struct json value;
	const char *key;
	while (json_next(&iter, &key, &value))
		if (name_equal(key, name))
			return value;
	return (struct json){0};
}

static void
add_requirement(struct resolution *resolution, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Requirement) requirement = requirement_parse(text, strlen(text), &error);
	if (!requirement)
		fault(resolution, "%s", error->message);
	else if (resolution->found->len >= MAX_REQUIREMENTS)
		fault(resolution, "more than %d requirements", MAX_REQUIREMENTS);
	else
		g_ptr_array_add(resolution->found, requirement_text(requirement));
}

static void resolve(struct resolution *resolution, const char *group);

static void
include(struct resolution *resolution, const char *group, const char *written)
{
	g_autofree char *name = name_normalize(written);
	for (guint i = 0; i < resolution->stack->len; i++) {
		if (strcmp(resolution->stack->pdata[i], name) != 0)
			continue;
		if (strcmp(group, name) == 0)
			fault(resolution,
				"Cyclic dependency group include while resolving %s: %s includes "
				"itself",
				resolution->asked, group);
		else
			fault(resolution,
				"Cyclic dependency group include while resolving %s: %s -> %s, %s "
				"-> %s",
				resolution->asked, written, group, group, written);
		return;
	}
	if (resolution->stack->len >= MAX_DEPTH || ++resolution->includes > MAX_INCLUDES)
		fault(resolution, "Dependency groups include each other too deeply");
	else
		resolve(resolution, name);
}

static void
add_item(struct resolution *resolution, const char *group, struct json item)
{
	const char *text = json_string(item, NULL);
	if (text) {
		add_requirement(resolution, text);
		return;
	}
	struct json target = json_get(item, "include-group");
	bool valid = json_length(item) == 1 && json_type(target) != JSON_NONE;
	const char *written = json_string(target, NULL);
	if (valid && written) {
		include(resolution, group, written);
		return;
	}
	g_autofree char *shown = repr_json(item);
	fault(resolution,
		valid ? "Dependency group include-group value is not a string: %s"
		      : "Invalid dependency group item: %s",
		shown);
}

/* group: normalised. */
static void
resolve(struct resolution *resolution, const char *group)
{
	struct json list = find_group(resolution->groups, group);
	if (json_type(list) == JSON_NONE) {
		fault(resolution, "Dependency group '%s' not found", group);
	} else if (json_type(list) == JSON_STRING) {
		fault(resolution, "Dependency group '%s' contained a string rather than a list.",
			group);
	} else if (json_type(list) != JSON_ARRAY) {
		fault(resolution, "Dependency group '%s' is not a sequence type.", group);
	} else {
		struct json_iter iter = json_iter(list);
		struct json item;
		g_ptr_array_add(resolution->stack, (char *)group);
		while (json_next(&iter, NULL, &item) && resolution->faults->len < MAX_FAULTS)
			add_item(resolution, group, item);
		g_ptr_array_set_size(resolution->stack, (gint)resolution->stack->len - 1);
	}
}

bool
groups_resolve(Groups *groups, const char *group, GPtrArray *requirements, GError **error)
{
	g_autofree char *name = name_normalize(group);
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	struct resolution resolution = {.groups = groups,
		.asked = name,
		.stack = stack,
		.found = requirements,
		.faults = faults};
	resolve(&resolution, name);
	if (faults->len == 0)
		return true;
	g_ptr_array_add(faults, NULL);
	g_autofree char *list = g_strjoinv("; ", (char **)faults->pdata);
	return error_set(error, ERROR_INVALID_INPUT,
		"[dependency-groups] resolution failed for '%s' from '%s': %s", group, groups->path,
		list);
}
