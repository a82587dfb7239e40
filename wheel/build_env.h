/* SPDX-License-Identifier: MIT */
/* An isolated build environment: two prefixes (what pyproject.toml asks for, what the back end asks
 * for) and a sitecustomize.py that hides the interpreter's own site-packages, as pip makes it. */
#pragma once
#include "wheel/python.h"

enum build_prefix { BUILD_OVERLAY, BUILD_NORMAL, BUILD_PREFIXES };

typedef struct BuildEnv {
	char *folder;		      /* everything below is removed with it */
	char *prefix[BUILD_PREFIXES]; /* NULL without isolation */
	char **paths;		      /* their site-packages; NULL without isolation */
	char **environment;	      /* of the hooks' process */
} BuildEnv;

BuildEnv *build_env_new(const Python *python, bool isolation, GError **error);
void build_env_free(BuildEnv *env);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuildEnv, build_env_free)
