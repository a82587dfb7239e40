/* SPDX-License-Identifier: MIT */
/* Criteria are immutable but for caches, and counted: states share them. */
#include "resolver/criterion.h"

#include <string.h>

/* --- criteria --------------------------------------------------------------------------------- */

static void
info_unref(struct info *info)
{
	if (--info->refs == 0)
		g_free(info);
}

void
info_destroy(void *data)
{
	info_unref(data);
}

struct criterion *
criterion_new(struct node *node, size_t infos, size_t bad)
{
	struct criterion *criterion = g_new0(struct criterion, 1);
	criterion->refs = 1;
	criterion->node = node;
	criterion->infos = g_new(struct info *, infos);
	criterion->bad = bad == 0 ? NULL : g_new(candidate_id, bad);
	criterion->checked = CANDIDATE_NONE;
	return criterion;
}

void
criterion_unref(struct criterion *criterion)
{
	if (criterion == NULL || --criterion->refs > 0)
		return;
	for (size_t i = 0; i < criterion->info_count; i++)
		info_unref(criterion->infos[i]);
	g_free(criterion->infos);
	g_free(criterion->bad);
	selection_clear(&criterion->selection);
	g_free(criterion);
}

struct info *
info_new(const struct cause *cause)
{
	struct info *info = g_new0(struct info, 1);
	info->refs = 1;
	info->cause = *cause;
	return info;
}

/* The criterion takes over one reference to the info. */
void
criterion_take_info(struct criterion *criterion, struct info *info)
{
	const struct demand *demand = info->cause.demand;
	criterion->infos[criterion->info_count++] = info;
	criterion->direct |= demand->kind == DEMAND_EXACT;
	if (demand->kind != DEMAND_RANGE)
		return;
	criterion->pinned |= demand->range->pinned;
	criterion->upper_bounded |= demand->range->upper_bounded;
	criterion->operators |= !demand->range->free;
}

static bool
criterion_has_bad(const struct criterion *criterion, candidate_id candidate)
{
	for (size_t i = 0; i < criterion->bad_count; i++)
		if (criterion->bad[i] == candidate)
			return true;
	return false;
}

void
criterion_add_bad(struct criterion *criterion, const candidate_id *bad, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!criterion_has_bad(criterion, bad[i]))
			criterion->bad[criterion->bad_count++] = bad[i];
}

/* Works out the candidates; base: the criterion of the node without extras, or NULL. */
bool
criterion_select(Universe *universe, struct criterion *criterion, const struct criterion *base,
	GError **error)
{
	size_t base_count = base == NULL ? 0 : base->info_count;
	g_autofree const struct demand **own = g_new(const struct demand *, criterion->info_count);
	g_autofree const struct demand **others = g_new(const struct demand *, base_count + 1);
	for (size_t i = 0; i < criterion->info_count; i++)
		own[i] = criterion->infos[i]->cause.demand;
	for (size_t i = 0; i < base_count; i++)
		others[i] = base->infos[i]->cause.demand;
	struct selection_demands demands = {own, criterion->info_count, others, base_count};
	return selection_make(universe, criterion->node, &demands, criterion->bad,
		criterion->bad_count, &criterion->selection, error);
}

/* Remembers for whose sake a candidate comes into view first. */
void
criterion_note_template(const struct criterion *criterion, candidate_id candidate)
{
	struct package *package = criterion->node->package;
	if (package == NULL || candidate == CANDIDATE_NONE)
		return;
	for (size_t i = 0; i < criterion->info_count; i++) {
		const struct cause *cause = &criterion->infos[i]->cause;
		if (cause->demand->kind != DEMAND_RANGE && candidate < CANDIDATE_DIRECT)
			continue;
		struct template template = {
			cause->demand, cause->parent, cause->parent_candidate, cause->root};
		package_set_template(package, candidate, &template);
		return;
	}
}

/* --- states ----------------------------------------------------------------------------------- */

void
state_free(void *data)
{
	struct state *state = data;
	for (size_t i = 0; i < state->size; i++)
		criterion_unref(state->criteria[i]);
	g_free(state->criteria);
	g_free(state->pins);
	g_array_unref(state->order);
	g_ptr_array_unref(state->causes);
	g_free(state);
}

static void
state_grow(struct state *state, size_t size)
{
	if (size <= state->size)
		return;
	state->criteria = g_renew(struct criterion *, state->criteria, size);
	state->pins = g_renew(candidate_id, state->pins, size);
	for (size_t i = state->size; i < size; i++) {
		state->criteria[i] = NULL;
		state->pins[i] = CANDIDATE_NONE;
	}
	state->size = size;
}

struct state *
state_new(size_t size)
{
	struct state *state = g_new0(struct state, 1);
	state_grow(state, size);
	state->order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	state->causes = g_ptr_array_new_with_free_func(info_destroy);
	return state;
}

void
state_set_causes(struct state *state, const GPtrArray *causes)
{
	GPtrArray *copy = g_ptr_array_new_with_free_func(info_destroy);
	for (guint i = 0; i < causes->len; i++) {
		struct info *info = causes->pdata[i];
		info->refs++;
		g_ptr_array_add(copy, info);
	}
	g_ptr_array_unref(state->causes);
	state->causes = copy;
}

struct state *
state_copy(const struct state *from)
{
	struct state *state = state_new(from->size);
	for (size_t i = 0; i < from->size; i++) {
		state->criteria[i] = from->criteria[i];
		if (state->criteria[i] != NULL)
			state->criteria[i]->refs++;
	}
	memcpy(state->pins, from->pins, from->size * sizeof *from->pins);
	g_array_append_vals(state->order, from->order->data, from->order->len);
	state_set_causes(state, from->causes);
	return state;
}

struct criterion *
state_criterion(const struct state *state, const struct node *node)
{
	return node->id < state->size ? state->criteria[node->id] : NULL;
}

candidate_id
state_pin(const struct state *state, const struct node *node)
{
	return node->id < state->size ? state->pins[node->id] : CANDIDATE_NONE;
}

/* Takes over the reference. */
void
state_set_criterion(struct state *state, struct criterion *criterion)
{
	state_grow(state, criterion->node->id + 1);
	criterion_unref(state->criteria[criterion->node->id]);
	state->criteria[criterion->node->id] = criterion;
}

/* A pin goes to the end: backtracking takes the last one. */
void
state_set_pin(struct state *state, const struct node *node, candidate_id candidate)
{
	state_grow(state, node->id + 1);
	if (state->pins[node->id] != CANDIDATE_NONE)
		for (guint i = 0; i < state->order->len; i++)
			if (g_array_index(state->order, uint32_t, i) == node->id) {
				g_array_remove_index(state->order, i);
				break;
			}
	state->pins[node->id] = candidate;
	g_array_append_val(state->order, node->id);
}

bool
state_is_satisfied(const struct state *state, struct criterion *criterion)
{
	candidate_id pin = state_pin(state, criterion->node);
	if (pin == CANDIDATE_NONE)
		return false;
	if (criterion->checked != pin) {
		bool ok = true;
		for (size_t i = 0; i < criterion->info_count && ok; i++)
			ok = demand_has(criterion->infos[i]->cause.demand, pin);
		criterion->checked = pin;
		criterion->checked_ok = ok;
	}
	return criterion->checked_ok;
}
