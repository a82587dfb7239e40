/* SPDX-License-Identifier: MIT */
/* Checkouts: `git+https://host/x@ref#subdirectory=y`, and the same with hg, svn and bzr, made by
 * these programs. References and hosts that start with `-` are refused: no argument can become an
 * option. */
#pragma once
#include "lib/log.h"
#include "lib/loop.h"

struct vcs_options {
	Log *log;
	Loop *loop;
	bool no_input;			  /* --no-input: git and ssh may not ask either */
	const char *const *exists_action; /* --exists-action: "s", "i", "w", "b", "a"; or NULL */
	/* Asks on the terminal; returns one of `letters`, or 0 if nobody can answer. May be NULL.
	 */
	char (*ask)(void *user, const char *prompt, const char *letters);
	void *user;
};

/* true for the URLs that vcs_checkout takes (`git+file://…`). */
bool vcs_is_url(const char *url);

/* Checks out into `folder`, which must not exist or be empty. *commit is what direct_url.json calls
 * it, new string. A command that fails is explained in the log: ERROR_SILENT; a missing program is
 * ERROR_ENVIRONMENT, a bad URL ERROR_INVALID_INPUT. */
bool vcs_checkout(const struct vcs_options *options, const char *url, const char *folder,
	char **commit, GError **error);
/* For editables: a folder that is a checkout of that URL is brought up to date; another one is
 * treated as exists_action says. */
bool vcs_update(const struct vcs_options *options, const char *url, const char *folder,
	char **commit, GError **error);

enum vcs_found { VCS_NONE, VCS_FOUND, VCS_NO_REMOTE, VCS_BAD_REMOTE, VCS_NO_COMMAND };
/* The requirement that leads back to the files at `folder`, as freeze prints editables:
 * `git+URL@COMMIT#egg=NAME&subdirectory=…`. *text: that (VCS_FOUND), the remote's URL
 * (VCS_BAD_REMOTE), the program (VCS_NO_COMMAND), else untouched; *kind: "git", "hg"…, static. */
enum vcs_found vcs_requirement(const struct vcs_options *options, const char *folder,
	const char *project, char **text, const char **kind);
