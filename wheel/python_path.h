/* SPDX-License-Identifier: MIT */
/* pyvenv.cfg, and the sys.path that an environment ends up with. */
#pragma once
#include "lib/json.h"
#include "wheel/python.h"

/* The value of a key of pyvenv.cfg's text, or NULL. */
char *python_path_config(const char *config, const char *key);

/* Fills user_base, user_site, user_site_enabled and sys_path, as Python's site module would. Code
 * in .pth files and sitecustomize is not run, unless it may change sys.path: then the interpreter
 * is asked. `root` holds the base interpreter's facts. */
void python_path_fill(Python *python, struct json root);
