/* SPDX-License-Identifier: MIT */
/* PEP 503/508/685 names: validity and normalisation. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* PEP 508: letters, digits, `-_.`, first and last alphanumeric. */
bool name_is_valid(const char *name, size_t length);
/* PEP 503: runs of `-_.` become one `-`, lower case. New string; also defined for invalid names. */
char *name_normalize(const char *name);
char *name_normalize_n(const char *name, size_t length);
bool name_is_normalized(const char *name);
bool name_equal(const char *a, const char *b); /* after normalisation, without allocating */
/* The form of wheel file names and dist-info folders: normalised with `_` for `-`. New string. */
char *name_escape(const char *name);
