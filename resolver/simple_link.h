/* SPDX-License-Identifier: MIT */
/* What both page formats share: URLs and time stamps. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* url relative to base (RFC 3986), its fragment moved to *fragment (may be ""). NULL if it is no
 * http, https or file URL, or a file URL on a page that came over the network. New strings. */
char *link_resolve(const char *base, const char *url, char **fragment);
/* The same for what most pages hold, whole URLs and `../../files/NAME`, without a copy if it can be
 * helped: `url` itself, a text in *scratch, or NULL for "take link_resolve". */
const char *link_resolve_quick(const char *base, const char *url, GString *scratch);
/* The last part of the path, percent-decoded; "" if there is none. New string. */
char *link_filename(const char *url);
/* ISO 8601 with zone, microseconds since 1970; INT64_MIN if it is none. */
int64_t link_time(const char *text);
