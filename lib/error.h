/* SPDX-License-Identifier: MIT */
/* The one error type: a GError in the domain XPIP_ERROR whose code is the kind of failure. */
#pragma once
#include <glib.h>
#include <stdbool.h>

enum error_kind {
	ERROR_USAGE,	     /* the command line or an option value is wrong: exit 2 */
	ERROR_INVALID_INPUT, /* a file, name, version, URL… that a user or a server gave is
				malformed */
	ERROR_NO_MATCH,	     /* nothing satisfies a requirement */
	ERROR_CONFLICT,	     /* requirements exclude each other */
	ERROR_NETWORK,	     /* a transfer failed */
	ERROR_INTEGRITY,     /* bytes differ from what was promised */
	ERROR_ENVIRONMENT,   /* the target interpreter or environment does not allow it */
	ERROR_IO,	     /* the file system or a subprocess failed */
	ERROR_INTERRUPTED,   /* a signal asked us to stop */
	ERROR_CONFIG,	     /* a configuration file cannot be read: exit 2 */
	ERROR_VIRTUALENV,    /* --require-virtualenv outside of one: exit 3 */
	ERROR_SETTING,	     /* a value from a file or variable is refused by its option: exit 3 */
	ERROR_NOT_FOUND,     /* `search` found nothing: exit 23 */
	ERROR_SILENT,	     /* everything was said already: exit 1, main prints nothing */
};

#define XPIP_ERROR (error_quark())
GQuark error_quark(void);

/* Sets *error (kind, printf message: "what was being done: on what: why") and returns false, so
 * that callers can write `return error_set(error, ...)`. */
bool error_set(GError **error, enum error_kind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with ": " and strerror(saved_errno) appended. The kind is ERROR_IO. */
bool error_set_errno(GError **error, int saved_errno, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The exit status of the process for this error: pip's status codes. */
int error_exit_code(const GError *error);
