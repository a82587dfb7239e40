/* SPDX-License-Identifier: MIT */
/* Two tellings of a failure: the lines that pip prints, which tools look for, and why it is so, in
 * sentences (proof.h). */
#include "resolver/report.h"
#include "lib/texts.h"

#include "resolver/proof.h"
#include "resolver/solve.h"

#include <string.h>

enum {
	EXPLAIN_FETCHES = 40,  /* what the search has not looked at yet */
	EXPLAIN_STEPS = 20000, /* of the solver: a proof that takes longer would not be read */
};

static void
say(const Universe *universe, enum log_level level, const char *text)
{
	if (universe->options->log != NULL)
		log_write(universe->options->log, level, "%s", text);
}

G_GNUC_PRINTF(3, 4)
static void
say_format(const Universe *universe, enum log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say(universe, level, text);
}

static bool
report_python(const Universe *universe, const GArray *causes, GError **error)
{
	const struct cause *only = NULL;
	size_t count = 0;
	const char *python = version_text(universe->python);
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < causes->len; i++) {
		const struct cause *cause = &g_array_index(causes, struct cause, i);
		if (cause->demand->kind != DEMAND_PYTHON || cause->demand->satisfied)
			continue;
		only = cause;
		count++;
		g_string_append_printf(list, "\n'%s' (required by %s %s)", cause->demand->text,
			cause->parent->name,
			node_version_text(cause->parent, cause->parent_candidate));
	}
	if (count == 0)
		return false;
	if (count == 1)
		error_set(error, ERROR_ENVIRONMENT,
			"Package '%s' requires a different Python: %s not in '%s'",
			only->parent->name, python, only->demand->text);
	else
		error_set(error, ERROR_ENVIRONMENT,
			"Packages require a different Python. %s not in:%s", python, list->str);
	return true;
}

/* What there would have been; the finder's view, in pip's words. */
static void
say_versions(const Universe *universe, const struct package *package, const char *wanted)
{
	const struct candidate_options *options = &universe->candidate_options;
	g_autofree char *versions = candidates_versions(package->page, options, false);
	g_autofree char *yanked = candidates_versions(package->page, options, true);
	g_autofree char *python = candidates_other_python(package->page, options);
	if (yanked[0] != '\0')
		say_format(universe, LOG_CRITICAL, "Ignored the following yanked versions: %s",
			yanked);
	if (python[0] != '\0')
		say_format(universe, LOG_CRITICAL,
			"Ignored the following versions that require a different python version: "
			"%s",
			python);
	if (strcmp(page_status(package->page), "locked") == 0 && versions[0] != '\0') {
		g_autoptr(Version) version = version_parse_string(versions);
		bool refused = version && version_is_prerelease(version) &&
			       package->prereleases == PRERELEASES_DENY;
		if (refused)
			say_format(universe, LOG_CRITICAL,
				"A pre-release version %s is specified in a provided lock file for "
				"%s but only final versions are allowed",
				versions, package->name);
		else
			say_format(universe, LOG_CRITICAL,
				"The requirement %s is not compatible with version %s specified in "
				"a provided lock file",
				wanted, versions);
		return;
	}
	say_format(universe, LOG_CRITICAL,
		"Could not find a %s that satisfies the requirement %s (from versions: %s)",
		package->prereleases == PRERELEASES_DENY ? "final version" : "version", wanted,
		versions[0] == '\0' ? "none" : versions);
}

static void
report_single(Universe *universe, const struct cause *cause, GError **error)
{
	g_autofree char *text = demand_text_without_marker(cause->demand);
	g_autofree char *wanted = cause->parent == NULL ? g_strdup(text)
							: g_strdup_printf("%s (from %s)", text,
								  cause->parent->package->name);
	struct package *package = cause->demand->node->package;
	if (package != NULL && package_load(universe, package, NULL))
		say_versions(universe, package, wanted);
	if (g_str_equal(text, "requirements.txt"))
		say(universe, LOG_INFO,
			"HINT: You are attempting to install a package literally named "
			"\"requirements.txt\" (which cannot exist). Consider using the '-r' flag "
			"to install the packages listed in requirements.txt");
	error_set(error, ERROR_NO_MATCH, "No matching distribution found for %s", wanted);
}

/* pip's describe_trigger: where the parent comes from, if anything is known of that. */
static char *
trigger_text(const Universe *universe, const struct cause *cause)
{
	if (cause->parent == NULL)
		return demand_text_for_error(cause->demand);
	const struct node *parent = cause->parent;
	const struct template *template =
		parent->package == NULL || parent->base != NULL
			? NULL
			: package_template(parent->package, cause->parent_candidate);
	if (template != NULL && template->parent != NULL)
		return g_strdup(template->parent->package->name);
	if (template != NULL && template->root != SIZE_MAX &&
		universe->roots[template->root].origin != NULL)
		return g_strdup(universe->roots[template->root].origin);
	return g_strdup_printf(
		"%s==%s", parent->name, node_version_text(parent, cause->parent_candidate));
}

static bool
has_text(const GPtrArray *list, const char *text)
{
	for (guint i = 0; i < list->len; i++)
		if (g_str_equal(list->pdata[i], text))
			return true;
	return false;
}

static char *
join_triggers(const Universe *universe, const GArray *causes)
{
	g_autoptr(GPtrArray) triggers = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < causes->len; i++) {
		char *text = trigger_text(universe, &g_array_index(causes, struct cause, i));
		if (has_text(triggers, text))
			g_free(text);
		else
			g_ptr_array_add(triggers, text);
	}
	if (triggers->len == 0)
		return g_strdup("the requested packages");
	g_ptr_array_sort(triggers, texts_compare);
	GString *joined = g_string_new(NULL);
	for (guint i = 0; i < triggers->len; i++)
		g_string_append_printf(joined, "%s%s",
			i == 0			 ? ""
			: i + 1 == triggers->len ? " and "
						 : ", ",
			(const char *)triggers->pdata[i]);
	return g_string_free(joined, FALSE);
}

static void
append_constraints(const Universe *universe, const GPtrArray *names, GString *text)
{
	for (guint i = 0; i < names->len; i++) {
		const struct package *package =
			g_hash_table_lookup(universe->packages, names->pdata[i]);
		g_string_append_printf(text, "\n    The user requested (constraint) %s%s",
			package->name, specifier_text(package->constraint->set));
		const GArray *urls = package->constraint_urls;
		for (guint n = 0; urls != NULL && n < urls->len; n++) {
			size_t index = g_array_index(urls, size_t, n);
			g_string_append_printf(
				text, " (from %s)", universe->constraints[index].url);
		}
	}
}

static void
append_without_candidates(const GArray *causes, GString *text)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < causes->len; i++) {
		const struct cause *cause = &g_array_index(causes, struct cause, i);
		struct package *package = cause->demand->node->package;
		if (package != NULL && package->page != NULL && package->candidates->count == 0 &&
			package->directs->len == 0 && !has_text(names, package->name))
			g_ptr_array_add(names, package->name);
	}
	if (names->len == 0)
		return;
	g_ptr_array_sort(names, texts_compare);
	g_string_append(text,
		"\n\nAdditionally, some packages in these conflicts have no matching distributions "
		"available for your environment:");
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(text, "\n    %s", (const char *)names->pdata[i]);
}

static void
report_conflict(const Universe *universe, const GArray *causes, GError **error)
{
	g_autofree char *triggers = join_triggers(universe, causes);
	say_format(universe, LOG_CRITICAL,
		"Cannot install %s because these package versions have conflicting dependencies.",
		triggers);
	g_autoptr(GString) text = g_string_new("\nThe conflict is caused by:");
	g_autoptr(GPtrArray) constrained = g_ptr_array_new();
	for (guint i = 0; i < causes->len; i++) {
		const struct cause *cause = &g_array_index(causes, struct cause, i);
		g_autofree char *demand = demand_text_for_error(cause->demand);
		if (cause->parent == NULL)
			g_string_append_printf(text, "\n    The user requested %s", demand);
		else
			g_string_append_printf(text, "\n    %s %s depends on %s",
				cause->parent->name,
				node_version_text(cause->parent, cause->parent_candidate), demand);
		const struct package *package = cause->demand->node->package;
		if (package != NULL && package->constraint != NULL &&
			!has_text(constrained, package->name))
			g_ptr_array_add(constrained, package->name);
	}
	append_constraints(universe, constrained, text);
	append_without_candidates(causes, text);
	g_string_append(text,
		"\n\nTo fix this you could try to:\n"
		"1. loosen the range of package versions you've specified\n"
		"2. remove package versions to allow pip to attempt to solve the dependency "
		"conflict\n");
	say(universe, LOG_INFO, text->str);
	error_set(error, ERROR_CONFLICT,
		"ResolutionImpossible: for help visit "
		"https://pip.pypa.io/en/latest/topics/dependency-resolution/"
		"#dealing-with-dependency-conflicts");
}

void
report_failure(Universe *universe, const GArray *causes, GError **error)
{
	if (causes->len == 0) {
		error_set(error, ERROR_CONFLICT, "The requirements cannot be satisfied together");
		return;
	}
	if (report_python(universe, causes, error))
		return;
	const struct cause *first = &g_array_index(causes, struct cause, 0);
	const struct package *package = first->demand->node->package;
	bool single = causes->len == 1 && (package == NULL || package->constraint == NULL);
	if (single)
		report_single(universe, first, error);
	else
		report_conflict(universe, causes, error);
	/* Where several things are wrong, the sentences are about the one that pip names. */
	universe->budget = EXPLAIN_FETCHES;
	g_autofree char *why = single && first->parent == NULL
				       ? proof_of_root(universe, first->demand)
				       : solve_explain(universe, EXPLAIN_STEPS);
	if (why != NULL)
		say(universe, LOG_INFO, why);
}
