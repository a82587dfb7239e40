/* SPDX-License-Identifier: MIT */
#include "lib/error.h"

#include <string.h>

#include <errno.h>
#include <stdarg.h>

G_DEFINE_QUARK(xpip - error - quark, error)

bool
error_set(GError **error, enum error_kind kind, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	GError *made = g_error_new_valist(XPIP_ERROR, (int)kind, format, args);
	va_end(args);
	g_propagate_error(error, made);
	return false;
}

bool
error_set_errno(GError **error, int saved_errno, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	char text[256];
	return error_set(
		error, ERROR_IO, "%s: %s", what, strerror_r(saved_errno, text, sizeof text));
}

int
error_exit_code(const GError *error)
{
	if (!error)
		return 0;
	if (error->domain != XPIP_ERROR)
		return 2;
	switch ((enum error_kind)error->code) {
	case ERROR_USAGE:
	case ERROR_CONFIG:
		return 2;
	case ERROR_VIRTUALENV:
	case ERROR_SETTING:
		return 3;
	case ERROR_NOT_FOUND:
		return 23;
	default:
		return 1;
	}
}
