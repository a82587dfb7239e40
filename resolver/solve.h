/* SPDX-License-Identifier: MIT */
/* pubgrub.h on a universe: candidates become bits, demands become dependencies. */
#pragma once
#include "resolver/pubgrub.h"
#include "resolver/universe.h"

/* Finds pins (candidate_id by node id) where the search gave up. */
bool solve_run(Universe *universe, size_t steps, GArray *pins, GError **error);
/* Why there is no solution, in sentences; NULL if that could not be told within `steps`. */
char *solve_explain(Universe *universe, size_t steps);

/* For report.c. Node 0 of the solver is the user; the others are node ids + 1. */
struct node *solve_node(const Universe *universe, uint32_t number);
/* The candidate of a bit (not 0); CANDIDATE_NONE if the bit stands for nothing that exists. */
candidate_id solve_candidate(const struct node *node, size_t bit);
