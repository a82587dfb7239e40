/* SPDX-License-Identifier: MIT */
/* What the values of options may look like, and pip's words when they do not. */
#pragma once
#include "cmd/options.h"

/* Checks a value and brings it into the form in which it is kept: `~` expanded, names normalised,
 * --src absolute, --uploaded-prior-to as a UTC time "YYYY-MM-DDTHH:MM:SSZ". `spelled` is "--name"
 * for a value from the command line, "name" for one from the configuration. *number is set for
 * numbers. New string. ERROR_USAGE or ERROR_SETTING; ERROR_INVALID_INPUT where pip ends with 1. */
char *values_check(
	enum option option, const char *spelled, const char *text, double *number, GError **error);

/* y/yes/t/true/on/1 and n/no/f/false/off/0 in any case. */
bool values_truth(const char *text, bool *truth);
/* A truth word or a number that is not negative. */
bool values_count(const char *text, int *count);
/* "--name error: invalid truth value 'text'". */
bool values_refuse_truth(enum option option, const char *text, GError **error);
