/* SPDX-License-Identifier: MIT */
/* What wheel/vcs.c and the four programs' files share. */
#pragma once
#include "wheel/vcs.h"

/* One URL taken apart. */
struct vcs_url {
	char *url;	/* for the program's argument list: without `git+`, revision and fragment,
			 * and without a password where the program can take it another way */
	char *secret;	/* with the password */
	char *shown;	/* for messages */
	char *revision; /* or NULL */
	char *user, *password; /* svn: options of their own; or NULL */
};

struct vcs_job {
	const struct vcs_options *options;
	const struct vcs_kind *kind;
	const char *folder;
	struct vcs_url url;
	char **environment;
	char *branch; /* git: the branch that the revision names, or NULL */
};

struct vcs_kind {
	const char *name, *marker /* ".git" */, *noun /* "clone" */;
	const char *heading;	    /* `Cloning` … URL to FOLDER */
	const char *const *schemes; /* behind `name+` */
	bool (*fetch)(struct vcs_job *job, GError **error);
	bool (*update)(struct vcs_job *job, GError **error);
	bool (*switch_to)(struct vcs_job *job, GError **error);
	/* New strings, NULL with error. remote: NULL without error if there is none. */
	char *(*revision)(struct vcs_job *job, GError **error);
	char *(*remote)(struct vcs_job *job, GError **error);
	char *(*root)(struct vcs_job *job, GError **error);
};

extern const struct vcs_kind vcs_git, vcs_hg, vcs_svn, vcs_bzr;

struct vcs_command {
	const char *const *arguments; /* without the program's name */
	const char *input;	      /* for stdin, or NULL */
	bool elsewhere;		      /* not in the checkout's folder */
	bool quiet;		      /* only stdout is taken, nothing is shown */
	bool may_fail;		      /* a non-zero exit is told by *status alone */
};
/* Runs the job's program. output (may be NULL) gets stdout. */
bool vcs_run(struct vcs_job *job, const struct vcs_command *command, GString *output, int *status,
	GError **error);
/* The usual cases: `vcs_do(job, error, "fetch", "-q", NULL)` in the folder; the second one returns
 * the first line of stdout, new string. NULL arguments before the last are not possible; "" is left
 * out. */
bool vcs_do(struct vcs_job *job, GError **error, ...) G_GNUC_NULL_TERMINATED;
char *vcs_ask(struct vcs_job *job, GError **error, ...) G_GNUC_NULL_TERMINATED;
/* `-q` unless -v was given, else "". */
const char *vcs_quiet(const struct vcs_job *job);
