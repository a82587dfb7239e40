/* SPDX-License-Identifier: MIT */
/* wheel_names.tsv and sdist_names.tsv. */
#include "lib/json.h"
#include "lib/texts.h"
#include "resolver/version.h"
#include "tests/conformance/conformance.h"
#include "wheel/filename.h"

#include <string.h>

/* The expanded tags, sorted, without repeats; `(N tags)` for many. */
static char *
expand(const struct wheel_filename *name)
{
	g_auto(GStrv) pythons = g_strsplit(name->python_tags, ".", -1);
	g_auto(GStrv) abis = g_strsplit(name->abi_tags, ".", -1);
	g_auto(GStrv) platforms = g_strsplit(name->platform_tags, ".", -1);
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
	for (char **p = pythons; *p; p++)
		for (char **a = abis; *a; a++)
			for (char **l = platforms; *l; l++)
				g_ptr_array_add(tags, g_strdup_printf("%s-%s-%s", *p, *a, *l));
	g_ptr_array_sort(tags, texts_compare);
	for (guint i = 1; i < tags->len;) {
		if (strcmp(tags->pdata[i - 1], tags->pdata[i]) == 0)
			g_ptr_array_remove_index(tags, i);
		else
			i++;
	}
	if (tags->len >= 200)
		return g_strdup_printf("(%u tags)", tags->len);
	g_ptr_array_add(tags, NULL);
	return g_strjoinv(" ", (char **)tags->pdata);
}

static bool
check_wheel(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	struct wheel_filename name;
	bool parsed = strlen(c[0]) == row->lengths[0] && filename_parse_wheel(c[0], &name, NULL);
	g_autoptr(Version) version = parsed ? version_parse_string(name.version) : NULL;
	if (g_str_has_prefix(c[1], "E:") || strcmp(c[1], "1") != 0 || !version) {
		bool both = version == NULL && strcmp(c[1], "1") != 0;
		if (parsed)
			wheel_filename_clear(&name);
		return both || g_str_has_prefix(c[1], "E:");
	}
	g_autofree char *tags = expand(&name);
	bool same = conformance_same("name", c[2], name.name) &&
		    conformance_same("version", c[3], version_text(version)) &&
		    conformance_same("build", c[4], name.build) &&
		    conformance_same("tags", c[5], tags);
	wheel_filename_clear(&name);
	return same;
}

static bool
check_projects(const char *filename, struct json projects)
{
	struct json_iter iter = json_iter(projects);
	const char *project;
	struct json value;
	while (json_next(&iter, &project, &value)) {
		g_autofree char *expected = g_strdup(json_string(value, NULL));
		bool invalid = g_str_has_suffix(expected, "(invalid)");
		if (invalid)
			expected[strlen(expected) - strlen("(invalid)")] = '\0';
		g_autofree char *got = filename_sdist_version(filename, project);
		if (!conformance_same(project, g_strchomp(expected), got))
			return false;
		g_autoptr(Version) version = version_parse_string(got);
		if ((version == NULL) != invalid)
			return false;
	}
	return true;
}

static bool
check_sdist(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autofree char *name = NULL, *text = NULL;
	bool parsed = filename_parse_sdist(c[0], &name, &text, NULL);
	g_autoptr(Version) version = parsed ? version_parse_string(text) : NULL;
	if ((version != NULL) != (strcmp(c[1], "1") == 0))
		return false;
	if (version && (!conformance_same("name", c[2], name) ||
			       !conformance_same("version", c[3], version_text(version))))
		return false;
	if ((filename_archive_extension(c[0]) != NULL) != (strcmp(c[4], "1") == 0))
		return conformance_same("extension", c[4], "another");
	g_autoptr(Json) projects = json_parse(c[5], row->lengths[5], NULL);
	return projects && check_projects(c[0], json_root(projects));
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	conformance_tsv(argv[1], "wheel_names.tsv", 6, check_wheel, NULL);
	conformance_tsv(argv[1], "sdist_names.tsv", 6, check_sdist, NULL);
	return 0;
}
