/* SPDX-License-Identifier: MIT */
/* That there is no answer: pip's own lines, then why, in plain sentences. */
#pragma once
#include "resolver/search.h"

/* Logs pip's CRITICAL lines and the explanation; sets the error that pip would end with. causes:
 * struct cause. */
void report_failure(Universe *universe, const GArray *causes, GError **error);
