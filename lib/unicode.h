/* SPDX-License-Identifier: MIT */
/* Python's str.strip() and str.isspace() on UTF-8 bytes. */
#pragma once
#include <stddef.h>

/* Bytes of the white space character (as Python's str.isspace sees it) at the start of text, or 0.
 */
size_t unicode_space(const char *text, size_t length);
/* Takes white space off both ends: moves *text and shortens *length. */
void unicode_strip(const char **text, size_t *length);
