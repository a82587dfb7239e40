/* SPDX-License-Identifier: MIT */
/* Sets of candidates as bits: 0 not selected, 1 installed, then releases, then URLs.
 *
 * pip's rules for pre-releases and yanks look at all demands on a project together. Here they are
 * applied to each demand, and once some demand admits pre-releases (or a yanked release) of a
 * project, all demands on it do: the solver then starts again. That can be too strict: two demands
 * may each have a final release to choose and no common one. So where there is no solution, it
 * tries again with all pre-releases, and sees whether pip's rule admits those that were chosen. */
#include "resolver/solve.h"

#include "resolver/proof.h"
#include "resolver/selection.h"

#include <string.h>

enum { CONFLICTS_MAX = 5, RESTARTS_MAX = 1000 };

enum turn {
	TURN_EARLY, /* its versions were often rejected: before what rejected them */
	TURN_LATE,  /* its versions often rejected others' */
	TURN_USUAL,
};

struct traits { /* of a node, from the demands on it so far */
	bool direct, pinned, upper_bounded, operators;
	candidate_id latest;	   /* decided */
	unsigned rejected, blamed; /* how often, since the last change of its turn */
	enum turn turn;
};

/* Who demands what. */
struct demanded {
	const struct node *from, *node;
	const struct range *range;
	candidate_id candidate;
	enum demand_kind kind;
	bool satisfied;
};

struct solver {
	Universe *universe;
	Pubgrub *pubgrub;
	GArray *traits;		 /* struct traits, by solver node */
	GHashTable *scanned;	 /* struct demanded: demands whose dependants were looked for */
	GPtrArray *ties;	 /* struct demand */
	GHashTable *prereleases; /* packages of which pre-releases are admitted */
	GHashTable *yanked;	 /* packages of which yanked releases are */
	bool restart;
	bool withheld; /* some pre-release was left out */
	bool lenient;  /* none is */
	uint64_t generation;
};

struct node *
solve_node(const Universe *universe, uint32_t number)
{
	return number == 0 ? NULL : universe->nodes->pdata[number - 1];
}

static size_t
candidate_bit(const struct node *node, candidate_id candidate)
{
	if (candidate < CANDIDATE_DIRECT)
		return 1 + (size_t)candidate;
	return 1 + (size_t)package_releases_end(node->package) +
	       (size_t)(candidate - CANDIDATE_DIRECT);
}

candidate_id
solve_candidate(const struct node *node, size_t bit)
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

static size_t
node_bits(const struct node *node)
{
	if (node == NULL || node->package == NULL)
		return 2;
	return 1 + (size_t)package_releases_end(node->package) + node->package->directs->len;
}

static struct traits *
traits_of(struct solver *solver, uint32_t number)
{
	for (guint i = solver->traits->len; i <= number; i++) {
		struct traits traits = {.turn = TURN_USUAL, .latest = CANDIDATE_NONE};
		g_array_append_val(solver->traits, traits);
	}
	return &g_array_index(solver->traits, struct traits, number);
}

/* --- the provider ----------------------------------------------------------------------------- */

static size_t
provide_size(void *user, uint32_t number, GError **error)
{
	struct solver *solver = user;
	struct node *node = solve_node(solver->universe, number);
	if (node != NULL && node->package != NULL && node->package->directs->len == 0 &&
		!package_load(solver->universe, node->package, error))
		return 0;
	return node_bits(node);
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
		pubgrub_add(set, candidate_bit(node, id));
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
			pubgrub_add(set, candidate_bit(node, selection.fixed));
	} else if (ok && demand->kind == DEMAND_RANGE && !selection.pending) {
		if (node->package->page != NULL)
			add_range_bits(solver, &selection, set);
		for (guint i = 0; i < node->package->directs->len; i++) {
			candidate_id direct = CANDIDATE_DIRECT + (candidate_id)i;
			if (every_range_has(&selection, direct))
				pubgrub_add(set, candidate_bit(node, direct));
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
	size_t bits = node_bits(node);
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
				pubgrub_add(set, candidate_bit(node, GPOINTER_TO_INT(key)));
				break;
			}
	}
	return set;
}

/* The release that would be chosen now is asked for while others are decided. */
static void
prefetch(struct solver *solver, const struct pubgrub_dependency *dependency)
{
	const struct node *node = solve_node(solver->universe, dependency->node);
	const pubgrub_word *domain = pubgrub_domain(solver->pubgrub, dependency->node);
	struct package *package = node->package;
	if (package == NULL || package->page == NULL)
		return;
	candidate_id end = package_releases_end(package);
	for (candidate_id id = 1; id < end; id++) {
		size_t bit = candidate_bit(node, id);
		if (!pubgrub_has(dependency->allowed, bit) ||
			(domain != NULL && !pubgrub_has(domain, bit)) ||
			solve_candidate(node, bit) == CANDIDATE_NONE)
			continue;
		package_prefetch(solver->universe, package, id);
		return;
	}
}

static void
note_traits(struct solver *solver, const struct demand *demand)
{
	struct traits *traits = traits_of(solver, demand->node->id + 1);
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
	size_t bits = node_bits(extra), bit = candidate_bit(extra, candidate);
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
	if (provide_size(solver, node->id + 1, error) == 0)
		return false;
	/* A direct requirement found just now: the domain has changed. */
	size_t met = pubgrub_domain_size(solver->pubgrub, node->id + 1), bits = node_bits(node);
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
	if (node->base == NULL || provide_size(solver, node->base->id + 1, error) == 0)
		return node->base == NULL;
	/* An extra is tied to the same candidate of its base: what limits one limits the other. */
	struct pubgrub_dependency base = {
		.dependant = number_of(from),
		.node = node->base->id + 1,
		.allowed = g_memdup2(
			dependency.allowed, PUBGRUB_WORDS(bits) * sizeof *dependency.allowed),
		.dependants = g_memdup2(dependency.dependants,
			PUBGRUB_WORDS(node_bits(from)) * sizeof *dependency.dependants),
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
	struct traits *traits = traits_of(solver, node->id + 1);
	if (traits->latest != CANDIDATE_NONE)
		package_look_ahead(solver->universe, node->package, traits->latest);
	traits->latest = candidate;
}

static bool
provide_dependencies(void *user, uint32_t number, size_t bit, GArray *out, GError **error)
{
	struct solver *solver = user;
	Universe *universe = solver->universe;
	struct node *node = solve_node(universe, number);
	const struct demand *list = (const struct demand *)(void *)universe->root_demands->data;
	size_t count = universe->root_demands->len;
	if (universe->options->loop != NULL && loop_interrupted(universe->options->loop))
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	if (node != NULL) {
		const struct dependencies *dependencies =
			node_dependencies(universe, node, solve_candidate(node, bit), error);
		if (dependencies == NULL) {
			solver->restart = solver->generation != universe->generation;
			return false;
		}
		list = dependencies->list;
		count = dependencies->count;
	}
	if (node != NULL && node->package != NULL && node->base == NULL)
		note_decision(solver, node, solve_candidate(node, bit));
	if (node != NULL && node->package != NULL && node->base == NULL)
		tie_extras(solver, node, solve_candidate(node, bit), out);
	for (size_t i = 0; i < count; i++)
		if (!(list[i].kind == DEMAND_PYTHON && list[i].satisfied) &&
			!add_dependency(solver, node, bit, &list[i], out, error))
			return false;
	return !solver->restart || error_set(error, ERROR_CONFLICT, "restart");
}

static size_t
provide_choice(void *user, uint32_t number, const pubgrub_word *domain)
{
	struct solver *solver = user;
	const struct node *node = solve_node(solver->universe, number);
	size_t bits = node_bits(node), best = 0;
	bool best_prerelease = false, best_yanked = false;
	if (node == NULL || node->package == NULL)
		return 1;
	const struct package *package = node->package;
	if (node->base != NULL) { /* whatever its base has got */
		size_t base = pubgrub_decision(solver->pubgrub, node->base->id + 1);
		if (base != PUBGRUB_ABSENT && pubgrub_has(domain, base))
			return base;
	}
	bool installed = pubgrub_has(domain, 1) && package->installed != NULL;
	if (installed && node_prefers_installed(solver->universe, node))
		return 1;
	for (size_t bit = 2; bit < bits; bit++) {
		candidate_id id = solve_candidate(node, bit);
		if (!pubgrub_has(domain, bit) || id == CANDIDATE_NONE)
			continue;
		bool release = id < CANDIDATE_DIRECT;
		bool prerelease = release && package->candidates->list[id - 1].prerelease &&
				  !g_hash_table_contains(solver->prereleases, package);
		bool yanked = release && package->candidates->list[id - 1].yanked;
		if (best != 0 && (yanked > best_yanked ||
					 (yanked == best_yanked && prerelease >= best_prerelease)))
			continue;
		best = bit;
		best_yanked = yanked;
		best_prerelease = prerelease;
	}
	if (installed &&
		(best == 0 || version_compare(package->installed_version,
				      package_version(package, solve_candidate(node, best))) >= 0))
		return 1;
	g_assert(best != 0);
	return best;
}

/* The node without extras. */
static const struct node *
base_of(const struct node *node)
{
	return node == NULL || node->base == NULL ? node : node->base;
}

static enum turn
turn_of(struct solver *solver, const struct node *node)
{
	return traits_of(solver, base_of(node)->id + 1)->turn;
}

/* 0: an extra whose base has a version, and so has no choice; 2: one whose base has none yet. */
static int
extra_class(const struct solver *solver, const struct node *node)
{
	if (node->base == NULL)
		return 1;
	return pubgrub_decision(solver->pubgrub, node->base->id + 1) != PUBGRUB_ABSENT ? 0 : 2;
}

static bool
provide_order(void *user, uint32_t a, uint32_t b)
{
	struct solver *solver = user;
	const struct node *x = solve_node(solver->universe, a),
			  *y = solve_node(solver->universe, b);
	if (x == NULL || y == NULL)
		return x == NULL;
	int class[2] = {extra_class(solver, x), extra_class(solver, y)};
	if (class[0] != class[1])
		return class[0] < class[1];
	const struct traits s = *traits_of(solver, a), t = *traits_of(solver, b);
	if (s.direct != t.direct)
		return s.direct;
	if (s.pinned != t.pinned)
		return s.pinned;
	enum turn turns[2] = {turn_of(solver, x), turn_of(solver, y)};
	if (turns[0] != turns[1])
		return turns[0] < turns[1];
	if (s.upper_bounded != t.upper_bounded)
		return s.upper_bounded;
	if (x->order != y->order)
		return x->order < y->order;
	if (s.operators != t.operators)
		return s.operators;
	return strcmp(x->name, y->name) < 0;
}

/* Newest first goes wrong where one package's newest version excludes most of another's: the other
 * then falls and falls. After some rejections it has the first say. (uv does likewise.) */
static bool
provide_conflict(void *user, uint32_t rejected, uint32_t culprit)
{
	struct solver *solver = user;
	const struct node *loser = base_of(solve_node(solver->universe, rejected)),
			  *winner = base_of(solve_node(solver->universe, culprit));
	if (loser == NULL || winner == NULL || loser == winner || loser->package == NULL ||
		winner->package == NULL)
		return false;
	struct traits *traits = traits_of(solver, loser->id + 1);
	if (++traits->rejected >= CONFLICTS_MAX) {
		traits->rejected = 0;
		traits->turn = TURN_EARLY;
	}
	traits = traits_of(solver, winner->id + 1);
	if (++traits->blamed < CONFLICTS_MAX)
		return false;
	traits->blamed = 0;
	if (traits->turn != TURN_USUAL)
		return false;
	traits->turn = TURN_LATE;
	return true;
}

/* --- runs ------------------------------------------------------------------------------------- */

static enum pubgrub_outcome
solve_once(struct solver *solver, size_t steps, GError **error)
{
	const struct pubgrub_provider provider = {
		.user = solver,
		.size = provide_size,
		.choose = provide_choice,
		.dependencies = provide_dependencies,
		.before = provide_order,
		.conflict = provide_conflict,
	};
	solver->restart = false;
	solver->generation = solver->universe->generation;
	for (guint i = 0; i < solver->traits->len; i++) {
		struct traits *traits = traits_of(solver, i);
		*traits = (struct traits){.latest = CANDIDATE_NONE, .turn = traits->turn};
	}
	g_hash_table_remove_all(solver->scanned);
	g_clear_pointer(&solver->pubgrub, pubgrub_free);
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
solver_init(struct solver *solver, Universe *universe)
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

static void
solver_clear(struct solver *solver)
{
	g_clear_pointer(&solver->pubgrub, pubgrub_free);
	g_array_unref(solver->traits);
	g_ptr_array_unref(solver->ties);
	g_hash_table_unref(solver->scanned);
	g_hash_table_unref(solver->prereleases);
	g_hash_table_unref(solver->yanked);
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
	return bit == PUBGRUB_ABSENT ? CANDIDATE_NONE : solve_candidate(node, bit);
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
	solver_init(&lenient, strict->universe);
	lenient.lenient = true;
	bool found = solve(&lenient, steps, NULL) == PUBGRUB_SOLVED &&
		     prereleases_are_admitted(&lenient);
	if (found) {
		struct solver other = *strict;
		*strict = lenient;
		lenient = other;
	}
	solver_clear(&lenient);
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
	solver_init(&solver, universe);
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
	solver_clear(&solver);
	return outcome == PUBGRUB_SOLVED;
}

char *
solve_explain(Universe *universe, size_t steps)
{
	struct solver solver;
	solver_init(&solver, universe);
	g_autoptr(GError) problem = NULL;
	char *why = solve(&solver, steps, &problem) == PUBGRUB_IMPOSSIBLE
			    ? proof_text(universe, solver.pubgrub)
			    : NULL;
	solver_clear(&solver);
	return why;
}
