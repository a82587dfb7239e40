/* SPDX-License-Identifier: MIT */
/* Root requirements from files of other kinds: dependency groups, scripts, lock files. */
#pragma once
#include "cmd/roots.h"

/* --group [PATH:]NAME (PEP 735), for each. */
bool root_files_groups(struct xpip *x, const Python *python, Roots *roots, GError **error);
/* --requirements-from-script FILE (PEP 723). */
bool root_files_script(struct xpip *x, const Python *python, Roots *roots, GError **error);
/* -r pylock.toml (PEP 751), its bytes given. What is a file of an index there goes to
 * roots->locked, too: it is the only candidate. */
bool root_files_lock(struct xpip *x, const Python *python, Roots *roots, const char *place,
	const char *bytes, size_t length, GError **error);
