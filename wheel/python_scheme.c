/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "wheel/python_facts.h"

#include <string.h>

/* --- schemes ------------------------------------------------------------------------------- */

static char *
fill(const char *template, const char *mark, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(template, mark, -1);
	return g_strjoinv(value, parts);
}

/* `root` is put before every path (pip's change_root). */
static char *
below(const char *root, char *path)
{
	if (!root)
		return path;
	char *moved = g_strconcat(strcmp(root, "/") == 0 ? "" : root, path, NULL);
	g_free(path);
	return moved;
}

static struct python_scheme *
make_scheme(
	const Python *python, const char *key, const char *mark, const char *base, const char *root)
{
	const struct python_facts *facts = (const struct python_facts *)python;
	struct json paths = json_get(json_get(json_root(facts->answer), "paths"), key);
	struct python_scheme *scheme = g_new0(struct python_scheme, 1);
	struct {
		const char **field;
		const char *name;
	} fields[] = {{&scheme->purelib, "purelib"}, {&scheme->platlib, "platlib"},
		{&scheme->headers, "include"}, {&scheme->scripts, "scripts"},
		{&scheme->data, "data"}};
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *template = python_facts_text(paths, fields[i].name);
		char *path = fill(template, mark, base);
		if (python->is_venv && g_str_equal(fields[i].name, "include")) {
			/* A venv's include folder is the base interpreter's: pip keeps out of it.
			 */
			g_free(path);
			path = g_strdup_printf("%s/include/site/python%d.%d",
				strcmp(key, "user") == 0 ? python->prefix : base, python->major,
				python->minor);
		}
		*fields[i].field = below(root, path);
	}
	return scheme;
}

void
python_scheme_free(struct python_scheme *scheme)
{
	if (!scheme)
		return;
	g_free((char *)scheme->purelib);
	g_free((char *)scheme->platlib);
	g_free((char *)scheme->headers);
	g_free((char *)scheme->scripts);
	g_free((char *)scheme->data);
	g_free(scheme);
}

/* pip installs for --target below a temporary home and moves the parts: only scripts, headers and
 * data keep their place in it. */
static struct python_scheme *
target_scheme(const Python *python, const char *target, const char *root)
{
	struct python_scheme *scheme = make_scheme(python, "home", "{base}", target, root);
	g_free((char *)scheme->purelib);
	g_free((char *)scheme->platlib);
	scheme->purelib = below(root, g_strdup(target));
	scheme->platlib = below(root, g_strdup(target));
	return scheme;
}

struct python_scheme *
python_scheme_for(const Python *python, bool user, const char *root, const char *prefix,
	const char *target, GError **error)
{
	g_autofree char *above = root ? g_canonicalize_filename(root, NULL) : NULL;
	if (target) {
		g_autofree char *place = g_canonicalize_filename(target, NULL);
		return target_scheme(python, place, above);
	}
	if (user && !python->user_base) {
		error_set(error, ERROR_ENVIRONMENT, "%s has no user base", python->executable);
		return NULL;
	}
	if (user)
		return make_scheme(python, "user", "{user}", python->user_base, above);
	g_autofree char *base = g_canonicalize_filename(prefix ? prefix : python->prefix, NULL);
	return make_scheme(python, python->is_venv ? "venv" : "prefix", "{base}", base, above);
}
