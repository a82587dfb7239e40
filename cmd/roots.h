/* SPDX-License-Identifier: MIT */
/* What the user asked for: arguments, -r, -c, -e, dependency groups and scripts as root
 * requirements. */
#pragma once
#include "cmd/cmd.h"
#include "resolver/reqfile.h"
#include "resolver/resolve.h"

struct root {	      /* owns what a struct root_requirement borrows */
	char *text;   /* as the user wrote it */
	char *origin; /* "-r requirements.txt (line 3)", or NULL */
	Requirement *requirement;
	char *url; /* of a direct one, fragment kept; paths are file:// URLs */
	char **extras;
	bool editable, user_requested;
	char **hashes;		/* "sha256:hex", or NULL */
	char **config_settings; /* KEY=VALUE, or NULL */
};

typedef struct Roots {
	GPtrArray *requirements, *constraints; /* of struct root */
	Reqfile *files;			       /* options found inside requirements files */
	GPtrArray *locked; /* of struct pylock_item: the only candidates of their projects */
} Roots;

/* Reads everything that the options of a command name. ERROR_INVALID_INPUT with pip's words. The
 * markers of unnamed requirements (paths, URLs) are evaluated here, for `python`. */
Roots *roots_collect(struct xpip *x, const Python *python, GError **error);
Roots *roots_new(void);
void roots_free(Roots *roots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Roots, roots_free)
/* Adds one line in pip's syntax: a requirement, a path, a URL. `origin` may be NULL. */
struct root *roots_add(struct xpip *x, const Python *python, GPtrArray *to, const char *line,
	bool editable, const char *origin, GError **error);
/* Adds a PEP 508 requirement that the user asked for in a file of another kind. */
bool roots_add_named(
	struct xpip *x, const Python *python, Roots *roots, const char *text, GError **error);
/* Adds a constraints file, or a requirements file with what it nests. */
bool roots_add_file(struct xpip *x, const Python *python, Roots *roots, const char *file,
	bool constraint, GError **error);
/* New array of views on the list; the strings stay the list's. */
struct root_requirement *roots_array(const GPtrArray *list);
