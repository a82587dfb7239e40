/* SPDX-License-Identifier: MIT */
/* `xpip check`: whether installed distributions have what they depend on and fit this platform. */
#include "cmd/cmd.h"
#include "cmd/listing.h"
#include "resolver/consistency.h"
#include "wheel/tags.h"

#include <string.h>

static bool
is_supported(const Tags *tags, const char *tag)
{
	g_auto(GStrv) parts = g_strsplit(tag, "-", -1);
	return g_strv_length(parts) == 3 && tags_rank(tags, parts[0], parts[1], parts[2]) >= 0;
}

/* true unless WHEEL's tags are all those of other platforms. */
static bool
fits(const Installed *dist, const Tags *tags)
{
	g_autofree char *text = installed_read(dist, "WHEEL", NULL);
	if (!text)
		return true;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line && *g_strstrip(*line); line++)
		if (g_ascii_strncasecmp(*line, "Tag:", 4) == 0 &&
			is_supported(tags, g_strstrip(*line + 4)))
			return true;
	return false;
}

static void
say_problem(Log *log, const struct consistency_problem *problem)
{
	if (problem->found)
		log_info(log, "%s %s has requirement %s, but you have %s %s.", problem->name,
			problem->version, problem->requirement, problem->needed, problem->found);
	else
		log_info(log, "%s %s requires %s, which is not installed.", problem->name,
			problem->version, problem->needed);
}

static bool
say_unsupported(struct xpip *x, InstalledSet *set)
{
	g_autoptr(Tags) tags = tags_for_python(x->python);
	bool any = false;
	for (size_t i = 0; i < installed_count(set); i++) {
		Installed *dist = installed_get(set, i);
		if (fits(dist, tags))
			continue;
		installed_spell(dist);
		log_info(x->log, "%s %s is not supported on this platform", dist->name,
			dist->version);
		any = true;
	}
	return any;
}

static bool
run(struct xpip *x, GError **error)
{
	const Python *python = xpip_python(x, error);
	g_autoptr(InstalledSet) set = python ? installed_scan(python, NULL, x->log, error) : NULL;
	if (!set)
		return false;
	listing_warn_broken(x, python);
	bool broken = false;
	g_autoptr(GPtrArray) problems = consistency_check(set, python, NULL, 0, x->log, &broken);
	for (guint i = 0; i < problems->len; i++)
		say_problem(x->log, g_ptr_array_index(problems, i));
	broken |= problems->len > 0;
	broken |= say_unsupported(x, set);
	if (broken)
		return error_set(error, ERROR_SILENT, "broken requirements");
	log_info(x->log, "No broken requirements found.");
	return true;
}

static const enum option own_options[] = {OPTION_COUNT};

const struct command check_command = {
	.name = "check",
	.summary = "Verify installed packages have compatible dependencies.",
	.usage = "[options]",
	.description = "Verify that installed packages have what they depend on, in versions that "
		       "they accept.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
