/* SPDX-License-Identifier: MIT */
/* What follows from what, one numbered sentence a step; and why no version meets a requirement. */
#include "resolver/proof.h"
#include "lib/texts.h"
#include "resolver/provider.h"

#include <string.h>

enum {
	STEPS_MAX = 20, /* a longer proof is not read: then only what it rests on is told */
	RUNS_MAX = 3,	/* of versions, named one by one */
};

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
			node_version_text(node, low));
		if (high != low)
			g_string_append_printf(text, "%s%s", end - i == 2 ? " or " : " to ",
				node_version_text(node, high));
	}
}

/* `b`, `b 1.0`, `b 1.0 to 1.4, 2.0`: what exists of a set, or of its complement. every: what goes
 * before the name if that is all of several. */
static char *
set_text(const Universe *universe, uint32_t number, const pubgrub_word *set, size_t bits,
	bool complement, const char *every)
{
	const struct node *node = provider_node(universe, number);
	if (node == NULL)
		return g_strdup("your requirements");
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(candidate_id));
	size_t all = 0;
	for (size_t bit = 1; bit < bits; bit++) {
		candidate_id candidate = provider_candidate(node, bit);
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
		return g_strconcat(all == 1 ? "" : every, node->name, NULL);
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

/* What stands against the file of a release that meets a requirement; new string, or NULL. */
static char *
obstacle_text(const Universe *universe, const IndexPage *page, size_t release)
{
	const char *name = page_name(page), *version = version_text(page_version(page, release));
	const struct index_file *file = page_file(page, page_release(page, release)->first);
	switch (candidate_file_verdict(&universe->candidate_options, page, file)) {
	case FILE_OTHER_PYTHON:
		return g_strdup_printf(", but %s %s needs Python %s and this is Python %s", name,
			version, page_text(page, file->requires_python),
			version_text(universe->python));
	case FILE_OTHER_PLATFORM:
		return g_strdup_printf(
			", but %s %s has no file for this platform and Python", name, version);
	case FILE_NO_SOURCE:
		return g_strdup_printf(
			", but %s %s is there only as source, which --only-binary rules out", name,
			version);
	case FILE_NO_BINARY:
		return g_strdup_printf(
			", but %s %s is there only as wheels, which --no-binary rules out", name,
			version);
	case FILE_TOO_LATE:
	case FILE_NO_UPLOAD_TIME:
		return g_strdup_printf(", but --uploaded-prior-to rules out %s %s", name, version);
	case FILE_USABLE:
		break;
	}
	return NULL;
}

/* Usable releases meet it, and yet none may be chosen; new string, or NULL if none meets it. */
static char *
rule_text(const struct package *package, struct range *range)
{
	bool any = false, yanked = false, prerelease = false;
	for (candidate_id id = 1; id < package_releases_end(package); id++) {
		if (!range_has(range, package, id))
			continue;
		const struct candidate *candidate = &package->candidates->list[id - 1];
		any = true;
		yanked |= candidate->yanked;
		prerelease |= !candidate->yanked && candidate->prerelease;
	}
	if (any && package->constraint != NULL)
		return g_strdup_printf(
			", which no usable version meets together with your constraint %s%s",
			package->name, specifier_text(package->constraint->set));
	if (yanked)
		return g_strdup_printf(", which only yanked versions%s meet",
			prerelease ? " and pre-releases" : "");
	return prerelease ? g_strdup(", which only pre-releases meet") : NULL;
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
	const IndexPage *page = package->page;
	if (page == NULL || page_file_count(page) == 0)
		return g_strdup_printf(", but there is no %s to be found", package->name);
	char *text = rule_text(package, demand->range);
	for (size_t i = 0; i < page_release_count(page) && text == NULL; i++)
		if (specifier_matches(demand->range->set, page_version(page, i)))
			text = obstacle_text(universe, page, i);
	if (text != NULL)
		return text;
	size_t usable = package->candidates->count;
	if (usable == 0)
		return g_strdup_printf(", but no file of %s can be used here", package->name);
	const char *newest = node_version_text(demand->node, 1);
	if (usable == 1)
		return g_strdup_printf(", but the only usable version is %s", newest);
	return g_strdup_printf(
		", which none of its %zu usable versions meets (the newest is %s)", usable, newest);
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
	g_autofree char *who = dependant == NULL
				       ? g_strdup(provider_node(universe, fact->dependant)->name)
				       : set_text(universe, fact->dependant, dependant->set,
						 pubgrub_domain_size(pubgrub, fact->dependant),
						 false, "every version of ");
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
	size_t count = 0, needs = 0;
	for (size_t i = 0; i < derived->count; i++) {
		const struct pubgrub_term *term = &derived->terms[i];
		bool without = pubgrub_has(term->set, PUBGRUB_ABSENT);
		needs += term->node != 0 && without;
		count += term->node != 0 && !without;
	}
	/* `b cannot be used`, but `every version of b needs c`. */
	const char *every = needs > 0 && count == 1 ? "every version of " : "";
	for (size_t i = 0; i < derived->count; i++) {
		const struct pubgrub_term *term = &derived->terms[i];
		if (term->node == 0)
			continue;
		bool without = pubgrub_has(term->set, PUBGRUB_ABSENT);
		g_autofree char *text = set_text(universe, term->node, term->set,
			pubgrub_domain_size(pubgrub, term->node), without,
			without ? "every version of " : every);
		GString *list = without ? needed : chosen;
		g_string_append_printf(list, "%s%s",
			list->len == 0 ? ""
			: without      ? " or "
				       : " and ",
			text);
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
	while (stack->len > 0) {
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

/* Counts the steps below `last`, and gathers the user's requirements among the facts. */
static size_t
survey(const Universe *universe, const Pubgrub *pubgrub, int64_t last, GPtrArray *asked)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(int64_t));
	g_array_append_val(stack, last);
	size_t steps = 0;
	while (stack->len > 0) {
		int64_t id = g_array_index(stack, int64_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		if (!g_hash_table_add(seen, GSIZE_TO_POINTER((size_t)id + 1)))
			continue;
		const struct pubgrub_incompatibility *step = pubgrub_get(pubgrub, id);
		if (step->left >= 0) {
			steps++;
			g_array_append_val(stack, step->left);
			g_array_append_val(stack, step->right);
		} else if (step->dependant == 0 && step->why != NULL) {
			g_ptr_array_add(asked, root_text(universe, step->why));
		}
	}
	g_ptr_array_sort(asked, texts_compare);
	return steps;
}

static void
append_survey(GString *text, size_t steps, const GPtrArray *asked)
{
	g_string_append_printf(text,
		"\n  No versions fit together. The proof takes %zu steps; of your requirements, it "
		"rests on these:",
		steps);
	for (guint i = 0; i < asked->len; i++)
		if (i == 0 || !g_str_equal(asked->pdata[i - 1], asked->pdata[i]))
			g_string_append_printf(text, "\n    %s", (const char *)asked->pdata[i]);
	g_string_append(text, "\n  Changing one of them may help.");
}

char *
proof_text(const Universe *universe, const Pubgrub *pubgrub)
{
	struct proof proof = {
		.universe = universe,
		.pubgrub = pubgrub,
		.numbers = g_hash_table_new(NULL, NULL),
		.lines = g_ptr_array_new_with_free_func(g_free),
	};
	int64_t failure = pubgrub_failure(pubgrub);
	const struct pubgrub_incompatibility *last = pubgrub_get(pubgrub, failure);
	g_autoptr(GPtrArray) asked = g_ptr_array_new_with_free_func(g_free);
	GString *text = g_string_new("Why this cannot be solved:");
	size_t steps = survey(universe, pubgrub, failure, asked);
	if (last->left < 0) {
		g_autofree char *fact = fact_text(universe, pubgrub, last);
		g_string_append_printf(
			text, "\n  Because %s, your requirements cannot be met.", fact);
	} else if (steps > STEPS_MAX) {
		append_survey(text, steps, asked);
	} else {
		add_steps(&proof, failure);
	}
	for (guint i = 0; i < proof.lines->len; i++)
		g_string_append_printf(text, "\n%s", (const char *)proof.lines->pdata[i]);
	g_ptr_array_unref(proof.lines);
	g_hash_table_unref(proof.numbers);
	return g_string_free(text, FALSE);
}

char *
proof_of_root(const Universe *universe, const struct demand *demand)
{
	g_autofree char *asked = root_text(universe, demand);
	g_autofree char *nothing = nothing_text(universe, demand);
	return g_strdup_printf("Why this cannot be solved:\n  %c%s%s.", g_ascii_toupper(asked[0]),
		asked + 1, nothing);
}
