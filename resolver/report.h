/* SPDX-License-Identifier: MIT */
/* Why there is no answer: pip's own lines, then the proof in plain sentences. */
#pragma once
#include "resolver/pubgrub.h"
#include "resolver/search.h"

/* Logs pip's CRITICAL lines and the explanation; sets the error that pip would end with. causes:
 * struct cause. */
void report_failure(Universe *universe, const GArray *causes, GError **error);
/* The sentences of a proof; new string. */
char *report_proof(const Universe *universe, const Pubgrub *pubgrub);
