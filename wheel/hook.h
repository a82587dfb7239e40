/* SPDX-License-Identifier: MIT */
/* One call of a build back end's hook (PEP 517, PEP 660) in a subprocess. */
#pragma once
#include "lib/json.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "wheel/build_env.h"
#include "wheel/pyproject.h"

struct hook {
	const Python *python;
	const BuildEnv *env;
	const Pyproject *project;
	const char *source;		    /* working directory */
	const char *const *config_settings; /* "KEY=VALUE"…, or NULL */
	Log *log;
	Loop *loop;
	bool quiet; /* no `started` and `finished` */
};

struct hook_call {
	const char *name;     /* "build_wheel"…; "features": has it build_editable? */
	const char *message;  /* `Preparing metadata (pyproject.toml)`; NULL: nothing is said */
	const char *folder;   /* where the result goes, or NULL */
	const char *metadata; /* the dist-info folder for build_*, or NULL */
};

/* The answer: an object with `return`, or `missing` (there is no such hook). A process that fails
 * and a back end that cannot be imported are explained in the log; the error is then
 * `Failed to build … when …`. ERROR_INTERRUPTED. what: for that message. */
Json *hook_run(
	const struct hook *hook, const struct hook_call *call, const char *what, GError **error);
