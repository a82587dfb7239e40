/* SPDX-License-Identifier: MIT */
/* Many artifacts become wheels, with pip's words before and after. */
#pragma once
#include "cmd/artifact.h"

/* Builds those that are no wheels yet; a failure does not stop the others. failed (of char *) gets
 * their projects' names; then `Failed to build a b` has been said. Only what has nothing to do with
 * one project (ERROR_INTERRUPTED, a full disk) is an error. */
bool wheels_build(const struct artifact_context *context, const GPtrArray *artifacts,
	GPtrArray *failed, GError **error);
