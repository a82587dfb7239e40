/* SPDX-License-Identifier: MIT */
/* --python-version is `3`, `3.7`, `3.7.3` or `37`; tags take its first two numbers. */
#include "cmd/target.h"

#include <string.h>

bool
target_is_foreign(const Options *options)
{
	return *options_list(options, OPT_PLATFORM) || *options_list(options, OPT_ABI) ||
	       options_string(options, OPT_PYTHON_VERSION) ||
	       options_string(options, OPT_IMPLEMENTATION);
}

bool
target_check(const Options *options, const NameControl *formats, bool install, GError **error)
{
	if (!target_is_foreign(options))
		return true;
	bool binary_only =
		name_control_get(formats, "", NAME_CONTROL_SECOND) == NAME_CONTROL_SECOND &&
		!*options_list(options, OPT_NO_BINARY);
	if (!binary_only && !options_flag(options, OPT_NO_DEPS))
		return error_set(error, ERROR_INVALID_INPUT,
			"When restricting platform and interpreter constraints using "
			"--python-version, --platform, --abi, or --implementation, either "
			"--no-deps "
			"must be set, or --only-binary=:all: must be set and --no-binary must not "
			"be "
			"set (or must be set to :none:).");
	if (install && !options_flag(options, OPT_DRY_RUN) && !options_string(options, OPT_TARGET))
		return error_set(error, ERROR_INVALID_INPUT,
			"Can not use any platform or abi specific options unless installing via "
			"'--target' or using '--dry-run'");
	return true;
}

/* The numbers of --python-version; "37" is 3 and 7. NULL if it isn't given. */
static char **
version_parts(const Options *options)
{
	const char *text = options_string(options, OPT_PYTHON_VERSION);
	if (!text || !*text)
		return NULL;
	if (strchr(text, '.') || strlen(text) < 2)
		return g_strsplit(text, ".", 3);
	g_autofree char *major = g_strndup(text, 1);
	g_autofree char *dotted = g_strconcat(major, ".", text + 1, NULL);
	return g_strsplit(dotted, ".", 3);
}

Tags *
target_tags(const Options *options, const Python *python)
{
	if (!target_is_foreign(options))
		return tags_for_python(python);
	g_auto(GStrv) parts = version_parts(options);
	g_autofree char *version = !parts     ? NULL
				   : parts[1] ? g_strconcat(parts[0], parts[1], NULL)
					      : g_strdup(parts[0]);
	const char *const *platforms = options_list(options, OPT_PLATFORM);
	const char *const *abis = options_list(options, OPT_ABI);
	return tags_for_target(python, *platforms ? platforms : NULL, version,
		options_string(options, OPT_IMPLEMENTATION), *abis ? abis : NULL);
}

char *
target_python_version(const Options *options, const Python *python)
{
	g_auto(GStrv) parts = version_parts(options);
	if (!parts)
		return g_strdup_printf("%d.%d.%d", python->major, python->minor, python->micro);
	return g_strdup_printf("%s.%s.%s", parts[0], parts[1] ? parts[1] : "0",
		parts[1] && parts[2] ? parts[2] : "0");
}

bool
target_controls(const Options *options, NameControl *formats, NameControl *releases, GError **error)
{
	static const enum option wanted[] = {
		OPT_NO_BINARY, OPT_ONLY_BINARY, OPT_ALL_RELEASES, OPT_ONLY_FINAL};
	g_autofree struct option_occurrence *given = NULL;
	size_t count = options_sequence(options, wanted, G_N_ELEMENTS(wanted), &given);
	bool controls = false, pre = options_flag(options, OPT_PRE);
	for (size_t i = 0; i < count; i++) {
		enum option option = given[i].option;
		bool format = option == OPT_NO_BINARY || option == OPT_ONLY_BINARY;
		bool first = option == OPT_NO_BINARY || option == OPT_ALL_RELEASES;
		controls |= !format;
		if (!name_control_add(format ? formats : releases,
			    first ? NAME_CONTROL_FIRST : NAME_CONTROL_SECOND, given[i].value,
			    format ? "--no-binary / --only-binary"
				   : "--all-releases / --only-final",
			    error))
			return false;
	}
	if (pre && controls)
		return error_set(error, ERROR_INVALID_INPUT,
			"--pre cannot be used with --all-releases or --only-final.");
	return !pre || name_control_add(releases, NAME_CONTROL_FIRST, ":all:", "--pre", error);
}

int64_t
target_uploaded_prior_to(const Options *options)
{
	const char *text = options_string(options, OPT_UPLOADED_PRIOR_TO);
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
		    : INT64_MIN;
}
