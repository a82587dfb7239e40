/* SPDX-License-Identifier: MIT */
/* Two tellings of a failure: the lines that pip prints, which tools look for, and the proof: what
 * follows from what, one sentence a step. */
#include "resolver/report.h"
#include "lib/texts.h"

#include "resolver/solve.h"

#include <string.h>

enum {
	EXPLAIN_STEPS = 20000, /* of the solver: a proof that takes longer would not be read */
	LINES_MAX = 40,
	RUNS_MAX = 3, /* of versions, named one by one */
};

/* --- pip's lines ------------------------------------------------------------------------------ */

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

static const char *
candidate_version_text(const struct node *node, candidate_id candidate)
{
	return version_text(package_version(node->package, candidate));
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
			candidate_version_text(cause->parent, cause->parent_candidate));
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

static void
report_single(Universe *universe, const struct cause *cause, GError **error)
{
	g_autofree char *text = demand_text(cause->demand);
	struct package *package = cause->demand->node->package;
	if (package != NULL && package_load(universe, package, NULL)) {
		const struct candidate_options *options = &universe->candidate_options;
		g_autofree char *versions = candidates_versions(package->page, options, false);
		g_autofree char *yanked = candidates_versions(package->page, options, true);
		g_autofree char *python = candidates_other_python(package->page, options);
		if (yanked[0] != '\0')
			say_format(universe, LOG_CRITICAL,
				"Ignored the following yanked versions: %s", yanked);
		if (python[0] != '\0')
			say_format(universe, LOG_CRITICAL,
				"Ignored the following versions that require a different python "
				"version: %s",
				python);
		say_format(universe, LOG_CRITICAL,
			"Could not find a %s that satisfies the requirement %s%s%s%s (from "
			"versions: %s)",
			package->prereleases == PRERELEASES_DENY ? "final version" : "version",
			text, cause->parent == NULL ? "" : " (from ",
			cause->parent == NULL ? "" : cause->parent->name,
			cause->parent == NULL ? "" : ")", versions[0] == '\0' ? "none" : versions);
	}
	if (g_str_equal(text, "requirements.txt"))
		say(universe, LOG_INFO,
			"HINT: You are attempting to install a package literally named "
			"\"requirements.txt\" (which cannot exist). Consider using the '-r' flag "
			"to "
			"install the packages listed in requirements.txt");
	error_set(error, ERROR_NO_MATCH, "No matching distribution found for %s", text);
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
		"%s==%s", parent->name, candidate_version_text(parent, cause->parent_candidate));
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
				candidate_version_text(cause->parent, cause->parent_candidate),
				demand);
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
	if (causes->len == 1 && (package == NULL || package->constraint == NULL))
		report_single(universe, first, error);
	else
		report_conflict(universe, causes, error);
	g_autofree char *why = solve_explain(universe, EXPLAIN_STEPS);
	if (why != NULL)
		say(universe, LOG_INFO, why);
}

/* --- the proof -------------------------------------------------------------------------------- */

/* `1.0`, `1.0 to 1.4`, in ascending order; ids: candidates of one node, best first. */
static void
append_runs(GString *text, const struct node *node, const GArray *ids)
{
	guint runs = 0;
	for (guint i = ids->len; i > 0; runs++) {
		guint end = i; /* ids of consecutive releases fall by one from the end */
		candidate_id low = g_array_index(ids, candidate_id, i - 1), high = low;
		for (i--; i > 0 && high > 1 && high < CANDIDATE_DIRECT; i--) {
			if (g_array_index(ids, candidate_id, i - 1) != high - 1)
				break;
			high--;
		}
		if (runs == RUNS_MAX && i > 0) {
			g_string_append_printf(text, " or %u more", end);
			return;
		}
		g_string_append_printf(text, "%s%s",
			runs == 0 ? " "
			: i == 0  ? " or "
				  : ", ",
			candidate_version_text(node, low));
		if (high != low)
			g_string_append_printf(text, "%s%s", end - i == 2 ? " or " : " to ",
				candidate_version_text(node, high));
	}
}

/* `b`, `b 1.0`, `b 1.0 to 1.4, 2.0`: what exists of a set, or of its complement. */
static char *
set_text(const Universe *universe, uint32_t number, const pubgrub_word *set, size_t bits,
	bool complement)
{
	const struct node *node = solve_node(universe, number);
	if (node == NULL)
		return g_strdup("your requirements");
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(candidate_id));
	size_t all = 0;
	for (size_t bit = 1; bit < bits; bit++) {
		candidate_id candidate = solve_candidate(node, bit);
		if (candidate == CANDIDATE_NONE)
			continue;
		all++;
		if (pubgrub_has(set, bit) != complement)
			g_array_append_val(ids, candidate);
	}
	if (node->package == NULL)
		return g_strdup("this Python");
	if (all == 0 || ids->len == 0)
		return g_strdup_printf("any version of %s", node->name);
	if (ids->len == all)
		return g_strdup_printf(all == 1 ? "%s" : "every version of %s", node->name);
	GString *text = g_string_new(node->name);
	append_runs(text, node, ids);
	return g_string_free(text, FALSE);
}

static char *
root_text(const Universe *universe, const struct demand *demand)
{
	g_autofree char *text = demand_text(demand);
	for (guint i = 0; i < universe->root_demands->len; i++) {
		if (&g_array_index(universe->root_demands, struct demand, i) != demand)
			continue;
		size_t root = g_array_index(universe->root_of_demand, size_t, i);
		const char *origin = universe->roots[root].origin;
		if (origin != NULL)
			return g_strdup_printf("you ask for %s (%s)", text, origin);
	}
	return g_strdup_printf("you ask for %s", text);
}

/* Why no candidate at all fulfils a demand; new string. */
static char *
nothing_text(const Universe *universe, const struct demand *demand)
{
	const struct package *package = demand->node->package;
	if (demand->kind == DEMAND_PYTHON)
		return g_strdup_printf(" (this is Python %s)", version_text(universe->python));
	if (demand->kind != DEMAND_RANGE)
		return g_strdup("");
	if (package->page == NULL || page_file_count(package->page) == 0)
		return g_strdup_printf(", but there is no %s to be found", package->name);
	if (package->candidates->count == 0)
		return g_strdup_printf(", but no file of %s can be used here", package->name);
	if (package->constraint != NULL)
		return g_strdup_printf(", which no usable version meets together with your "
				       "constraint %s%s",
			package->name, specifier_text(package->constraint->set));
	return g_strdup(", which no usable version meets");
}

/* The sentence of a dependency: `a 1.0 depends on b>=2`. */
static char *
fact_text(const Universe *universe, const Pubgrub *pubgrub,
	const struct pubgrub_incompatibility *fact)
{
	const struct demand *demand = fact->why;
	if (demand == NULL)
		return g_strdup("your requirements must be met");
	bool nothing = true;
	const struct pubgrub_term *dependant = NULL;
	for (size_t i = 0; i < fact->count; i++) {
		if (fact->terms[i].node == fact->dependant)
			dependant = &fact->terms[i];
		else
			nothing = false; /* a term on the target: some version would do */
	}
	g_autofree char *suffix = nothing ? nothing_text(universe, demand) : g_strdup("");
	if (fact->dependant == 0) {
		g_autofree char *text = root_text(universe, demand);
		return g_strconcat(text, suffix, NULL);
	}
	g_autofree char *who =
		dependant == NULL ? g_strdup(solve_node(universe, fact->dependant)->name)
				  : set_text(universe, fact->dependant, dependant->set,
					    pubgrub_domain_size(pubgrub, fact->dependant), false);
	g_autofree char *what = demand_text(demand);
	const char *verb = demand->kind == DEMAND_EXACT && demand->candidate < CANDIDATE_DIRECT
				   ? "is tied to"
			   : demand->kind == DEMAND_PYTHON ? "needs"
							   : "depends on";
	return g_strdup_printf("%s %s %s%s", who, verb, what, suffix);
}

/* What a derived incompatibility says. The user's own requirements always hold: no word of them. */
static char *
conclusion_text(const Universe *universe, const Pubgrub *pubgrub,
	const struct pubgrub_incompatibility *derived)
{
	g_autoptr(GString) chosen = g_string_new(NULL), needed = g_string_new(NULL);
	size_t count = 0;
	for (size_t i = 0; i < derived->count; i++) {
		const struct pubgrub_term *term = &derived->terms[i];
		if (term->node == 0)
			continue;
		bool without = pubgrub_has(term->set, PUBGRUB_ABSENT);
		g_autofree char *text = set_text(universe, term->node, term->set,
			pubgrub_domain_size(pubgrub, term->node), without);
		GString *list = without ? needed : chosen;
		g_string_append_printf(list, "%s%s",
			list->len == 0 ? ""
			: without      ? " or "
				       : " and ",
			text);
		count += !without;
	}
	if (chosen->len == 0 && needed->len == 0)
		return g_strdup("your requirements cannot be met");
	if (needed->len == 0)
		return g_strdup_printf(
			count == 1 ? "%s cannot be used" : "%s cannot be used together",
			chosen->str);
	if (chosen->len == 0)
		return g_strdup_printf("you need %s", needed->str);
	return g_strdup_printf("%s %s %s", chosen->str, count == 1 ? "needs" : "need", needed->str);
}

struct proof {
	const Universe *universe;
	const Pubgrub *pubgrub;
	GHashTable *numbers; /* incompatibility id + 1 -> line */
	GPtrArray *lines;
};

/* How a step refers to what it rests on: a fact in full, a conclusion by its number. */
static char *
premise_text(const struct proof *proof, int64_t id)
{
	const struct pubgrub_incompatibility *premise = pubgrub_get(proof->pubgrub, id);
	if (premise->left < 0)
		return fact_text(proof->universe, proof->pubgrub, premise);
	unsigned line = GPOINTER_TO_UINT(
		g_hash_table_lookup(proof->numbers, GSIZE_TO_POINTER((size_t)id + 1)));
	g_autofree char *text = conclusion_text(proof->universe, proof->pubgrub, premise);
	return g_strdup_printf("%s (%u)", text, line);
}

/* The facts of the demand that the solver must be used at all add nothing for a reader. */
static bool
is_trivial(const struct proof *proof, int64_t id)
{
	const struct pubgrub_incompatibility *premise = pubgrub_get(proof->pubgrub, id);
	return premise->left < 0 && premise->why == NULL;
}

static void
set_line(struct proof *proof, int64_t id, unsigned line)
{
	g_hash_table_insert(
		proof->numbers, GSIZE_TO_POINTER((size_t)id + 1), GUINT_TO_POINTER(line));
}

static void
add_line(struct proof *proof, int64_t id)
{
	const struct pubgrub_incompatibility *step = pubgrub_get(proof->pubgrub, id);
	const int64_t premises[2] = {step->left, step->right};
	g_autoptr(GString) reasons = g_string_new(NULL);
	for (int i = 0; i < 2; i++) {
		if (is_trivial(proof, premises[i])) {
			int64_t other = premises[1 - i];
			void *key = GSIZE_TO_POINTER((size_t)other + 1);
			unsigned line = GPOINTER_TO_UINT(g_hash_table_lookup(proof->numbers, key));
			if (line != 0) { /* says nothing new */
				set_line(proof, id, line);
				return;
			}
			continue;
		}
		g_autofree char *text = premise_text(proof, premises[i]);
		g_string_append_printf(reasons, "%s%s", reasons->len > 0 ? " and " : "", text);
	}
	g_autofree char *conclusion = conclusion_text(proof->universe, proof->pubgrub, step);
	unsigned line = proof->lines->len + 1;
	set_line(proof, id, line);
	g_ptr_array_add(proof->lines,
		g_strdup_printf("  %u. Because %s, %s.", line, reasons->str, conclusion));
}

/* Steps in an order in which each rests on earlier ones; without recursion. */
static void
add_steps(struct proof *proof, int64_t last)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_array_append_val(stack, last);
	while (stack->len > 0 && proof->lines->len <= LINES_MAX) {
		int64_t id = g_array_index(stack, int64_t, stack->len - 1);
		const struct pubgrub_incompatibility *step = pubgrub_get(proof->pubgrub, id);
		void *key = GSIZE_TO_POINTER((size_t)id + 1);
		if (step->left < 0 || g_hash_table_contains(proof->numbers, key)) {
			g_array_set_size(stack, stack->len - 1);
			continue;
		}
		bool ready = true;
		const int64_t premises[2] = {step->right, step->left};
		for (int i = 0; i < 2; i++) {
			void *premise = GSIZE_TO_POINTER((size_t)premises[i] + 1);
			if (pubgrub_get(proof->pubgrub, premises[i])->left < 0 ||
				g_hash_table_contains(proof->numbers, premise))
				continue;
			g_array_append_val(stack, premises[i]);
			ready = false;
		}
		if (!ready)
			continue;
		g_array_set_size(stack, stack->len - 1);
		add_line(proof, id);
	}
}

char *
report_proof(const Universe *universe, const Pubgrub *pubgrub)
{
	struct proof proof = {
		.universe = universe,
		.pubgrub = pubgrub,
		.numbers = g_hash_table_new(NULL, NULL),
		.lines = g_ptr_array_new_with_free_func(g_free),
	};
	int64_t failure = pubgrub_failure(pubgrub);
	const struct pubgrub_incompatibility *last = pubgrub_get(pubgrub, failure);
	GString *text = g_string_new("Why this cannot be solved:");
	if (last->left < 0) {
		g_autofree char *fact = fact_text(universe, pubgrub, last);
		g_string_append_printf(
			text, "\n  Because %s, your requirements cannot be met.", fact);
	}
	add_steps(&proof, failure);
	if (proof.lines->len > LINES_MAX)
		g_string_append_printf(text, "\n  (the first %d steps)", LINES_MAX);
	for (guint i = 0; i < MIN(proof.lines->len, LINES_MAX); i++)
		g_string_append_printf(text, "\n%s", (const char *)proof.lines->pdata[i]);
	g_ptr_array_unref(proof.lines);
	g_hash_table_unref(proof.numbers);
	return g_string_free(text, FALSE);
}
