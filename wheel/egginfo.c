/* SPDX-License-Identifier: MIT */
#include "wheel/egginfo.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_LINES = 20000 };

/* `name[x]>=1` of the section `[extra:marker]` as a PEP 508 text: extras are normalised, as
 * everything that writes Requires-Dist does. New string. */
static char *
as_requirement(const char *requirement, const char *extra, const char *marker)
{
	if (*extra && *marker)
		return g_strdup_printf("%s ; (%s) and extra == \"%s\"", requirement, marker, extra);
	if (*extra)
		return g_strdup_printf("%s ; extra == \"%s\"", requirement, extra);
	if (*marker)
		return g_strdup_printf("%s ; %s", requirement, marker);
	return g_strdup(requirement);
}

void
egginfo_add_requires(Metadata *metadata, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_LINES);
	g_autofree char *extra = g_strdup(""), *marker = g_strdup("");
	bool requires = !*metadata->requires_dist, provides = !*metadata->provides_extra;
	for (char **at = lines; *at; at++) {
		char *line = g_strstrip(*at);
		size_t length = strlen(line);
		if (!length || *line == '#')
			continue;
		if (*line == '[' && line[length - 1] == ']') {
			line[length - 1] = '\0';
			g_auto(GStrv) parts = g_strsplit(line + 1, ":", 2);
			g_free(extra);
			g_free(marker);
			extra = name_normalize(parts[0] ? parts[0] : "");
			marker = g_strdup(parts[0] && parts[1] ? parts[1] : "");
			continue;
		}
		g_autofree char *requirement = as_requirement(line, extra, marker);
		if (requires)
			metadata_add(metadata, "Requires-Dist", requirement);
		if (provides && *extra &&
			!g_strv_contains((const char *const *)metadata->provides_extra, extra))
			metadata_add(metadata, "Provides-Extra", extra);
	}
}
