/* SPDX-License-Identifier: MIT */
/* PEP 508 environment markers: parse once, evaluate for an environment and an extra. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum marker_variable {
	MARKER_IMPLEMENTATION_NAME,
	MARKER_IMPLEMENTATION_VERSION,
	MARKER_OS_NAME,
	MARKER_PLATFORM_MACHINE,
	MARKER_PLATFORM_PYTHON_IMPLEMENTATION,
	MARKER_PLATFORM_RELEASE,
	MARKER_PLATFORM_SYSTEM,
	MARKER_PLATFORM_VERSION,
	MARKER_PYTHON_FULL_VERSION,
	MARKER_PYTHON_VERSION,
	MARKER_SYS_PLATFORM,
	MARKER_VARIABLES,
};
extern const char *const marker_variable_names[MARKER_VARIABLES]; /* "implementation_name", … */

struct marker_env {
	const char *values[MARKER_VARIABLES]; /* never NULL */
};

typedef struct Marker Marker; /* immutable */

/* Why an evaluation has no answer. */
enum marker_problem {
	MARKER_OK,
	MARKER_UNDEFINED_COMPARISON,
	MARKER_UNDEFINED_NAME,
};

Marker *marker_parse(const char *text, size_t length, GError **error);
void marker_free(Marker *marker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Marker, marker_free)

/* extra: the value of `extra` ("" = none). Sets *result unless a problem is returned. */
enum marker_problem marker_evaluate(
	const Marker *marker, const struct marker_env *env, const char *extra, bool *result);
/* The same within a lock file (PEP 751), where `"name" in extras` and `in dependency_groups` ask
 * for these (normalised names, NULL-terminated). */
enum marker_problem marker_evaluate_lock(const Marker *marker, const struct marker_env *env,
	const char *const *extras, const char *const *dependency_groups, bool *result);
/* true if any of extras (normalised names, count may be 0) or no extra at all makes it true;
 * problems count as false. NULL marker: true. */
bool marker_applies(const Marker *marker, const struct marker_env *env, const char *const *extras,
	size_t count);
bool marker_mentions_extra(const Marker *marker);
/* packaging's serialisation: double quotes, single spaces, minimal parentheses. New string. */
char *marker_text(const Marker *marker);
