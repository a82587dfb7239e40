/* SPDX-License-Identifier: MIT */
/* Are a build's requirements met by what is installed? The build_check_fn of wheel/build.h. */
#pragma once
#include "wheel/build.h"

bool buildreq_check(const Python *python, const char *const *paths, const char *const *requirements,
	GPtrArray *missing, GPtrArray *conflicts, Log *log, GError **error);
