/* SPDX-License-Identifier: MIT */
/* Whether distributions have what they depend on: `xpip check`, and the warning after an install.
 */
#pragma once
#include "resolver/requirement.h"
#include "wheel/installed.h"

struct consistency_dist { /* one that is, or is about to be, installed; takes the place of an
			     installed one of that name */
	const char *normalized_name, *version;
	const Metadata *metadata; /* or NULL: depends on nothing */
};

struct consistency_problem {
	char *name, *version; /* who: normalised name, PEP 440 version */
	char *requirement;    /* what it asks for: str(Requirement) */
	char *needed;	      /* the normalised name in that */
	char *found;	      /* the version there is; NULL: not installed */
};

/* Array of struct consistency_problem *: what is missing first, then what conflicts, each sorted
 * by name. With `fresh` (NULL: everything is judged) only problems of these and of distributions
 * that depend on one of them. What cannot be read is warned of, left out and sets *unreadable (may
 * be NULL); log may be NULL. */
GPtrArray *consistency_check(InstalledSet *set, const Python *python,
	const struct consistency_dist *fresh, size_t count, Log *log, bool *unreadable);

/* pip's message about these after an install: "pip's dependency resolver does not …". New string;
 * NULL if there are no problems. */
char *consistency_warning(const GPtrArray *problems);
