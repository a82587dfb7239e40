/* SPDX-License-Identifier: MIT */
/* The change of an environment that a plan asks for, with pip's lines about it. */
#pragma once
#include "cmd/plan.h"

struct apply_options {
	const struct python_scheme *scheme;
	const char *root, *target; /* --root, --target; or NULL */
	bool user;		   /* --user: only the user's own distributions are replaced */
	bool foreign;		   /* --prefix, --root, --target: nothing is uninstalled */
	bool replace;		   /* --upgrade with --target */
	bool compile, no_warn_script_location, quiet;
};

/* Installs what the plan fetched and removes what it replaces, as one change. */
bool apply_plan(Plan *plan, const struct apply_options *options, GError **error);
