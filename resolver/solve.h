/* SPDX-License-Identifier: MIT */
/* pubgrub.h on a universe: candidates become bits, demands become dependencies. */
#pragma once
#include "resolver/pubgrub.h"
#include "resolver/universe.h"

/* Finds pins (candidate_id by node id) where the search gave up. */
bool solve_run(Universe *universe, size_t steps, GArray *pins, GError **error);
/* Why there is no solution, in sentences; NULL if that could not be told within `steps`. */
char *solve_explain(Universe *universe, size_t steps);
