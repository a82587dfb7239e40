/* SPDX-License-Identifier: MIT */
/* Subprocesses: started without a shell, their output read while the loop turns. */
#pragma once
#include "lib/log.h"
#include "lib/loop.h"

struct process_options {
	const char *const
		*argv;	    /* argv[0] is looked up in PATH of *this* process unless it has a / */
	const char *folder; /* working directory, or NULL */
	const char *const *environment; /* whole, or NULL: ours */
	Loop *loop;
	/* The child stays in our process group: it may ask for a password on the terminal. Else it
	 * leads its own, which an interruption ends as a whole. */
	bool shares_terminal;
	const char *input;    /* what stdin holds, or NULL: nothing */
	bool separate_errors; /* stderr does not go to `output` but only to `line` */
	void (*line)(void *user, const char *line); /* each line without its line feed, or NULL */
	void *user;
};

/* Waits for the end. output (may be NULL) gets what the child wrote, with \xHH for bytes that are
 * no UTF-8, at most 64 MiB; *status is the exit code, or minus the signal's number. false: it could
 * not be started (ERROR_IO), or ERROR_INTERRUPTED, after ending it. */
bool process_run(
	const struct process_options *options, GString *output, int *status, GError **error);
/* A copy of our environment with these names set (value NULL: removed); `changes` is a list of
 * name, value, …, NULL. Free with g_strfreev. */
char **process_environment(const char *const *changes);
/* pip's explanation of a command that failed: `× WHAT did not run successfully.`, its exit code and
 * output (NULL: it was shown already). */
void process_explain(Log *log, const char *what, int status, const GString *output);
