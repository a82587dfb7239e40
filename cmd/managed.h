/* SPDX-License-Identifier: MIT */
/* What install and uninstall ask before they touch an environment. */
#pragma once
#include "cmd/cmd.h"

/* PEP 668: ERROR_ENVIRONMENT with the distributor's words when the environment is managed by
 * somebody else and --break-system-packages is not given. */
bool managed_check(const struct xpip *x, const Python *python, GError **error);
/* pip's warning about running as root outside of a virtual environment. */
void managed_warn_root(const struct xpip *x, const Python *python);
