/* SPDX-License-Identifier: MIT */
/* PEP 658 wants a wheel's `.metadata` file to be its METADATA: what a resolution was based on must
 * be what gets installed. */
#pragma once
#include "lib/error.h"
#include "wheel/metadata.h"

/* Compares what a resolver looks at: Name, Version, Requires-Dist, Requires-Python, Provides-Extra.
 * `asked` is the requirement, for the message. ERROR_INTEGRITY with pip's words. */
bool sidecar_check(
	const Metadata *sidecar, const Metadata *wheel, const char *asked, GError **error);
