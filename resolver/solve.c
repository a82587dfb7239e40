/* SPDX-License-Identifier: MIT */
/* pip's rules for pre-releases and yanks look at all demands on a project together. Here they are
 * applied to each demand, and once some demand admits pre-releases (or a yanked release) of a
 * project, all demands on it do: the solver then starts again. That can be too strict: two demands
 * may each have a final release to choose and no common one. So where there is no solution, it
 * tries again with all pre-releases, and sees whether pip's rule admits those that were chosen. */
#include "resolver/solve.h"

#include "resolver/proof.h"
#include "resolver/provider.h"
#include "resolver/selection.h"

#include <string.h>

enum { RESTARTS_MAX = 1000 };

static enum pubgrub_outcome
solve_once(struct solver *solver, size_t steps, GError **error)
{
	const struct pubgrub_provider provider = {
		.user = solver,
		.size = provider_size,
		.choose = choice_version,
		.dependencies = provider_dependencies,
		.before = choice_before,
		.conflict = choice_conflict,
		.go_on = provider_go_on,
	};
	provider_restart(solver);
	solver->pubgrub = pubgrub_new(&provider);
	return pubgrub_solve(solver->pubgrub, 0, steps, error);
}

static enum pubgrub_outcome
solve(struct solver *solver, size_t steps, GError **error)
{
	for (int i = 0; i < RESTARTS_MAX; i++) {
		g_autoptr(GError) problem = NULL;
		enum pubgrub_outcome outcome = solve_once(solver, steps, &problem);
		if (outcome == PUBGRUB_ERROR && solver->restart)
			continue;
		if (problem != NULL)
			g_propagate_error(error, g_steal_pointer(&problem));
		return outcome;
	}
	return PUBGRUB_TOO_LONG;
}

static void
note_template(const struct demand *demand, const struct node *parent, candidate_id parent_candidate,
	size_t root, const GArray *pins)
{
	struct package *package = demand->node->package;
	struct template template = {demand, parent, parent_candidate, root};
	if (package != NULL && (demand->kind == DEMAND_RANGE || demand->kind == DEMAND_EXACT))
		package_set_template(
			package, g_array_index(pins, candidate_id, demand->node->id), &template);
}

/* For whose sake each distribution is there: breadth first from what the user asks for. */
static void
note_templates(const Universe *universe, const GArray *pins)
{
	g_autoptr(GPtrArray) queue = g_ptr_array_new();
	g_autofree bool *seen = g_new0(bool, universe->nodes->len);
	for (guint i = 0; i < universe->root_demands->len; i++) {
		const struct demand *demand =
			&g_array_index(universe->root_demands, struct demand, i);
		note_template(demand, NULL, CANDIDATE_NONE,
			g_array_index(universe->root_of_demand, size_t, i), pins);
		g_ptr_array_add(queue, demand->node);
	}
	for (guint i = 0; i < queue->len; i++) {
		const struct node *node = queue->pdata[i];
		candidate_id pin = g_array_index(pins, candidate_id, node->id);
		const struct dependencies *dependencies =
			g_hash_table_lookup(node->dependencies, GINT_TO_POINTER(pin));
		if (seen[node->id] || dependencies == NULL)
			continue;
		seen[node->id] = true;
		for (size_t n = 0; n < dependencies->count; n++) {
			note_template(&dependencies->list[n], node, pin, SIZE_MAX, pins);
			g_ptr_array_add(queue, dependencies->list[n].node);
		}
	}
}

/* The pin of a node; CANDIDATE_NONE if it is not selected. */
static candidate_id
solver_pin(const struct solver *solver, const struct node *node)
{
	size_t bit = pubgrub_decision(solver->pubgrub, node->id + 1);
	return bit == PUBGRUB_ABSENT ? CANDIDATE_NONE : provider_candidate(node, bit);
}

/* Adds those demands of a list that are on the package. */
static void
add_demands_on(
	GPtrArray *demands, const struct package *package, const struct demand *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].node->package == package && list[i].kind == DEMAND_RANGE)
			g_ptr_array_add(demands, (void *)&list[i]);
}

/* pip's rule for all demands on a package together: is what was chosen among what it admits? */
static bool
pin_is_admitted(struct solver *solver, struct node *node, candidate_id pin)
{
	Universe *universe = solver->universe;
	g_autoptr(GPtrArray) demands = g_ptr_array_new();
	add_demands_on(demands, node->package,
		(const struct demand *)(void *)universe->root_demands->data,
		universe->root_demands->len);
	for (guint i = 0; i < universe->nodes->len; i++) {
		struct node *from = universe->nodes->pdata[i];
		candidate_id chosen = solver_pin(solver, from);
		const struct dependencies *dependencies =
			chosen == CANDIDATE_NONE ? NULL
						 : node_dependencies(universe, from, chosen, NULL);
		if (dependencies != NULL)
			add_demands_on(
				demands, node->package, dependencies->list, dependencies->count);
	}
	Selection selection = {0};
	const struct selection_demands all = {
		(const struct demand *const *)demands->pdata, demands->len, NULL, 0};
	bool admitted = selection_make(universe, node, &all, NULL, 0, &selection, NULL);
	struct selection_cursor cursor = {0};
	for (candidate_id id = CANDIDATE_NONE; admitted && id != pin;) {
		id = selection_next(&selection, &cursor, NULL, 0);
		admitted = id != CANDIDATE_NONE;
	}
	selection_clear(&selection);
	return admitted;
}

static bool
prereleases_are_admitted(struct solver *solver)
{
	const Universe *universe = solver->universe;
	for (guint i = 0; i < universe->nodes->len; i++) {
		struct node *node = universe->nodes->pdata[i];
		candidate_id pin = node->package == NULL || node->base != NULL
					   ? CANDIDATE_NONE
					   : solver_pin(solver, node);
		if (pin > CANDIDATE_INSTALLED && pin < CANDIDATE_DIRECT &&
			node->package->candidates->list[pin - 1].prerelease &&
			!pin_is_admitted(solver, node, pin))
			return false;
	}
	return true;
}

/* After IMPOSSIBLE: true if there is an answer after all, with pre-releases that pip would take. */
static bool
solve_leniently(struct solver *strict, size_t steps)
{
	if (!strict->withheld)
		return false;
	struct solver lenient;
	provider_init(&lenient, strict->universe);
	lenient.lenient = true;
	bool found = solve(&lenient, steps, NULL) == PUBGRUB_SOLVED &&
		     prereleases_are_admitted(&lenient);
	if (found) {
		struct solver other = *strict;
		*strict = lenient;
		lenient = other;
	}
	provider_clear(&lenient);
	return found;
}

static void
fail(const struct solver *solver, enum pubgrub_outcome outcome, GError **error)
{
	const Universe *universe = solver->universe;
	if (outcome == PUBGRUB_IMPOSSIBLE) {
		g_autofree char *why = proof_text(universe, solver->pubgrub);
		if (universe->options->log != NULL)
			log_info(universe->options->log, "%s", why);
		error_set(error, ERROR_CONFLICT,
			"The requirements have conflicting dependencies: no set of versions "
			"satisfies them all");
	} else if (outcome == PUBGRUB_TOO_LONG) {
		error_set(error, ERROR_CONFLICT,
			"Dependency resolution exceeded maximum depth: the requirements leave too "
			"many combinations to try; pin some of them");
	}
}

bool
solve_run(Universe *universe, size_t steps, GArray *pins, GError **error)
{
	struct solver solver;
	provider_init(&solver, universe);
	enum pubgrub_outcome outcome = solve(&solver, steps, error);
	if (outcome == PUBGRUB_IMPOSSIBLE && solve_leniently(&solver, steps))
		outcome = PUBGRUB_SOLVED;
	if (outcome != PUBGRUB_SOLVED)
		fail(&solver, outcome, error);
	g_array_set_size(pins, 0);
	for (guint i = 0; outcome == PUBGRUB_SOLVED && i < universe->nodes->len; i++) {
		candidate_id pin = solver_pin(&solver, universe->nodes->pdata[i]);
		g_array_append_val(pins, pin);
	}
	/* A satisfied Requires-Python is no dependency here, but the graph asks for it. */
	if (outcome == PUBGRUB_SOLVED) {
		g_array_index(pins, candidate_id, 0) = CANDIDATE_INSTALLED;
		note_templates(universe, pins);
	}
	provider_clear(&solver);
	return outcome == PUBGRUB_SOLVED;
}

char *
solve_explain(Universe *universe, size_t steps)
{
	struct solver solver;
	provider_init(&solver, universe);
	g_autoptr(GError) problem = NULL;
	char *why = solve(&solver, steps, &problem) == PUBGRUB_IMPOSSIBLE
			    ? proof_text(universe, solver.pubgrub)
			    : NULL;
	provider_clear(&solver);
	return why;
}
