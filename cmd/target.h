/* SPDX-License-Identifier: MIT */
/* The target of a command: its tags, its Python version, and which option combinations pip refuses.
 */
#pragma once
#include "cmd/cmd.h"
#include "resolver/candidate.h"
#include "wheel/tags.h"

/* --platform, --python-version, --implementation or --abi is given. */
bool target_is_foreign(const Options *options);
/* pip's rules for these options: only with --only-binary=:all: or --no-deps; for `install` only
 * with
 * --target or --dry-run. ERROR_INVALID_INPUT. */
bool target_check(const Options *options, const NameControl *formats, bool install, GError **error);
/* Tags of the interpreter or of the foreign target. */
Tags *target_tags(const Options *options, const Python *python);
/* "3.11.7", or --python-version filled up with zeros. New string. */
char *target_python_version(const Options *options, const Python *python);
/* --no-binary, --only-binary into `formats`, --all-releases, --only-final, --pre into `releases`,
 * in the order in which they came. ERROR_USAGE or ERROR_INVALID_INPUT. */
bool target_controls(
	const Options *options, NameControl *formats, NameControl *releases, GError **error);
/* --uploaded-prior-to in microseconds since 1970, INT64_MIN: no limit. */
int64_t target_uploaded_prior_to(const Options *options);
