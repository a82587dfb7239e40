/* SPDX-License-Identifier: MIT */
/* Why there is no answer, in plain sentences. */
#pragma once
#include "resolver/pubgrub.h"
#include "resolver/universe.h"

/* The sentences of a solver's proof; new string. */
char *proof_text(const Universe *universe, const Pubgrub *pubgrub);
/* The one sentence for a requirement of the user's that nothing meets; new string. */
char *proof_of_root(const Universe *universe, const struct demand *demand);
