/* SPDX-License-Identifier: MIT */
/* Texts may be written differently and mean the same: they are compared in normal form. */
#include "resolver/sidecar.h"

#include "lib/repr.h"
#include "lib/texts.h"
#include "resolver/requirement.h"
#include "wheel/name.h"

#include <string.h>

typedef char *(*normal_fn)(const char *text);

/* A text that is no requirement stands for itself. */
static char *
normal_requirement(const char *text)
{
	g_autoptr(Requirement) requirement = requirement_parse(text, strlen(text), NULL);
	if (!requirement)
		return g_strdup(text);
	g_free(requirement->name);
	requirement->name = g_strdup(requirement->normalized_name);
	return requirement_text(requirement);
}

static char *
normal_version(const char *text)
{
	g_autoptr(Version) version = version_parse_string(text);
	return g_strdup(version ? version_text(version) : text);
}

static char *
normal_specifier(const char *text)
{
	g_autoptr(SpecifierSet) set = specifier_parse(text, strlen(text), NULL);
	return set ? specifier_sorted_text(set) : g_strdup(text);
}

static GPtrArray *
normal_list(char *const *texts, normal_fn normal)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; texts[i]; i++) {
		char *text = normal(texts[i]);
		if (g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
			g_free(text);
		else
			g_ptr_array_add(list, text);
	}
	g_ptr_array_sort(list, texts_compare);
	return list;
}

/* What only `a` has, joined by ", ". New string. */
static char *
only_in(const GPtrArray *a, GPtrArray *b)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < a->len; i++)
		if (!g_ptr_array_find_with_equal_func(b, a->pdata[i], g_str_equal, NULL))
			g_string_append_printf(
				text, "%s%s", text->len ? ", " : "", (char *)a->pdata[i]);
	return g_string_free(text, FALSE);
}

static bool
same(const char *field, char *const *sidecar, char *const *wheel, normal_fn normal,
	const char *asked, GError **error)
{
	g_autoptr(GPtrArray) a = normal_list(sidecar, normal);
	g_autoptr(GPtrArray) b = normal_list(wheel, normal);
	g_autofree char *more = only_in(a, b), *less = only_in(b, a);
	if (!*more && !*less)
		return true;
	g_autofree char *here = repr_string(more), *there = repr_string(less);
	return error_set(error, ERROR_INTEGRITY,
		"Requested %s has inconsistent %s between its PEP 658 .metadata file and the "
		"wheel's METADATA: sidecar has %s, wheel has %s",
		asked, field, here, there);
}

bool
sidecar_check(const Metadata *sidecar, const Metadata *wheel, const char *asked, GError **error)
{
	char *names[] = {sidecar->name, NULL, wheel->name, NULL};
	char *versions[] = {sidecar->version, NULL, wheel->version, NULL};
	char *pythons[] = {sidecar->requires_python, NULL, wheel->requires_python, NULL};
	return same("Name", names, names + 2, name_normalize, asked, error) &&
	       same("Version", versions, versions + 2, normal_version, asked, error) &&
	       same("Requires-Dist", sidecar->requires_dist, wheel->requires_dist,
		       normal_requirement, asked, error) &&
	       same("Requires-Python", pythons, pythons + 2, normal_specifier, asked, error) &&
	       same("Provides-Extra", sidecar->provides_extra, wheel->provides_extra,
		       name_normalize, asked, error);
}
