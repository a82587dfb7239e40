/* SPDX-License-Identifier: MIT */
#include "resolver/buildreq.h"
#include "resolver/requirement.h"
#include "wheel/installed.h"

#include <string.h>

/* Build environments offer no extra to choose: markers see none. */
static bool
applies(const Python *python, const Requirement *requirement)
{
	struct marker_env env;
	for (int i = 0; i < MARKER_VARIABLES; i++)
		env.values[i] = python->markers[i];
	return marker_applies(requirement->marker, &env, NULL, 0);
}

static void
check_one(InstalledSet *set, const Requirement *requirement, const char *text, GPtrArray *missing,
	GPtrArray *conflicts)
{
	Installed *dist = installed_find(set, requirement->normalized_name);
	if (!dist) {
		g_ptr_array_add(missing, g_strdup(text));
		return;
	}
	if (specifier_contains_text(requirement->specifier, dist->version, strlen(dist->version),
		    PRERELEASES_ALLOW))
		return;
	g_ptr_array_add(conflicts, g_strdup_printf("%s==%s is incompatible with %s",
					   requirement->name, dist->version, text));
}

bool
buildreq_check(const Python *python, const char *const *paths, const char *const *requirements,
	GPtrArray *missing, GPtrArray *conflicts, Log *log, GError **error)
{
	g_autoptr(InstalledSet) set = NULL;
	for (; *requirements; requirements++) {
		g_autoptr(Requirement) requirement =
			requirement_parse(*requirements, strlen(*requirements), error);
		if (!requirement)
			return false;
		if (!applies(python, requirement))
			continue;
		if (!set && !(set = installed_scan(python, paths, log, error)))
			return false;
		check_one(set, requirement, *requirements, missing, conflicts);
	}
	return true;
}
