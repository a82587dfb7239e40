/* SPDX-License-Identifier: MIT */
/* markers.tsv (with marker_env.json) and requirements.tsv. */
#include "lib/json.h"
#include "resolver/requirement.h"
#include "tests/conformance/conformance.h"

#include <stdio.h>
#include <string.h>

static bool
load_env(const Json *environments, const char *name, struct marker_env *env)
{
	struct json object = json_get(json_root(environments), name);
	for (int i = 0; i < MARKER_VARIABLES; i++) {
		env->values[i] = json_string(json_get(object, marker_variable_names[i]), NULL);
		if (!env->values[i])
			return false;
	}
	return true;
}

static bool
check_marker(const struct row *row, void *user)
{
	char **c = row->columns;
	g_autoptr(Marker) marker = marker_parse(c[0], row->lengths[0], NULL);
	if (!marker || strcmp(c[3], "invalid") == 0)
		return !marker && strcmp(c[3], "invalid") == 0;
	struct marker_env env;
	if (!load_env(user, c[1], &env))
		return false;
	bool result = false;
	enum marker_problem problem = marker_evaluate(marker, &env, c[2], &result);
	const char *got = problem == MARKER_UNDEFINED_COMPARISON ? "E:undefined_comparison"
			  : problem == MARKER_UNDEFINED_NAME	 ? "E:undefined_name"
			  : result				 ? "1"
								 : "0";
	g_autofree char *text = marker_text(marker);
	return conformance_same("result", c[3], got) && conformance_same("normalized", c[4], text);
}

static bool
same_list(const char *what, struct json expected, char **got)
{
	g_autoptr(GString) wanted = g_string_new(NULL);
	struct json_iter iter = json_iter(expected);
	struct json value;
	while (json_next(&iter, NULL, &value))
		g_string_append_printf(wanted, "%s,", json_string(value, NULL));
	g_autoptr(GString) have = g_string_new(NULL);
	for (; *got; got++)
		g_string_append_printf(have, "%s,", *got);
	return conformance_same(what, wanted->str, have->str);
}

static bool
check_requirement(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autoptr(Requirement) r = requirement_parse(c[0], row->lengths[0], NULL);
	if (!r || strcmp(c[1], "1") != 0)
		return !r && strcmp(c[1], "1") != 0;
	g_autoptr(Json) json = json_parse(c[2], row->lengths[2], NULL);
	if (!json)
		return false;
	struct json root = json_root(json);
	g_autofree char *marker = r->marker ? marker_text(r->marker) : NULL;
	g_autofree char *text = specifier_sorted_text(r->specifier);
	g_auto(GStrv) members = *text ? g_strsplit(text, ",", -1) : g_new0(char *, 1);
	return conformance_same("name", json_string(json_get(root, "name"), NULL), r->name) &&
	       conformance_same("normalized_name",
		       json_string(json_get(root, "normalized_name"), NULL), r->normalized_name) &&
	       conformance_same("url", json_string(json_get(root, "url"), NULL), r->url) &&
	       conformance_same("marker", json_string(json_get(root, "marker"), NULL), marker) &&
	       same_list("extras", json_get(root, "extras"), r->extras) &&
	       same_list("specifier", json_get(root, "specifier"), members);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	size_t length = 0;
	g_autofree char *text = conformance_read(argv[1], "marker_env.json", &length);
	g_autoptr(Json) environments = text ? json_parse(text, length, NULL) : NULL;
	if (environments)
		conformance_tsv(argv[1], "markers.tsv", 5, check_marker, environments);
	conformance_tsv(argv[1], "requirements.tsv", 3, check_requirement, NULL);
	return 0;
}
