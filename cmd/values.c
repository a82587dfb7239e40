/* SPDX-License-Identifier: MIT */
#include "cmd/values.h"

#include "lib/fs.h"
#include "lib/repr.h"
#include "lib/wrap.h"
#include "wheel/name.h"

#include <math.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

bool
values_truth(const char *text, bool *truth)
{
	static const char *const yes[] = {"y", "yes", "t", "true", "on", "1"};
	static const char *const no[] = {"n", "no", "f", "false", "off", "0"};
	for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
		bool is = g_ascii_strcasecmp(text, yes[i]) == 0;
		if (is || g_ascii_strcasecmp(text, no[i]) == 0) {
			*truth = is;
			return true;
		}
	}
	return false;
}

/* Python's int(): white space, a sign, digits with single underscores between them. */
static bool
parse_int(const char *text, int *out)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	const char *at = copy + (*copy == '-' || *copy == '+');
	int64_t number = 0;
	if (!g_ascii_isdigit(*at))
		return false;
	for (; *at; at++) {
		if (*at == '_' && g_ascii_isdigit(at[-1]) && g_ascii_isdigit(at[1]))
			continue;
		if (!g_ascii_isdigit(*at))
			return false;
		number = MIN(number * 10 + (*at - '0'), G_MAXINT);
	}
	*out = (int)(*copy == '-' ? -number : number);
	return true;
}

bool
values_count(const char *text, int *count)
{
	bool truth;
	if (values_truth(text, &truth)) {
		*count = truth;
		return true;
	}
	int number;
	if (!parse_int(text, &number) || number < 0)
		return false;
	*count = number;
	return true;
}

/* "-i/--index-url/--pypi-url error: …", filled into lines of 70 columns. */
static bool refuse(enum option option, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool
refuse(enum option option, GError **error, const char *format, ...)
{
	const struct option_row *row = &option_rows[option];
	g_auto(GStrv) names = g_strsplit(row->names, " ", 0);
	g_autofree char *joined = g_strjoinv("/--", names);
	char letter[4] = {'-', row->letter, '/', 0};
	va_list args;
	va_start(args, format);
	g_autofree char *why = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *whole =
		g_strdup_printf("%s--%s error: %s", row->letter ? letter : "", joined, why);
	g_autoptr(GString) filled = g_string_new(NULL);
	wrap_append(filled, whole, 70, 0);
	return error_set(error, ERROR_USAGE, "%s", filled->str);
}

bool
values_refuse_truth(enum option option, const char *text, GError **error)
{
	g_autofree char *shown = repr_string(text);
	return refuse(option, error, "invalid truth value %s", shown);
}

/* optparse's OptionValueError: exit 3 when the value does not come from the command line. */
static char *
refuse_value(
	const char *spelled, const char *what, const char *text, const char *more, GError **error)
{
	g_autofree char *shown = repr_string(text);
	if (*spelled == '-')
		error_set(error, ERROR_USAGE, "option %s: %s: %s%s", spelled, what, shown, more);
	else
		error_set(error, ERROR_SETTING,
			"An error occurred during configuration: option %s: %s: %s%s", spelled,
			what, shown, more);
	return NULL;
}

static char *
check_choice(const char *choices, const char *spelled, const char *text, GError **error)
{
	g_auto(GStrv) list = g_strsplit(choices, ",", 0);
	if (g_strv_contains((const char *const *)list, text))
		return g_strdup(text);
	g_autofree char *joined = g_strjoinv("', '", list);
	g_autofree char *more = g_strdup_printf(" (choose from '%s')", joined);
	return refuse_value(spelled, "invalid choice", text, more, error);
}

static char *
check_float(const char *spelled, const char *text, double *number, GError **error)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	char *end;
	double value = g_ascii_strtod(copy, &end);
	if (end == copy || *end || strpbrk(copy, "xXpP") || isnan(value))
		return refuse_value(spelled, "invalid floating-point value", text, "", error);
	*number = value;
	return g_strdup(text);
}

static char *
check_int(const char *spelled, const char *text, double *number, GError **error)
{
	int value;
	if (!parse_int(text, &value))
		return refuse_value(spelled, "invalid integer value", text, "", error);
	*number = value;
	return g_strdup(text);
}

/* `~` and `~name` as os.path.expanduser does. */
static char *
expand_user(const char *path)
{
	size_t length = strcspn(path, "/");
	if (*path != '~' || length-- == 1)
		return fs_expand_user(path);
	g_autofree char *name = g_strndup(path + 1, length);
	const struct passwd *entry = getpwnam(name);
	return entry ? g_strconcat(entry->pw_dir, path + 1 + length, NULL) : g_strdup(path);
}

static char *
check_python_version(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ".", 0);
	const char *why =
		g_strv_length(parts) > 3 ? "at most three version parts are allowed" : NULL;
	int number;
	for (char **part = parts; !why && *part; part++)
		if (!parse_int(*part, &number))
			why = "each version part must be an integer";
	if (!why || !*text)
		return g_strdup(text);
	g_autofree char *shown = repr_string(text);
	refuse(OPT_PYTHON_VERSION, error, "invalid --python-version value: %s: %s", shown, why);
	return NULL;
}

/* `P<n>D` or an ISO 8601 date or date-time -> UTC. */
static char *
check_uploaded_prior_to(const char *text, GError **error)
{
	g_autoptr(GDateTime) when = NULL;
	int days;
	size_t length = strlen(text);
	if (length > 2 && text[0] == 'P' && text[length - 1] == 'D' &&
		strspn(text + 1, "0123456789") == length - 2) {
		g_autofree char *number = g_strndup(text + 1, length - 2);
		g_autoptr(GDateTime) now = g_date_time_new_now_utc();
		if (parse_int(number, &days))
			when = g_date_time_add_days(now, -days);
	} else {
		bool date_only = length == 10 && text[4] == '-' && text[7] == '-';
		g_autofree char *full = g_strconcat(text, date_only ? "T00:00:00" : "", NULL);
		g_autoptr(GTimeZone) local = g_time_zone_new_local();
		g_autoptr(GDateTime) parsed = g_date_time_new_from_iso8601(full, local);
		when = parsed ? g_date_time_to_utc(parsed) : NULL;
	}
	if (when)
		return g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *shown = repr_string(text);
	refuse(OPT_UPLOADED_PRIOR_TO, error,
		"invalid value: %s. Expected an ISO 8601 datetime string (e.g., '2023-01-01' or "
		"'2023-01-01T00:00:00Z') or a duration in days (e.g., 'P3D')",
		shown);
	return NULL;
}

static char *
check_group(const char *text, GError **error)
{
	const char *colon = strrchr(text, ':');
	g_autofree char *path = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
	g_autofree char *name = path ? g_path_get_basename(path) : NULL;
	if (!name || strcmp(name, "pyproject.toml") == 0)
		return g_strdup(text);
	refuse(OPT_GROUP, error, "group paths use 'pyproject.toml' filenames");
	return NULL;
}

static char *
check_special(enum option option, const char *spelled, const char *text, GError **error)
{
	const char *wrong = NULL;
	switch (option) {
	case OPT_NO_BINARY:
	case OPT_ONLY_BINARY:
		wrong = *text == '-' ? "--no-binary / --only-binary option requires 1 argument."
				     : NULL;
		break;
	case OPT_ALL_RELEASES:
	case OPT_ONLY_FINAL:
		wrong = *text == '-' ? "--all-releases / --only-final option requires 1 argument."
				     : NULL;
		break;
	case OPT_REFRESH_PACKAGE:
		wrong = *text == '-' ? "--refresh-package option requires 1 argument." : NULL;
		break;
	case OPT_CONFIG_SETTINGS:
		if (strchr(text, '='))
			break;
		error_set(error, ERROR_USAGE, "Arguments to %s must be of the form KEY=VAL",
			*spelled == '-' ? spelled : "--config-settings");
		return NULL;
	case OPT_GROUP:
		return check_group(text, error);
	case OPT_PYTHON_VERSION:
		return check_python_version(text, error);
	case OPT_UPLOADED_PRIOR_TO:
		return check_uploaded_prior_to(text, error);
	default:
		break;
	}
	if (!wrong)
		return g_strdup(text);
	error_set(error, ERROR_INVALID_INPUT, "%s", wrong);
	return NULL;
}

char *
values_check(
	enum option option, const char *spelled, const char *text, double *number, GError **error)
{
	const struct option_row *row = &option_rows[option];
	const char *bar = row->metavar ? strchr(row->metavar, '|') : NULL;
	if (bar)
		return check_choice(bar + 1, spelled, text, error);
	switch (row->kind) {
	case OPTION_INT:
		return check_int(spelled, text, number, error);
	case OPTION_FLOAT:
		return check_float(spelled, text, number, error);
	case OPTION_PATH:
	case OPTION_PATHS: {
		char *path = expand_user(text);
		if (option != OPT_SRC)
			return path;
		g_autofree char *relative = path;
		return g_canonicalize_filename(relative, NULL);
	}
	case OPTION_NAMES:
		return name_normalize(text);
	default:
		return check_special(option, spelled, text, error);
	}
}
