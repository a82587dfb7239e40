/* SPDX-License-Identifier: MIT */
/* Sets of candidates as bits: 0 not selected, 1 installed, then releases, then URLs. */
#include "resolver/provider.h"

#include "resolver/selection.h"

#include <string.h>

struct node *
provider_node(const Universe *universe, uint32_t number)
{
	return number == 0 ? NULL : universe->nodes->pdata[number - 1];
}

size_t
provider_bit(const struct node *node, candidate_id candidate)
{
	if (candidate < CANDIDATE_DIRECT)
		return 1 + (size_t)candidate;
	return 1 + (size_t)package_releases_end(node->package) +
	       (size_t)(candidate - CANDIDATE_DIRECT);
}

candidate_id
provider_candidate(const struct node *node, size_t bit)
{
	const struct package *package = node->package;
	if (package == NULL)
		return CANDIDATE_INSTALLED;
	size_t end = 1 + (size_t)package_releases_end(package);
	if (bit == 1 && package->installed == NULL)
		return CANDIDATE_NONE;
	candidate_id candidate =
		bit < end ? (candidate_id)bit - 1 : CANDIDATE_DIRECT + (candidate_id)(bit - end);
	return g_hash_table_contains(package->bad, GINT_TO_POINTER(candidate)) ? CANDIDATE_NONE
									       : candidate;
}

size_t
provider_bits(const struct node *node)
{
	if (node == NULL || node->package == NULL)
		return 2;
	return 1 + (size_t)package_releases_end(node->package) + node->package->directs->len;
}

struct traits *
provider_traits(struct solver *solver, uint32_t number)
{
	for (guint i = solver->traits->len; i <= number; i++) {
		struct traits traits = {.turn = TURN_USUAL, .latest = CANDIDATE_NONE};
		g_array_append_val(solver->traits, traits);
	}
	return &g_array_index(solver->traits, struct traits, number);
}

/* --- demands ---------------------------------------------------------------------------------- */

size_t
provider_size(void *user, uint32_t number, GError **error)
{
	struct solver *solver = user;
	struct node *node = provider_node(solver->universe, number);
	if (node != NULL && node->package != NULL && node->package->directs->len == 0 &&
		!package_load(solver->universe, node->package, error))
		return 0;
	return provider_bits(node);
}

static void
add_range_bits(struct solver *solver, Selection *selection, pubgrub_word *set)
{
	const struct node *node = selection->node;
	struct package *package = node->package;
	bool admitted = selection->prereleases;
	if (g_hash_table_contains(solver->prereleases, package) || solver->lenient)
		selection->prereleases = package->prereleases != PRERELEASES_DENY;
	solver->withheld |= !selection->prereleases;
	if (g_hash_table_contains(solver->yanked, package))
		selection->yanked = true;
	selection->empty = false;
	bool prereleases = false, yanked = false;
	struct selection_cursor cursor = {0};
	for (candidate_id id;
		(id = selection_next(selection, &cursor, NULL, 0)) != CANDIDATE_NONE;) {
		pubgrub_add(set, provider_bit(node, id));
		if (id == CANDIDATE_INSTALLED || id >= CANDIDATE_DIRECT)
			continue;
		prereleases |= package->candidates->list[id - 1].prerelease;
		yanked |= package->candidates->list[id - 1].yanked;
	}
	if (prereleases && (admitted || !solver->lenient) &&
		g_hash_table_add(solver->prereleases, package))
		solver->restart = !solver->lenient;
	if (yanked && g_hash_table_add(solver->yanked, package))
		solver->restart = true;
}

static bool
every_range_has(const Selection *selection, candidate_id candidate)
{
	for (size_t i = 0; i < selection->range_count; i++)
		if (!range_has(selection->ranges[i], selection->node->package, candidate))
			return false;
	return true;
}

/* The candidates that one demand allows. */
static bool
demand_bits(struct solver *solver, const struct demand *demand, pubgrub_word *set, GError **error)
{
	struct node *node = demand->node;
	if (demand->kind == DEMAND_IMPOSSIBLE)
		return true;
	if (demand->kind == DEMAND_PYTHON) {
		if (demand->satisfied)
			pubgrub_add(set, 1);
		return true;
	}
	Selection selection = {0};
	struct selection_demands demands = {&demand, 1, NULL, 0};
	bool ok = selection_make(solver->universe, node, &demands, NULL, 0, &selection, error) &&
		  selection_complete(solver->universe, &selection, error);
	if (ok && selection.fixed != CANDIDATE_NONE) {
		if (!selection.empty)
			pubgrub_add(set, provider_bit(node, selection.fixed));
	} else if (ok && demand->kind == DEMAND_RANGE && !selection.pending) {
		if (node->package->page != NULL)
			add_range_bits(solver, &selection, set);
		for (guint i = 0; i < node->package->directs->len; i++) {
			candidate_id direct = CANDIDATE_DIRECT + (candidate_id)i;
			if (every_range_has(&selection, direct))
				pubgrub_add(set, provider_bit(node, direct));
		}
	}
	selection_clear(&selection);
	return ok;
}

static bool
same_demand(const struct demand *a, const struct demand *b)
{
	return a->kind == b->kind && a->node == b->node && a->range == b->range &&
	       a->candidate == b->candidate && a->satisfied == b->satisfied;
}

static unsigned
hash_demanded(const void *key)
{
	const struct demanded *demanded = key;
	return g_direct_hash(demanded->from) * 31 + g_direct_hash(demanded->node) * 17 +
	       g_direct_hash(demanded->range) + (unsigned)demanded->candidate;
}

static int
same_demanded(const void *a, const void *b)
{
	const struct demanded *x = a, *y = b;
	return x->from == y->from && x->node == y->node && x->range == y->range &&
	       x->candidate == y->candidate && x->kind == y->kind && x->satisfied == y->satisfied;
}

/* false: this node's candidates were searched for that demand before. */
static bool
scan_again(struct solver *solver, const struct node *from, const struct demand *demand)
{
	struct demanded demanded = {from, demand->node, demand->range, demand->candidate,
		demand->kind, demand->satisfied};
	return g_hash_table_add(solver->scanned, g_memdup2(&demanded, sizeof demanded));
}

/* All candidates of the node that are known to make the same demand: no fetching for that. Those
 * that become known later are added as they are decided. */
static pubgrub_word *
dependants_of(
	struct solver *solver, const struct node *node, size_t bit, const struct demand *demand)
{
	size_t bits = provider_bits(node);
	pubgrub_word *set = g_new0(pubgrub_word, PUBGRUB_WORDS(bits));
	pubgrub_add(set, bit);
	if (node == NULL || demand->kind == DEMAND_EXACT || !scan_again(solver, node, demand))
		return set;
	GHashTableIter iter;
	g_hash_table_iter_init(&iter, node->dependencies);
	for (void *key, *value; g_hash_table_iter_next(&iter, &key, &value);) {
		const struct dependencies *dependencies = value;
		for (size_t i = 0; i < dependencies->count; i++)
			if (same_demand(&dependencies->list[i], demand)) {
				pubgrub_add(set, provider_bit(node, GPOINTER_TO_INT(key)));
				break;
			}
	}
	return set;
}

/* The release that would be chosen now is asked for while others are decided. */
static void
prefetch(struct solver *solver, const struct pubgrub_dependency *dependency)
{
	const struct node *node = provider_node(solver->universe, dependency->node);
	const pubgrub_word *domain = pubgrub_domain(solver->pubgrub, dependency->node);
	struct package *package = node->package;
	if (package == NULL || package->page == NULL)
		return;
	candidate_id end = package_releases_end(package);
	for (candidate_id id = 1; id < end; id++) {
		size_t bit = provider_bit(node, id);
		if (!pubgrub_has(dependency->allowed, bit) ||
			(domain != NULL && !pubgrub_has(domain, bit)) ||
			provider_candidate(node, bit) == CANDIDATE_NONE)
			continue;
		package_prefetch(solver->universe, package, id);
		return;
	}
}

static void
note_traits(struct solver *solver, const struct demand *demand)
{
	struct traits *traits = provider_traits(solver, demand->node->id + 1);
	traits->direct |= demand->kind == DEMAND_EXACT;
	if (demand->kind != DEMAND_RANGE)
		return;
	traits->pinned |= demand->range->pinned;
	traits->upper_bounded |= demand->range->upper_bounded;
	traits->operators |= !demand->range->free;
}

static uint32_t
number_of(const struct node *node)
{
	return node == NULL ? 0 : node->id + 1;
}

/* If the base has this version, so has the extra. That follows from what the extra's versions
 * demand, but nobody should have to look at them all to see it. */
static void
tie_extra(struct solver *solver, struct node *extra, candidate_id candidate, GArray *out)
{
	size_t bits = provider_bits(extra), bit = provider_bit(extra, candidate);
	struct demand *why = g_new0(struct demand, 1);
	*why = (struct demand){.kind = DEMAND_EXACT, .node = extra, .candidate = candidate};
	g_ptr_array_add(solver->ties, why);
	struct pubgrub_dependency dependency = {
		.dependant = number_of(extra->base),
		.node = number_of(extra),
		.allowed = g_new0(pubgrub_word, PUBGRUB_WORDS(bits)),
		.dependants = g_new0(pubgrub_word, PUBGRUB_WORDS(bits)),
		.why = why,
	};
	pubgrub_add(dependency.allowed, PUBGRUB_ABSENT);
	pubgrub_add(dependency.allowed, bit);
	pubgrub_add(dependency.dependants, bit);
	g_array_append_val(out, dependency);
}

/* An extra that nobody has asked for so far, to the versions of its base that were tried. */
static void
tie_new_extra(struct solver *solver, struct node *extra, GArray *out)
{
	const struct package *package = extra->package;
	candidate_id end = package_releases_end(package);
	for (candidate_id id = CANDIDATE_INSTALLED; id < end; id++)
		if (g_hash_table_contains(extra->base->dependencies, GINT_TO_POINTER(id)))
			tie_extra(solver, extra, id, out);
	for (guint i = 0; i < package->directs->len; i++) {
		candidate_id id = CANDIDATE_DIRECT + (candidate_id)i;
		if (g_hash_table_contains(extra->base->dependencies, GINT_TO_POINTER(id)))
			tie_extra(solver, extra, id, out);
	}
}

/* The extras that somebody has asked for, to a version of their base. */
static void
tie_extras(struct solver *solver, const struct node *base, candidate_id candidate, GArray *out)
{
	const GPtrArray *nodes = solver->universe->nodes;
	for (guint i = 0; i < nodes->len; i++) {
		struct node *node = nodes->pdata[i];
		if (node->base == base && pubgrub_domain_size(solver->pubgrub, node->id + 1) != 0)
			tie_extra(solver, node, candidate, out);
	}
}

static bool
add_dependency(struct solver *solver, const struct node *from, size_t bit,
	const struct demand *demand, GArray *out, GError **error)
{
	struct node *node = demand->node;
	if (provider_size(solver, node->id + 1, error) == 0)
		return false;
	/* A direct requirement found just now: the domain has changed. */
	size_t met = pubgrub_domain_size(solver->pubgrub, node->id + 1), bits = provider_bits(node);
	if (met != 0 && met != bits) {
		solver->restart = true;
		return error_set(error, ERROR_CONFLICT, "restart");
	}
	struct pubgrub_dependency dependency = {
		.dependant = number_of(from),
		.node = node->id + 1,
		.allowed = g_new0(pubgrub_word, PUBGRUB_WORDS(bits)),
		.why = demand,
	};
	if (!demand_bits(solver, demand, dependency.allowed, error)) {
		g_free(dependency.allowed);
		return false;
	}
	dependency.dependants = dependants_of(solver, from, bit, demand);
	g_array_append_val(out, dependency);
	note_traits(solver, demand);
	prefetch(solver, &dependency);
	if (node->base == NULL || provider_size(solver, node->base->id + 1, error) == 0)
		return node->base == NULL;
	/* An extra is tied to the same candidate of its base: what limits one limits the other. */
	struct pubgrub_dependency base = {
		.dependant = number_of(from),
		.node = node->base->id + 1,
		.allowed = g_memdup2(
			dependency.allowed, PUBGRUB_WORDS(bits) * sizeof *dependency.allowed),
		.dependants = g_memdup2(dependency.dependants,
			PUBGRUB_WORDS(provider_bits(from)) * sizeof *dependency.dependants),
		.why = demand,
	};
	g_array_append_val(out, base);
	if (met == 0)
		tie_new_extra(solver, node, out);
	return true;
}

/* One version after another of a package: the next ones will be wanted, too. */
static void
note_decision(struct solver *solver, const struct node *node, candidate_id candidate)
{
	struct traits *traits = provider_traits(solver, node->id + 1);
	if (traits->latest != CANDIDATE_NONE)
		package_look_ahead(solver->universe, node->package, traits->latest);
	traits->latest = candidate;
	package_show(solver->universe, node->package, pubgrub_level(solver->pubgrub));
}

bool
provider_go_on(void *user, GError **error)
{
	const struct solver *solver = user;
	Loop *loop = solver->universe->options->loop;
	return loop == NULL || !loop_interrupted(loop) ||
	       error_set(error, ERROR_INTERRUPTED, "interrupted");
}

bool
provider_dependencies(void *user, uint32_t number, size_t bit, GArray *out, GError **error)
{
	struct solver *solver = user;
	Universe *universe = solver->universe;
	struct node *node = provider_node(universe, number);
	const struct demand *list = (const struct demand *)(void *)universe->root_demands->data;
	size_t count = universe->root_demands->len;
	if (node != NULL) {
		const struct dependencies *dependencies =
			node_dependencies(universe, node, provider_candidate(node, bit), error);
		if (dependencies == NULL) {
			solver->restart = solver->generation != universe->generation;
			return false;
		}
		list = dependencies->list;
		count = dependencies->count;
	}
	if (node != NULL && node->package != NULL && node->base == NULL)
		note_decision(solver, node, provider_candidate(node, bit));
	if (node != NULL && node->package != NULL && node->base == NULL)
		tie_extras(solver, node, provider_candidate(node, bit), out);
	for (size_t i = 0; i < count; i++)
		if (!(list[i].kind == DEMAND_PYTHON && list[i].satisfied) &&
			!add_dependency(solver, node, bit, &list[i], out, error))
			return false;
	return !solver->restart || error_set(error, ERROR_CONFLICT, "restart");
}

/* --- life ------------------------------------------------------------------------------------- */

void
provider_init(struct solver *solver, Universe *universe)
{
	*solver = (struct solver){
		.universe = universe,
		.traits = g_array_new(FALSE, TRUE, sizeof(struct traits)),
		.scanned = g_hash_table_new_full(hash_demanded, same_demanded, g_free, NULL),
		.ties = g_ptr_array_new_with_free_func(g_free),
		.prereleases = g_hash_table_new(NULL, NULL),
		.yanked = g_hash_table_new(NULL, NULL),
	};
}

void
provider_clear(struct solver *solver)
{
	g_clear_pointer(&solver->pubgrub, pubgrub_free);
	g_array_unref(solver->traits);
	g_ptr_array_unref(solver->ties);
	g_hash_table_unref(solver->scanned);
	g_hash_table_unref(solver->prereleases);
	g_hash_table_unref(solver->yanked);
}

void
provider_restart(struct solver *solver)
{
	solver->restart = false;
	solver->generation = solver->universe->generation;
	for (guint i = 0; i < solver->traits->len; i++) {
		struct traits *traits = provider_traits(solver, i);
		*traits = (struct traits){.latest = CANDIDATE_NONE, .turn = traits->turn};
	}
	g_hash_table_remove_all(solver->scanned);
	g_clear_pointer(&solver->pubgrub, pubgrub_free);
}
