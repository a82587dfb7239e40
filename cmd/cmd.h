/* SPDX-License-Identifier: MIT */
/* What every command gets, and the command table. */
#pragma once
#include "cmd/options.h"
#include "lib/http.h"
#include "lib/jobs.h"
#include "lib/log.h"
#include "wheel/python.h"

struct xpip {
	const char *program; /* name under which we were called: "xpip", "pip3" */
	const struct command *command;
	const Options *options;
	Log *log;
	char *cache_dir; /* NULL with --no-cache-dir */
	/* Made at first use by the functions below; owned by main. */
	Loop *loop;
	Jobs *jobs;
	Http *http;
	Python *python;
};

Loop *xpip_loop(struct xpip *x, GError **error);
Jobs *xpip_jobs(struct xpip *x, GError **error);
Http *xpip_http(struct xpip *x, GError **error);
const Python *xpip_python(struct xpip *x, GError **error);
/* Frees those four. */
void xpip_clear(struct xpip *x);
/* `xpip VERSION from FILE (python M.m)`; `python` may be NULL. New string. */
char *xpip_version_text(const Python *python);

struct command {
	const char *name, *summary;
	const char *usage; /* lines after `xpip NAME `, separated by line feeds */
	const char *description;
	bool (*run)(
		struct xpip *x, GError **error); /* false: error set; exit status from its kind */
	bool no_virtualenv_check;		 /* NV in pip-surface */
	const enum option *options;		 /* ends with OPTION_COUNT */
	const char *actions; /* what the first argument may be, separated by spaces; or NULL */
};
extern const struct command *const commands[]; /* NULL-terminated, in the order of `xpip help` */
const struct command *command_find(const char *name);
/* The command whose name is most like this one, or NULL. */
const char *command_guess(const char *name);
/* Sets ERROR_INVALID_INPUT: `unknown command "x" - maybe you meant "y"`. */
bool command_refuse(const char *name, GError **error);
