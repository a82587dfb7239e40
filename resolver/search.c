/* SPDX-License-Identifier: MIT */
/* Behaves as pip's resolver does (resolvelib 1.2 with pip's provider), decision by decision.
 *
 * A *criterion* is what is known of a node: who demands what (*information*), which candidates that
 * leaves, and which of them have failed. A *state* is all criteria and pins at one moment; each pin
 * pushes a state. In each round the unsatisfied node that is preferred most (§ preference) is
 * pinned to its best candidate whose demands leave every criterion a candidate. If none does, the
 * criteria that emptied are the *causes*, and states are popped until one is found whose pin
 * demands something of what the causes are about (optimistic backjumping); should that lead to
 * nothing within a tenth of all rounds, the search goes back to where it first jumped and goes on
 * without.
 *
 * Criteria are immutable and counted, so that states share them. */
#include "resolver/search.h"

#include "resolver/criterion.h"

#include <string.h>

enum {
	ROUNDS_MAX = 200000,   /* pip's own limit */
	CONFLICTS_PROMOTE = 5, /* a node this often in the way of others is pinned early */
};

struct search {
	Universe *universe;
	GPtrArray *states, *saved;
	struct criterion **changed; /* by node id: of the candidate under trial */
	GArray *changed_ids;
	size_t changed_size;
	GArray *conflicts;	/* unsigned, by node id */
	GByteArray *marks;	/* by node id, for sets of nodes */
	GHashTable *rejections; /* package -> how often a candidate failed */
	unsigned stamp;
	bool optimistic;
	struct search_effort effort; /* what is left of it */
	bool lost;
};

/* --- states ----------------------------------------------------------------------------------- */

static struct state *
top(const struct search *search)
{
	return search->states->pdata[search->states->len - 1];
}

static void
push_state(struct search *search)
{
	g_ptr_array_add(search->states, state_copy(top(search)));
}

static struct state *
pop_state(struct search *search)
{
	return g_ptr_array_steal_index(search->states, search->states->len - 1);
}

/* --- pinning ---------------------------------------------------------------------------------- */

static struct node *
node_at(const struct search *search, size_t id)
{
	return search->universe->nodes->pdata[id];
}

/* A criterion as the candidate under trial has changed it. */
static struct criterion *
trial_criterion(const struct search *search, const struct node *node)
{
	if (node->id < search->changed_size && search->changed[node->id] != NULL)
		return search->changed[node->id];
	return state_criterion(top(search), node);
}

static void
trial_set(struct search *search, struct criterion *criterion)
{
	uint32_t id = criterion->node->id;
	if (id >= search->changed_size) {
		size_t size = MAX(id + 1, search->universe->nodes->len);
		search->changed = g_renew(struct criterion *, search->changed, size);
		memset(search->changed + search->changed_size, 0,
			(size - search->changed_size) * sizeof *search->changed);
		search->changed_size = size;
	}
	if (search->changed[id] == NULL)
		g_array_append_val(search->changed_ids, id);
	criterion_unref(search->changed[id]);
	search->changed[id] = criterion;
}

static void
trial_end(struct search *search, bool keep)
{
	for (guint i = 0; search->changed != NULL && i < search->changed_ids->len; i++) {
		uint32_t id = g_array_index(search->changed_ids, uint32_t, i);
		if (keep)
			state_set_criterion(top(search), search->changed[id]);
		else
			criterion_unref(search->changed[id]);
		search->changed[id] = NULL;
	}
	g_array_set_size(search->changed_ids, 0);
}

/* The criterion with one more demand, owned; NULL with an error. */
static struct criterion *
extended_criterion(struct search *search, const struct cause *cause, GError **error)
{
	struct node *node = cause->demand->node;
	const struct criterion *old = trial_criterion(search, node);
	size_t count = old == NULL ? 0 : old->info_count;
	struct criterion *criterion =
		criterion_new(node, count + 1, old == NULL ? 0 : old->bad_count);
	for (size_t i = 0; i < count; i++) {
		old->infos[i]->refs++;
		criterion_take_info(criterion, old->infos[i]);
	}
	criterion_take_info(criterion, info_new(cause));
	if (old != NULL)
		criterion_add_bad(criterion, old->bad, old->bad_count);
	const struct criterion *base =
		node->base == NULL ? NULL : trial_criterion(search, node->base);
	if (criterion_select(search->universe, criterion, base, error)) {
		struct selection_cursor cursor = {0};
		candidate_id first = selection_next(
			&criterion->selection, &cursor, criterion->bad, criterion->bad_count);
		criterion_note_template(criterion, first);
		if (node->package != NULL)
			package_prefetch(search->universe, node->package, first);
		return criterion;
	}
	criterion_unref(criterion);
	return NULL;
}

enum trial { TRIAL_OK, TRIAL_CONFLICT, TRIAL_STOP };

/* Adds what a candidate demands; on a conflict *conflict is the criterion that emptied. */
static enum trial
try_demands(struct search *search, const struct cause *causes, size_t count,
	struct criterion **conflict, GError **error)
{
	for (size_t i = 0; i < count; i++) {
		struct criterion *criterion = extended_criterion(search, &causes[i], error);
		if (criterion == NULL)
			return TRIAL_STOP;
		search->effort.demands -= MIN(search->effort.demands, 1);
		if (criterion->selection.empty) {
			*conflict = criterion;
			return TRIAL_CONFLICT;
		}
		trial_set(search, criterion);
	}
	return TRIAL_OK;
}

static enum trial
try_candidate(struct search *search, struct node *node, candidate_id candidate,
	struct criterion **conflict, GError **error)
{
	struct package *package = node->package;
	if (package != NULL && package->tried >= search->effort.unbuilt &&
		package_must_build(package, candidate)) {
		search->lost = true;
		return TRIAL_STOP;
	}
	const struct dependencies *dependencies =
		node_dependencies(search->universe, node, candidate, error);
	if (dependencies == NULL)
		return TRIAL_STOP;
	g_autofree struct cause *causes = g_new(struct cause, dependencies->count + 1);
	for (size_t i = 0; i < dependencies->count; i++)
		causes[i] = (struct cause){&dependencies->list[i], node, candidate, SIZE_MAX};
	enum trial trial = try_demands(search, causes, dependencies->count, conflict, error);
	trial_end(search, trial == TRIAL_OK);
	return trial;
}

/* pip tells a user why it takes long. */
static void
note_rejection(struct search *search, struct node *node, candidate_id candidate)
{
	Universe *universe = search->universe;
	struct package *package = node->package;
	unsigned count = 1 + GPOINTER_TO_UINT(g_hash_table_lookup(search->rejections, node));
	g_hash_table_insert(search->rejections, node, GUINT_TO_POINTER(count));
	if (package != NULL) {
		package_look_ahead(universe, package, candidate);
		package_show(universe, package, top(search)->order->len);
	}
	if (universe->options->log == NULL)
		return;
	if (count == 1 || count == 8)
		log_info(universe->options->log,
			"INFO: xpip is %slooking at multiple versions of %s to determine which "
			"version is compatible with other requirements. This could take a while.",
			count == 1 ? "" : "still ", node->name);
	else if (count == 13)
		log_info(universe->options->log,
			"INFO: This is taking longer than usual. You might need to provide the "
			"dependency resolver with stricter constraints to reduce runtime. If you "
			"want to abort this run, press Ctrl + C.");
}

/* Pins the node to its best candidate that fits; failed ones leave their criteria in `failed`. */
static enum trial
pin_node(struct search *search, struct node *node, GPtrArray *failed, GError **error)
{
	struct criterion *criterion = state_criterion(top(search), node);
	struct selection_cursor cursor = {0};
	for (;;) {
		candidate_id candidate = selection_next(
			&criterion->selection, &cursor, criterion->bad, criterion->bad_count);
		if (candidate == CANDIDATE_NONE && criterion->selection.pending) {
			if (!selection_complete(search->universe, &criterion->selection, error))
				return TRIAL_STOP;
			continue;
		}
		if (candidate == CANDIDATE_NONE)
			return TRIAL_CONFLICT;
		criterion_note_template(criterion, candidate);
		struct criterion *conflict = NULL;
		switch (try_candidate(search, node, candidate, &conflict, error)) {
		case TRIAL_OK:
			state_set_pin(top(search), node, candidate);
			return TRIAL_OK;
		case TRIAL_CONFLICT:
			g_ptr_array_add(failed, conflict);
			note_rejection(search, node, candidate);
			break;
		case TRIAL_STOP:
			return TRIAL_STOP;
		}
	}
}

/* --- preference ------------------------------------------------------------------------------- */

static unsigned *
conflict_count(struct search *search, const struct node *node)
{
	if (node->id >= search->conflicts->len)
		g_array_set_size(
			search->conflicts, MAX(node->id + 1, search->universe->nodes->len));
	return &g_array_index(search->conflicts, unsigned, node->id);
}

static bool
is_promoted(struct search *search, const struct node *node)
{
	return *conflict_count(search, node) >= CONFLICTS_PROMOTE;
}

static void
clear_marks(struct search *search)
{
	g_byte_array_set_size(search->marks, search->universe->nodes->len);
	memset(search->marks->data, 0, search->marks->len);
}

/* true if a is to be pinned before b. */
static bool
is_preferred(struct search *search, const struct criterion *a, const struct criterion *b)
{
	bool promoted[2] = {is_promoted(search, a->node), is_promoted(search, b->node)};
	if (promoted[0] != promoted[1])
		return promoted[0];
	if (a->direct != b->direct)
		return a->direct;
	if (a->pinned != b->pinned)
		return a->pinned;
	if (a->upper_bounded != b->upper_bounded)
		return a->upper_bounded;
	if (a->node->order != b->node->order)
		return a->node->order < b->node->order;
	if (a->operators != b->operators)
		return a->operators;
	return strcmp(a->node->name, b->node->name) < 0;
}

/* Counts and marks the nodes that the last conflict was about. */
static void
mark_causes(struct search *search)
{
	const struct state *state = top(search);
	clear_marks(search);
	for (guint i = 0; i < state->causes->len; i++) {
		const struct cause *cause = &((struct info *)state->causes->pdata[i])->cause;
		const struct node *nodes[2] = {cause->demand->node, cause->parent};
		for (int n = 0; n < 2; n++) {
			if (nodes[n] == NULL)
				continue;
			search->marks->data[nodes[n]->id] = 1;
			if (state_pin(state, nodes[n]) == CANDIDATE_NONE)
				++*conflict_count(search, nodes[n]);
		}
	}
}

/* What to pin next: the interpreter; else what the last conflict was about; else what has often
 * been in the way; among these the preferred one. */
static struct node *
choose_node(struct search *search, const GPtrArray *unsatisfied)
{
	if (unsatisfied->len == 1)
		return ((struct criterion *)unsatisfied->pdata[0])->node;
	mark_causes(search);
	struct criterion *best = NULL;
	int best_class = 3;
	for (guint i = 0; i < unsatisfied->len; i++) {
		struct criterion *criterion = unsatisfied->pdata[i];
		if (criterion->node->package == NULL)
			return criterion->node;
		int class = search->marks->data[criterion->node->id] != 0 ? 0
			    : is_promoted(search, criterion->node)	  ? 1
									  : 2;
		if (class < best_class ||
			(class == best_class && is_preferred(search, criterion, best))) {
			best = criterion;
			best_class = class;
		}
	}
	g_assert(best != NULL);
	return best->node;
}

/* --- backjumping ------------------------------------------------------------------------------ */

static void
save_states(struct search *search)
{
	search->saved = g_ptr_array_new_with_free_func(state_free);
	for (guint i = 0; i < search->states->len; i++)
		g_ptr_array_add(search->saved, state_copy(search->states->pdata[i]));
}

static void
roll_back(struct search *search)
{
	search->optimistic = false;
	if (search->saved == NULL)
		return;
	g_ptr_array_unref(search->states);
	search->states = g_steal_pointer(&search->saved);
}

/* Applies what is known to fail to the top state: false if that leaves a node without candidates.
 */
static enum trial
patch_criteria(struct search *search, const struct state *broken, const struct node *node,
	candidate_id candidate, GError **error)
{
	for (size_t id = 0; id < broken->size; id++) {
		const struct criterion *from = broken->criteria[id];
		struct criterion *old = state_criterion(top(search), node_at(search, id));
		bool failed = id == node->id;
		if (old == NULL || from == NULL || (from->bad_count == 0 && !failed))
			continue;
		struct criterion *criterion = criterion_new(
			old->node, old->info_count, from->bad_count + old->bad_count + 1);
		for (size_t i = 0; i < old->info_count; i++) {
			old->infos[i]->refs++;
			criterion_take_info(criterion, old->infos[i]);
		}
		criterion_add_bad(criterion, from->bad, from->bad_count);
		criterion_add_bad(criterion, old->bad, old->bad_count);
		if (failed)
			criterion_add_bad(criterion, &candidate, 1);
		const struct criterion *base =
			old->node->base == NULL ? NULL
						: state_criterion(top(search), old->node->base);
		bool ok = criterion_select(search->universe, criterion, base, error);
		if (!ok || criterion->selection.empty) {
			criterion_unref(criterion);
			return ok ? TRIAL_CONFLICT : TRIAL_STOP;
		}
		state_set_criterion(top(search), criterion);
	}
	return TRIAL_OK;
}

static bool
demands_marked(struct search *search, struct node *node, candidate_id candidate)
{
	const struct dependencies *dependencies =
		node_dependencies(search->universe, node, candidate, NULL);
	for (size_t i = 0; dependencies != NULL && i < dependencies->count; i++)
		if (search->marks->data[dependencies->list[i].node->id] != 0)
			return true;
	return false;
}

/* Pops states until one whose pin has to do with the causes. NULL: there is none. *pin is what it
 * had pinned last; the state is owned by the caller and lacks that pin. */
static struct state *
pop_broken(struct search *search, struct node **node, candidate_id *candidate)
{
	for (;;) {
		if (search->states->len == 0)
			return NULL;
		struct state *broken = pop_state(search);
		if (broken->order->len == 0) {
			state_free(broken);
			return NULL;
		}
		guint last = broken->order->len - 1;
		*node = node_at(search, g_array_index(broken->order, uint32_t, last));
		*candidate = broken->pins[(*node)->id];
		g_array_set_size(broken->order, last);
		broken->pins[(*node)->id] = CANDIDATE_NONE;
		bool involved = search->marks->data[(*node)->id] != 0;
		if (!search->optimistic && !involved)
			return broken;
		if (search->optimistic && search->saved == NULL && !involved)
			save_states(search);
		if (demands_marked(search, *node, *candidate) || last == 0)
			return broken;
		state_free(broken);
		if (search->states->len <= 1)
			return NULL;
	}
}

static enum trial
backjump(struct search *search, const GPtrArray *causes, GError **error)
{
	clear_marks(search);
	for (guint i = 0; i < causes->len; i++) {
		const struct cause *cause = &((struct info *)causes->pdata[i])->cause;
		search->marks->data[cause->demand->node->id] = 1;
		if (cause->parent != NULL)
			search->marks->data[cause->parent->id] = 1;
	}
	while (search->states->len >= 3) {
		state_free(pop_state(search));
		struct node *node = NULL;
		candidate_id candidate = CANDIDATE_NONE;
		struct state *broken = pop_broken(search, &node, &candidate);
		if (broken == NULL || search->states->len == 0) {
			g_clear_pointer(&broken, state_free);
			return TRIAL_CONFLICT;
		}
		push_state(search);
		if (node->package != NULL)
			package_look_ahead(search->universe, node->package, candidate);
		enum trial trial = patch_criteria(search, broken, node, candidate, error);
		state_free(broken);
		if (trial != TRIAL_CONFLICT)
			return trial;
	}
	return TRIAL_CONFLICT;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* The information of all criteria that emptied, each once. */
static GPtrArray *
collect_causes(struct search *search, const GPtrArray *failed)
{
	GPtrArray *causes = g_ptr_array_new_with_free_func(info_destroy);
	search->stamp++;
	for (guint i = 0; i < failed->len; i++) {
		const struct criterion *criterion = failed->pdata[i];
		for (size_t n = 0; n < criterion->info_count; n++) {
			struct info *info = criterion->infos[n];
			if (info->stamp == search->stamp)
				continue;
			info->stamp = search->stamp;
			info->refs++;
			g_ptr_array_add(causes, info);
		}
	}
	return causes;
}

/* Drops what the nodes in `marks` demand: their pins don't hold any more. */
static void
drop_demands_of_marked(struct search *search)
{
	struct state *state = top(search);
	for (size_t id = 0; id < state->size; id++) {
		struct criterion *old = state->criteria[id];
		size_t kept = 0;
		for (size_t i = 0; old != NULL && i < old->info_count; i++) {
			const struct node *parent = old->infos[i]->cause.parent;
			kept += parent == NULL || search->marks->data[parent->id] == 0;
		}
		if (old == NULL || kept == old->info_count)
			continue;
		struct criterion *criterion = criterion_new(old->node, kept, old->bad_count);
		for (size_t i = 0; i < old->info_count; i++) {
			struct info *info = old->infos[i];
			if (info->cause.parent != NULL &&
				search->marks->data[info->cause.parent->id] != 0)
				continue;
			info->refs++;
			criterion_take_info(criterion, info);
		}
		criterion_add_bad(criterion, old->bad, old->bad_count);
		criterion->selection = old->selection; /* stays as it was, as in pip */
		criterion->selection.ranges = g_memdup2(old->selection.ranges,
			MAX(old->selection.range_count, 1) * sizeof *old->selection.ranges);
		state_set_criterion(state, criterion);
	}
}

/* After a pin: nodes that were satisfied and are no longer lose their say. */
static void
settle_pin(struct search *search, const GByteArray *satisfied)
{
	const struct state *state = top(search);
	bool any = false;
	clear_marks(search);
	for (size_t id = 0; id < MIN(state->size, satisfied->len); id++) {
		if (satisfied->data[id] == 0 || state->criteria[id] == NULL ||
			state_is_satisfied(state, state->criteria[id]))
			continue;
		search->marks->data[id] = 1;
		any = true;
	}
	if (any)
		drop_demands_of_marked(search);
	push_state(search);
}

static void
report_causes(struct search_result *result, const GPtrArray *causes)
{
	for (guint i = 0; i < causes->len; i++)
		g_array_append_val(result->causes, ((struct info *)causes->pdata[i])->cause);
}

/* After a failed pin: jump back, or give up (TRIAL_CONFLICT). */
static enum trial
recover(struct search *search, const GPtrArray *failed, struct search_result *result,
	GError **error)
{
	g_autoptr(GPtrArray) causes = collect_causes(search, failed);
	enum trial trial = backjump(search, causes, error);
	if (trial == TRIAL_CONFLICT && search->optimistic && search->saved != NULL) {
		roll_back(search);
		return TRIAL_OK;
	}
	if (trial == TRIAL_CONFLICT)
		report_causes(result, causes);
	if (trial == TRIAL_OK)
		state_set_causes(top(search), causes);
	return trial;
}

/* Optimistic jumps get a tenth of the rounds. */
static bool
optimism_is_used_up(const struct search *search, size_t round, size_t rounds, size_t *end)
{
	if (!search->optimistic || search->saved == NULL)
		return false;
	if (*end != 0)
		return round >= *end;
	*end = round + (rounds - round) / 10;
	return *end == round;
}

static void
release_criterion(void *data)
{
	criterion_unref(data);
}

/* One round. TRIAL_CONFLICT: impossible. *done: everything is pinned. */
static enum trial
run_round(struct search *search, struct search_result *result, bool *done, GError **error)
{
	const struct state *state = top(search);
	g_autoptr(GPtrArray) unsatisfied = g_ptr_array_new();
	g_autoptr(GByteArray) satisfied = g_byte_array_new();
	g_byte_array_set_size(satisfied, (guint)state->size);
	memset(satisfied->data, 0, satisfied->len);
	for (size_t id = 0; id < state->size; id++) {
		struct criterion *criterion = state->criteria[id];
		if (criterion == NULL)
			continue;
		if (state_is_satisfied(state, criterion))
			satisfied->data[id] = 1;
		else
			g_ptr_array_add(unsatisfied, criterion);
	}
	*done = unsatisfied->len == 0;
	if (*done)
		return TRIAL_OK;
	struct node *node = choose_node(search, unsatisfied);
	g_autoptr(GPtrArray) failed = g_ptr_array_new_with_free_func(release_criterion);
	enum trial trial = pin_node(search, node, failed, error);
	if (trial == TRIAL_CONFLICT)
		return recover(search, failed, result, error);
	if (trial == TRIAL_OK) {
		if (node->package != NULL)
			package_show(search->universe, node->package, top(search)->order->len);
		settle_pin(search, satisfied);
	}
	return trial;
}

/* The root state: all that the user asks for. */
static enum trial
add_roots(struct search *search, struct search_result *result, GError **error)
{
	const GArray *demands = search->universe->root_demands;
	g_ptr_array_add(search->states, state_new(search->universe->nodes->len));
	for (guint i = 0; i < demands->len; i++) {
		struct cause cause = {
			&g_array_index(demands, struct demand, i),
			NULL,
			CANDIDATE_NONE,
			g_array_index(search->universe->root_of_demand, size_t, i),
		};
		struct criterion *conflict = NULL;
		enum trial trial = try_demands(search, &cause, 1, &conflict, error);
		trial_end(search, true);
		if (trial == TRIAL_CONFLICT) {
			for (size_t n = 0; n < conflict->info_count; n++)
				g_array_append_val(result->causes, conflict->infos[n]->cause);
			criterion_unref(conflict);
		}
		if (trial != TRIAL_OK)
			return trial;
	}
	push_state(search);
	return TRIAL_OK;
}

static enum search_outcome
run(struct search *search, struct search_result *result, GError **error)
{
	const struct resolve_options *options = search->universe->options;
	size_t rounds = options->max_rounds == 0 ? ROUNDS_MAX : options->max_rounds, end = 0;
	enum trial trial = add_roots(search, result, error);
	bool done = false;
	for (size_t round = 0; trial == TRIAL_OK && !done; round++) {
		if (round == rounds || search->effort.demands == 0 ||
			search->universe->given_up >= search->effort.given_up)
			return SEARCH_TOO_LONG;
		if (options->loop != NULL && loop_interrupted(options->loop)) {
			error_set(error, ERROR_INTERRUPTED, "interrupted");
			return SEARCH_ERROR;
		}
		result->rounds = round + 1;
		if (optimism_is_used_up(search, round, rounds, &end))
			roll_back(search);
		else
			trial = run_round(search, result, &done, error);
	}
	if (search->lost)
		return SEARCH_TOO_LONG;
	if (trial != TRIAL_OK)
		return trial == TRIAL_STOP ? SEARCH_ERROR : SEARCH_IMPOSSIBLE;
	g_array_append_vals(result->pins, top(search)->pins, (guint)top(search)->size);
	g_array_append_vals(result->order, top(search)->order->data, top(search)->order->len);
	return SEARCH_FOUND;
}

static void
search_clear(struct search *search)
{
	trial_end(search, false);
	g_free(search->changed);
	g_array_unref(search->changed_ids);
	g_array_unref(search->conflicts);
	g_byte_array_unref(search->marks);
	g_hash_table_unref(search->rejections);
	g_ptr_array_unref(search->states);
	g_clear_pointer(&search->saved, g_ptr_array_unref);
}

enum search_outcome
search_run(Universe *universe, const struct search_effort *effort, struct search_result *result,
	GError **error)
{
	for (;;) {
		struct search search = {
			.universe = universe,
			.states = g_ptr_array_new_with_free_func(state_free),
			.changed_ids = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
			.conflicts = g_array_new(FALSE, TRUE, sizeof(unsigned)),
			.marks = g_byte_array_new(),
			.rejections = g_hash_table_new(NULL, NULL),
			.optimistic = true,
			.effort = *effort,
		};
		*result = (struct search_result){
			.pins = g_array_new(FALSE, FALSE, sizeof(candidate_id)),
			.order = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
			.causes = g_array_new(FALSE, FALSE, sizeof(struct cause)),
		};
		uint64_t generation = universe->generation;
		g_autoptr(GError) problem = NULL;
		enum search_outcome outcome = run(&search, result, &problem);
		search_clear(&search);
		if (outcome != SEARCH_ERROR)
			return outcome;
		search_result_clear(result);
		/* A candidate turned out to be none: pip would never have seen it. */
		if (problem == NULL && universe->generation != generation)
			continue;
		g_assert(problem != NULL);
		g_propagate_error(error, g_steal_pointer(&problem));
		return outcome;
	}
}

void
search_result_clear(struct search_result *result)
{
	g_clear_pointer(&result->pins, g_array_unref);
	g_clear_pointer(&result->order, g_array_unref);
	g_clear_pointer(&result->causes, g_array_unref);
}
