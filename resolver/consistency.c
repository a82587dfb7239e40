/* SPDX-License-Identifier: MIT */
#include "resolver/consistency.h"
#include "lib/error.h"

#include <string.h>

/* A distribution of the set that is judged. */
struct member {
	const char *name; /* normalised */
	Version *version;
	GPtrArray *requires; /* of Requirement *, those whose markers hold here */
	bool judged;
};

struct judging {
	struct marker_env env;
	GPtrArray *members;  /* sorted by name */
	GHashTable *by_name; /* -> struct member * */
	Log *log;
	bool unreadable;
};

static void
member_free(void *data)
{
	struct member *member = data;
	version_free(member->version);
	g_ptr_array_unref(member->requires);
	g_free(member);
}

static void
problem_free(void *data)
{
	struct consistency_problem *problem = data;
	g_free(problem->name);
	g_free(problem->version);
	g_free(problem->requirement);
	g_free(problem->needed);
	g_free(problem->found);
	g_free(problem);
}

/* --- the set -------------------------------------------------------------------------------- */

static bool
read_member(const struct judging *judging, struct member *member,
	const struct consistency_dist *dist, GError **error)
{
	member->version = version_parse_string(dist->version);
	if (!member->version)
		return error_set(
			error, ERROR_INVALID_INPUT, "Invalid version: '%s'", dist->version);
	for (char **text = dist->metadata ? dist->metadata->requires_dist : NULL; text && *text;
		text++) {
		Requirement *requirement = requirement_parse(*text, strlen(*text), error);
		if (!requirement)
			return false;
		if (marker_applies(requirement->marker, &judging->env, NULL, 0))
			g_ptr_array_add(member->requires, requirement);
		else
			requirement_free(requirement);
	}
	return true;
}

static void
add_member(struct judging *judging, const struct consistency_dist *dist, bool judged)
{
	g_autoptr(GError) why = NULL;
	struct member *member = g_new0(struct member, 1);
	member->name = dist->normalized_name;
	member->judged = judged;
	member->requires = g_ptr_array_new_with_free_func((GDestroyNotify)requirement_free);
	if (!read_member(judging, member, dist, &why)) {
		if (judging->log)
			log_warning(judging->log, "Error parsing dependencies of %s: %s",
				dist->normalized_name, why->message);
		judging->unreadable = true;
		member_free(member);
		return;
	}
	g_ptr_array_add(judging->members, member);
	g_hash_table_insert(judging->by_name, (char *)member->name, member);
}

/* The installed ones that are not replaced, and those that come. */
static void
fill(struct judging *judging, InstalledSet *set, const struct consistency_dist *fresh, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_member(judging, &fresh[i], true);
	for (size_t i = 0; i < installed_count(set); i++) {
		Installed *dist = installed_get(set, i);
		if (g_hash_table_contains(judging->by_name, dist->normalized_name))
			continue;
		const Metadata *metadata = installed_metadata(dist, NULL); /* sets the version */
		struct consistency_dist old = {.normalized_name = dist->normalized_name,
			.version = dist->version,
			.metadata = metadata};
		add_member(judging, &old, !fresh);
	}
}

/* Those that depend on one that comes are affected too. */
static void
judge_dependents(const struct judging *judging, const struct consistency_dist *fresh, size_t count)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (size_t i = 0; i < count; i++)
		g_hash_table_add(names, (char *)fresh[i].normalized_name);
	for (guint i = 0; i < judging->members->len; i++) {
		struct member *member = g_ptr_array_index(judging->members, i);
		for (guint r = 0; r < member->requires->len && !member->judged; r++) {
			const Requirement *requirement = g_ptr_array_index(member->requires, r);
			member->judged = g_hash_table_contains(names, requirement->normalized_name);
		}
	}
}

/* --- the verdict ---------------------------------------------------------------------------- */

static int
compare_members(const void *a, const void *b)
{
	return strcmp((*(struct member *const *)a)->name, (*(struct member *const *)b)->name);
}

static int
compare_problems(const void *a, const void *b)
{
	const struct consistency_problem *x = *(struct consistency_problem *const *)a;
	const struct consistency_problem *y = *(struct consistency_problem *const *)b;
	int order = strcmp(x->needed, y->needed);
	return order ? order : strcmp(x->requirement, y->requirement);
}

/* A member's problems of one kind, each once, in order. */
static void
add_problems(const struct judging *judging, const struct member *member, bool missing,
	GPtrArray *problems)
{
	g_autoptr(GPtrArray) own = g_ptr_array_new();
	for (guint i = 0; i < member->requires->len; i++) {
		const Requirement *requirement = g_ptr_array_index(member->requires, i);
		const struct member *found =
			g_hash_table_lookup(judging->by_name, requirement->normalized_name);
		if ((found == NULL) != missing ||
			(found && specifier_contains(requirement->specifier, found->version,
					  PRERELEASES_ALLOW)))
			continue;
		struct consistency_problem *problem = g_new0(struct consistency_problem, 1);
		problem->name = g_strdup(member->name);
		problem->version = g_strdup(version_text(member->version));
		problem->requirement = requirement_text(requirement);
		problem->needed = g_strdup(requirement->normalized_name);
		problem->found = found ? g_strdup(version_text(found->version)) : NULL;
		g_ptr_array_add(own, problem);
	}
	g_ptr_array_sort(own, compare_problems);
	for (guint i = 0; i < own->len; i++) {
		bool repeated = i > 0 && compare_problems(&own->pdata[i - 1], &own->pdata[i]) == 0;
		if (repeated)
			problem_free(own->pdata[i - 1]);
		if (repeated)
			problems->pdata[problems->len - 1] = own->pdata[i];
		else
			g_ptr_array_add(problems, own->pdata[i]);
	}
}

GPtrArray *
consistency_check(InstalledSet *set, const Python *python, const struct consistency_dist *fresh,
	size_t count, Log *log, bool *unreadable)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
	g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *problems = g_ptr_array_new_with_free_func(problem_free);
	struct judging judging = {.members = members, .by_name = by_name, .log = log};
	memcpy(judging.env.values, python->markers, sizeof judging.env.values);
	fill(&judging, set, fresh, fresh ? count : 0);
	judge_dependents(&judging, fresh, fresh ? count : 0);
	g_ptr_array_sort(members, compare_members);
	for (int missing = 1; missing >= 0; missing--)
		for (guint i = 0; i < members->len; i++) {
			const struct member *member = g_ptr_array_index(members, i);
			if (member->judged)
				add_problems(&judging, member, missing, problems);
		}
	if (unreadable)
		*unreadable = judging.unreadable;
	return problems;
}

char *
consistency_warning(const GPtrArray *problems)
{
	if (!problems->len)
		return NULL;
	GString *text = g_string_new(
		"pip's dependency resolver does not currently take into account all the packages "
		"that are installed. This behaviour is the source of the following dependency "
		"conflicts.");
	for (guint i = 0; i < problems->len; i++) {
		const struct consistency_problem *problem = g_ptr_array_index(problems, i);
		g_string_append_printf(text, "\n%s %s requires %s, ", problem->name,
			problem->version, problem->requirement);
		if (problem->found)
			g_string_append_printf(text, "but you have %s %s which is incompatible.",
				problem->needed, problem->found);
		else
			g_string_append(text, "which is not installed.");
	}
	return g_string_free(text, FALSE);
}
