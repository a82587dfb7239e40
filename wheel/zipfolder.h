/* SPDX-License-Identifier: MIT */
/* A folder as a zip file: what `download` leaves of a checkout or an editable. */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Writes a new file `path` with everything below `folder`, under the name `top/…`, in the order of
 * the names. Links to files become files, others are left out. On error nothing is left. */
bool zipfolder_write(const char *folder, const char *top, const char *path, GError **error);
