/* SPDX-License-Identifier: MIT */
/* PubGrub (Natalie Weizenbaum, 2018), over finite domains.
 *
 * Each node has a *domain*: the versions it may still take, and "not selected". An
 * *incompatibility* is a list of *terms* (node, set) that cannot all hold. Known incompatibilities
 * narrow domains (*unit propagation*: if all terms but one hold, the last one must not). When
 * nothing follows any more, a node that must be selected is *decided*, and the dependencies of
 * that version become incompatibilities. When all terms of one hold, there is a *conflict*: it is
 * resolved with what caused it until the result would have forbidden something earlier; there the
 * solver goes back to, one incompatibility the wiser. The empty incompatibility proves that there
 * is no solution.
 *
 * Most incompatibilities have nothing to say most of the time, so each is looked at only when one
 * of two of its terms (*watched* ones, which did not hold when they were chosen) comes to hold: as
 * long as two terms don't, nothing follows from it.
 *
 * Invariants: a domain is never empty; the trail holds every narrowing in order with its cause and
 * the domain before it; levels count decisions. "Not selected" being an element of the domain,
 * terms need no sign: a dependency a@S -> b@T is the incompatibility { a in S, b not in T }.
 * Resolving (x in A, …) with (x in B, …) gives (x in A or B, …): if that is everything, the term
 * goes. */
#include "resolver/pubgrub.h"

#include <string.h>

enum {
	NO_CAUSE = -1,
	SETTLED_STEPS = 64, /* that hold for good, between two times of tidying up */
};

struct step { /* one narrowing of a domain */
	uint32_t node;
	int64_t cause; /* an incompatibility, or NO_CAUSE: a decision */
	size_t level;
	size_t previous; /* step on the same node, + 1; 0: none */
	pubgrub_word *before;
};

struct variable {
	size_t bits, words; /* 0: not met yet */
	pubgrub_word *domain;
	pubgrub_word *asked; /* versions whose dependencies are known */
	size_t decided;	     /* bit, or PUBGRUB_ABSENT */
	size_t latest;	     /* step, + 1; 0: none */
	GArray *watchers;    /* int64_t: incompatibilities with a watched term on it */
	bool queued;
};

struct Pubgrub {
	struct pubgrub_provider provider;
	GPtrArray *variables; /* struct variable, by node */
	GPtrArray *incompatibilities;
	GHashTable *known; /* the dependencies among them: struct pubgrub_incompatibility -> itself,
			      by who demands what */
	GArray *trail;	   /* struct step */
	GArray *queue;	   /* uint32_t: nodes whose domain has changed */
	GArray *needed;	   /* uint32_t: nodes that have been met, in that order */
	size_t level;
	size_t settled; /* steps of level 0 when watchers were last tidied up */
	int64_t failure;
};

static void
incompatibility_free(void *data)
{
	struct pubgrub_incompatibility *incompatibility = data;
	for (size_t i = 0; i < incompatibility->count; i++)
		g_free(incompatibility->terms[i].set);
	g_free(incompatibility->terms);
	g_free(incompatibility);
}

static void
variable_free(void *data)
{
	struct variable *variable = data;
	if (variable == NULL)
		return;
	g_free(variable->domain);
	g_free(variable->asked);
	g_array_unref(variable->watchers);
	g_free(variable);
}

static void
step_clear(void *data)
{
	g_free(((struct step *)data)->before);
}

/* Of a dependency the terms are its dependants and what they exclude; the latter goes if it is
 * everything. */
static unsigned
hash_dependency(const void *key)
{
	const struct pubgrub_incompatibility *dependency = key;
	uint64_t hash = dependency->dependant;
	for (size_t i = 0; i < dependency->count; i++) {
		const struct pubgrub_term *term = &dependency->terms[i];
		if (term->node == dependency->dependant)
			continue;
		hash = hash * 0x9e3779b97f4a7c15u + term->node;
		for (size_t w = 0; w < term->words; w++)
			hash = (hash ^ term->set[w]) * 0x9e3779b97f4a7c15u;
	}
	return (unsigned)(hash >> 32);
}

static int
same_dependency(const void *a, const void *b)
{
	const struct pubgrub_incompatibility *x = a, *y = b;
	if (x->dependant != y->dependant || x->count != 2 || y->count != 2)
		return false;
	const struct pubgrub_term *s = &x->terms[1], *t = &y->terms[1];
	return s->node == t->node && x->terms[0].node == y->terms[0].node &&
	       memcmp(s->set, t->set, s->words * sizeof *s->set) == 0;
}

Pubgrub *
pubgrub_new(const struct pubgrub_provider *provider)
{
	Pubgrub *pubgrub = g_new0(Pubgrub, 1);
	pubgrub->provider = *provider;
	pubgrub->variables = g_ptr_array_new_with_free_func(variable_free);
	pubgrub->incompatibilities = g_ptr_array_new_with_free_func(incompatibility_free);
	pubgrub->known = g_hash_table_new(hash_dependency, same_dependency);
	pubgrub->trail = g_array_new(FALSE, FALSE, sizeof(struct step));
	g_array_set_clear_func(pubgrub->trail, step_clear);
	pubgrub->queue = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	pubgrub->needed = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	pubgrub->failure = NO_CAUSE;
	return pubgrub;
}

void
pubgrub_free(Pubgrub *pubgrub)
{
	if (pubgrub == NULL)
		return;
	g_array_unref(pubgrub->needed);
	g_array_unref(pubgrub->queue);
	g_array_unref(pubgrub->trail);
	g_hash_table_unref(pubgrub->known);
	g_ptr_array_unref(pubgrub->incompatibilities);
	g_ptr_array_unref(pubgrub->variables);
	g_free(pubgrub);
}

/* --- sets ------------------------------------------------------------------------------------- */

static pubgrub_word *
set_copy(const pubgrub_word *set, size_t words)
{
	return g_memdup2(set, words * sizeof *set);
}

static bool
set_is_subset(const pubgrub_word *a, const pubgrub_word *b, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if ((a[i] & ~b[i]) != 0)
			return false;
	return true;
}

static bool
set_is_disjoint(const pubgrub_word *a, const pubgrub_word *b, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if ((a[i] & b[i]) != 0)
			return false;
	return true;
}

/* All bits of a domain. */
static pubgrub_word *
set_full(size_t bits)
{
	size_t words = PUBGRUB_WORDS(bits);
	pubgrub_word *set = g_new(pubgrub_word, words);
	memset(set, 0xff, words * sizeof *set);
	if (bits % PUBGRUB_WORD != 0)
		set[words - 1] = ((pubgrub_word)1 << (bits % PUBGRUB_WORD)) - 1;
	return set;
}

static bool
set_is_full(const pubgrub_word *set, size_t bits)
{
	size_t whole = bits / PUBGRUB_WORD, rest = bits % PUBGRUB_WORD;
	for (size_t i = 0; i < whole; i++)
		if (set[i] != ~(pubgrub_word)0)
			return false;
	return rest == 0 || set[whole] == ((pubgrub_word)1 << rest) - 1;
}

static struct variable *
variable(const Pubgrub *pubgrub, uint32_t node)
{
	return node < pubgrub->variables->len ? pubgrub->variables->pdata[node] : NULL;
}

static struct variable *
meet(Pubgrub *pubgrub, uint32_t node, GError **error)
{
	if (variable(pubgrub, node) != NULL)
		return variable(pubgrub, node);
	size_t bits = pubgrub->provider.size(pubgrub->provider.user, node, error);
	if (bits == 0)
		return NULL;
	if (node >= pubgrub->variables->len)
		g_ptr_array_set_size(pubgrub->variables, (gint)node + 1);
	struct variable *new_one = g_new0(struct variable, 1);
	new_one->bits = bits;
	new_one->words = PUBGRUB_WORDS(bits);
	new_one->domain = set_full(bits);
	new_one->asked = g_new0(pubgrub_word, new_one->words);
	new_one->watchers = g_array_new(FALSE, FALSE, sizeof(int64_t));
	pubgrub->variables->pdata[node] = new_one;
	g_array_append_val(pubgrub->needed, node);
	return new_one;
}

/* --- incompatibilities ------------------------------------------------------------------------ */

static struct pubgrub_incompatibility *
incompatibility_new(size_t terms)
{
	struct pubgrub_incompatibility *incompatibility = g_new0(struct pubgrub_incompatibility, 1);
	incompatibility->terms = g_new0(struct pubgrub_term, terms);
	incompatibility->left = incompatibility->right = NO_CAUSE;
	return incompatibility;
}

/* Adds a term, owned; one on the same node narrows the other. Those that always hold go. */
static void
add_term(const Pubgrub *pubgrub, struct pubgrub_incompatibility *incompatibility, uint32_t node,
	pubgrub_word *set)
{
	const struct variable *var = variable(pubgrub, node);
	if (set_is_full(set, var->bits)) {
		g_free(set);
		return;
	}
	for (size_t i = 0; i < incompatibility->count; i++) {
		if (incompatibility->terms[i].node != node)
			continue;
		for (size_t w = 0; w < var->words; w++)
			incompatibility->terms[i].set[w] &= set[w];
		g_free(set);
		return;
	}
	incompatibility->terms[incompatibility->count++] =
		(struct pubgrub_term){node, var->words, set};
}

static int64_t
register_incompatibility(Pubgrub *pubgrub, struct pubgrub_incompatibility *incompatibility)
{
	g_ptr_array_add(pubgrub->incompatibilities, incompatibility);
	return (int64_t)pubgrub->incompatibilities->len - 1;
}

/* The two terms may be the same one. */
static void
watch(Pubgrub *pubgrub, int64_t id, size_t first, size_t second)
{
	struct pubgrub_incompatibility *incompatibility = pubgrub->incompatibilities->pdata[id];
	const size_t terms[2] = {first, second};
	for (int i = 0; i < 2; i++) {
		incompatibility->watched[i] = terms[i];
		if (i == 0 || first != second)
			g_array_append_val(
				variable(pubgrub, incompatibility->terms[terms[i]].node)->watchers,
				id);
	}
}

const struct pubgrub_incompatibility *
pubgrub_get(const Pubgrub *pubgrub, int64_t id)
{
	return pubgrub->incompatibilities->pdata[id];
}

static void
enqueue(Pubgrub *pubgrub, uint32_t node)
{
	struct variable *var = variable(pubgrub, node);
	if (var->queued)
		return;
	var->queued = true;
	g_array_append_val(pubgrub->queue, node);
}

/* --- narrowing -------------------------------------------------------------------------------- */

static void
narrow(Pubgrub *pubgrub, uint32_t node, const pubgrub_word *keep_out, int64_t cause)
{
	struct variable *var = variable(pubgrub, node);
	struct step step = {
		node, cause, pubgrub->level, var->latest, set_copy(var->domain, var->words)};
	for (size_t i = 0; i < var->words; i++)
		var->domain[i] &= ~keep_out[i];
	g_array_append_val(pubgrub->trail, step);
	var->latest = pubgrub->trail->len;
	enqueue(pubgrub, node);
}

static void
decide(Pubgrub *pubgrub, uint32_t node, size_t bit)
{
	struct variable *var = variable(pubgrub, node);
	g_autofree pubgrub_word *others = set_full(var->bits);
	others[bit / PUBGRUB_WORD] &= ~((pubgrub_word)1 << (bit % PUBGRUB_WORD));
	pubgrub->level++;
	narrow(pubgrub, node, others, NO_CAUSE);
	var->decided = bit;
}

static void
go_back(Pubgrub *pubgrub, size_t level)
{
	while (pubgrub->trail->len > 0) {
		guint last = pubgrub->trail->len - 1;
		struct step *step = &g_array_index(pubgrub->trail, struct step, last);
		if (step->level <= level)
			break;
		struct variable *var = variable(pubgrub, step->node);
		memcpy(var->domain, step->before, var->words * sizeof *var->domain);
		var->latest = step->previous;
		if (step->cause == NO_CAUSE)
			var->decided = PUBGRUB_ABSENT;
		g_array_set_size(pubgrub->trail, last);
	}
	pubgrub->level = level;
}

static bool
term_holds(const Pubgrub *pubgrub, const struct pubgrub_term *term)
{
	const struct variable *var = variable(pubgrub, term->node);
	return set_is_subset(var->domain, term->set, var->words);
}

/* A term that does not hold and is not watched; false: there is none. */
static bool
find_open(const Pubgrub *pubgrub, const struct pubgrub_incompatibility *incompatibility,
	size_t *found)
{
	for (size_t i = 0; i < incompatibility->count; i++) {
		if (i == incompatibility->watched[0] || i == incompatibility->watched[1] ||
			term_holds(pubgrub, &incompatibility->terms[i]))
			continue;
		*found = i;
		return true;
	}
	return false;
}

enum consequence { NOTHING, MOVED, VIOLATED };

/* What follows from an incompatibility now that the domain of `node` has changed. */
static enum consequence
apply(Pubgrub *pubgrub, uint32_t node, int64_t id)
{
	struct pubgrub_incompatibility *incompatibility = pubgrub->incompatibilities->pdata[id];
	size_t *watched = incompatibility->watched, open = 0;
	int mine = incompatibility->terms[watched[0]].node == node ? 0 : 1;
	if (!term_holds(pubgrub, &incompatibility->terms[watched[mine]]))
		return NOTHING;
	if (find_open(pubgrub, incompatibility, &open)) {
		watched[mine] = open;
		g_array_append_val(
			variable(pubgrub, incompatibility->terms[open].node)->watchers, id);
		return MOVED;
	}
	const struct pubgrub_term *last = &incompatibility->terms[watched[1 - mine]];
	if (term_holds(pubgrub, last))
		return VIOLATED;
	const struct variable *var = variable(pubgrub, last->node);
	if (!set_is_disjoint(var->domain, last->set, var->words))
		narrow(pubgrub, last->node, last->set, id);
	return NOTHING;
}

/* Narrows all that can be narrowed. Returns a violated incompatibility, or NO_CAUSE. */
static int64_t
propagate(Pubgrub *pubgrub)
{
	int64_t conflict = NO_CAUSE;
	while (pubgrub->queue->len > 0 && conflict == NO_CAUSE) {
		guint last = pubgrub->queue->len - 1;
		uint32_t node = g_array_index(pubgrub->queue, uint32_t, last);
		g_array_set_size(pubgrub->queue, last);
		struct variable *var = variable(pubgrub, node);
		var->queued = false;
		for (guint i = var->watchers->len; i-- > 0 && conflict == NO_CAUSE;) {
			int64_t id = g_array_index(var->watchers, int64_t, i);
			enum consequence consequence = apply(pubgrub, node, id);
			if (consequence == VIOLATED)
				conflict = id;
			else if (consequence == MOVED)
				g_array_remove_index_fast(var->watchers, i);
		}
	}
	if (conflict == NO_CAUSE)
		return conflict;
	for (guint i = 0; i < pubgrub->queue->len; i++)
		variable(pubgrub, g_array_index(pubgrub->queue, uint32_t, i))->queued = false;
	g_array_set_size(pubgrub->queue, 0);
	return conflict;
}

/* --- conflicts -------------------------------------------------------------------------------- */

/* The index of the step after which a term that holds began to hold. */
static size_t
satisfier(const Pubgrub *pubgrub, const struct pubgrub_term *term)
{
	const struct variable *var = variable(pubgrub, term->node);
	const pubgrub_word *after = var->domain;
	size_t found = 0;
	for (size_t next = var->latest; next > 0;) {
		if (!set_is_subset(after, term->set, var->words))
			break;
		found = next - 1;
		const struct step *step = &g_array_index(pubgrub->trail, struct step, found);
		after = step->before;
		next = step->previous;
	}
	return found;
}

/* What follows from two incompatibilities that both have a term on `node`. */
static int64_t
resolve_on(Pubgrub *pubgrub, uint32_t node, int64_t left, int64_t right)
{
	const struct pubgrub_incompatibility *both[2] = {
		pubgrub_get(pubgrub, left), pubgrub_get(pubgrub, right)};
	struct pubgrub_incompatibility *result =
		incompatibility_new(both[0]->count + both[1]->count);
	const struct variable *var = variable(pubgrub, node);
	pubgrub_word *joined = g_new0(pubgrub_word, var->words);
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < both[side]->count; i++) {
			const struct pubgrub_term *term = &both[side]->terms[i];
			if (term->node == node)
				for (size_t w = 0; w < var->words; w++)
					joined[w] |= term->set[w];
			else
				add_term(pubgrub, result, term->node,
					set_copy(term->set, variable(pubgrub, term->node)->words));
		}
	add_term(pubgrub, result, node, joined);
	result->left = left;
	result->right = right;
	return register_incompatibility(pubgrub, result);
}

/* The two terms of a violated incompatibility that began to hold last. */
struct latest {
	size_t terms[2]; /* the same one if there is no other */
	size_t steps[2];
};

static struct latest
find_latest(const Pubgrub *pubgrub, const struct pubgrub_incompatibility *incompatibility)
{
	struct latest latest = {0};
	for (size_t i = 0; i < incompatibility->count; i++) {
		size_t step = satisfier(pubgrub, &incompatibility->terms[i]);
		if (i == 0 || step > latest.steps[0]) {
			latest.terms[1] = latest.terms[0];
			latest.steps[1] = latest.steps[0];
			latest.terms[0] = i;
			latest.steps[0] = step;
		} else if (i == 1 || step > latest.steps[1]) {
			latest.terms[1] = i;
			latest.steps[1] = step;
		}
	}
	return latest;
}

static const struct step *
step_at(const Pubgrub *pubgrub, size_t index)
{
	return &g_array_index(pubgrub->trail, struct step, index);
}

/* Learns from a conflict, goes back and draws the conclusion. false: there is no solution. */
static bool
learn(Pubgrub *pubgrub, int64_t conflict)
{
	for (bool learnt = false;; learnt = true) {
		const struct pubgrub_incompatibility *incompatibility =
			pubgrub_get(pubgrub, conflict);
		if (incompatibility->count == 0) {
			pubgrub->failure = conflict;
			return false;
		}
		struct latest latest = find_latest(pubgrub, incompatibility);
		const struct pubgrub_term *term = &incompatibility->terms[latest.terms[0]];
		const struct step *step = step_at(pubgrub, latest.steps[0]);
		size_t other_level =
			incompatibility->count == 1 ? 0 : step_at(pubgrub, latest.steps[1])->level;
		if (step->level > other_level) {
			go_back(pubgrub, other_level);
			if (learnt)
				watch(pubgrub, conflict, latest.terms[0], latest.terms[1]);
			narrow(pubgrub, term->node, term->set, conflict);
			return true;
		}
		conflict = resolve_on(pubgrub, term->node, conflict, step->cause);
	}
}

static bool
is_settled(const Pubgrub *pubgrub, const struct pubgrub_incompatibility *incompatibility)
{
	for (size_t i = 0; i < incompatibility->count; i++) {
		const struct pubgrub_term *term = &incompatibility->terms[i];
		const struct variable *var = variable(pubgrub, term->node);
		if (set_is_disjoint(var->domain, term->set, var->words))
			return true;
	}
	return false;
}

/* Tells the provider which earlier decisions the last one runs against. The level to which to go
 * back for a better order of decisions; SIZE_MAX: the order is fine. */
static size_t
blame(Pubgrub *pubgrub, uint32_t rejected, int64_t conflict)
{
	const struct pubgrub_incompatibility *incompatibility = pubgrub_get(pubgrub, conflict);
	const struct pubgrub_provider *provider = &pubgrub->provider;
	size_t level = SIZE_MAX;
	for (size_t i = 0; provider->conflict != NULL && i < incompatibility->count; i++) {
		uint32_t culprit = incompatibility->terms[i].node;
		const struct variable *var = variable(pubgrub, culprit);
		if (culprit == rejected || var->decided == PUBGRUB_ABSENT ||
			!provider->conflict(provider->user, rejected, culprit))
			continue;
		size_t next = var->latest;
		while (step_at(pubgrub, next - 1)->cause != NO_CAUSE)
			next = step_at(pubgrub, next - 1)->previous;
		level = MIN(level, step_at(pubgrub, next - 1)->level - 1);
	}
	return level;
}

/* What can never follow from anything any more needs no watching: incompatibilities with a term
 * that does not hold whatever is decided. Called at level 0. */
static void
forget_settled(Pubgrub *pubgrub)
{
	for (guint node = 0; node < pubgrub->variables->len; node++) {
		struct variable *var = variable(pubgrub, node);
		guint kept = 0;
		for (guint i = 0; var != NULL && i < var->watchers->len; i++) {
			int64_t id = g_array_index(var->watchers, int64_t, i);
			const struct pubgrub_incompatibility *watched = pubgrub_get(pubgrub, id);
			if (!is_settled(pubgrub, watched))
				g_array_index(var->watchers, int64_t, kept++) = id;
			else if (g_hash_table_lookup(pubgrub->known, watched) == watched)
				g_hash_table_remove(pubgrub->known, watched); /* no more growing */
		}
		if (var != NULL)
			g_array_set_size(var->watchers, kept);
	}
	pubgrub->settled = pubgrub->trail->len;
}

/* --- solving ---------------------------------------------------------------------------------- */

/* Versions that demand the same share an incompatibility. It grows by the version that is being
 * decided: that decision makes everybody who watches it look. true: the new one is gone. */
static bool
merge_dependency(Pubgrub *pubgrub, struct pubgrub_incompatibility *dependency)
{
	struct pubgrub_incompatibility *known = g_hash_table_lookup(pubgrub->known, dependency);
	if (known == NULL) {
		g_hash_table_add(pubgrub->known, dependency);
		return false;
	}
	for (size_t w = 0; w < known->terms[0].words; w++)
		known->terms[0].set[w] |= dependency->terms[0].set[w];
	incompatibility_free(dependency);
	return true;
}

static bool
add_dependencies(Pubgrub *pubgrub, uint32_t node, size_t bit, GError **error)
{
	pubgrub_word *asked = variable(pubgrub, node)->asked;
	if (pubgrub_has(asked, bit))
		return true;
	pubgrub_add(asked, bit);
	g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(struct pubgrub_dependency));
	bool ok = pubgrub->provider.dependencies(pubgrub->provider.user, node, bit, list, error);
	for (guint i = 0; i < list->len; i++) {
		struct pubgrub_dependency *dependency =
			&g_array_index(list, struct pubgrub_dependency, i);
		struct variable *var = ok && meet(pubgrub, dependency->dependant, error) != NULL
					       ? meet(pubgrub, dependency->node, error)
					       : NULL;
		ok = var != NULL;
		if (!ok) {
			g_free(dependency->allowed);
			g_free(dependency->dependants);
			continue;
		}
		struct pubgrub_incompatibility *incompatibility = incompatibility_new(2);
		incompatibility->why = dependency->why;
		incompatibility->dependant = dependency->dependant;
		g_autofree pubgrub_word *full = set_full(var->bits);
		for (size_t w = 0; w < var->words; w++)
			dependency->allowed[w] = full[w] & ~dependency->allowed[w];
		add_term(pubgrub, incompatibility, dependency->dependant, dependency->dependants);
		add_term(pubgrub, incompatibility, dependency->node, dependency->allowed);
		if (merge_dependency(pubgrub, incompatibility))
			continue;
		watch(pubgrub, register_incompatibility(pubgrub, incompatibility), 0,
			incompatibility->count - 1);
		if (dependency->dependant != node) /* may follow from what is decided already */
			enqueue(pubgrub, dependency->dependant);
	}
	return ok;
}

/* The node to decide next: it must be selected, and is the one preferred. */
static bool
pick(const Pubgrub *pubgrub, uint32_t *node)
{
	bool found = false;
	for (guint i = 0; i < pubgrub->needed->len; i++) {
		uint32_t id = g_array_index(pubgrub->needed, uint32_t, i);
		const struct variable *var = variable(pubgrub, id);
		if (var->decided != PUBGRUB_ABSENT || pubgrub_has(var->domain, PUBGRUB_ABSENT))
			continue;
		if (found && !pubgrub->provider.before(pubgrub->provider.user, id, *node))
			continue;
		*node = id;
		found = true;
	}
	return found;
}

enum pubgrub_outcome
pubgrub_solve(Pubgrub *pubgrub, uint32_t root, size_t steps, GError **error)
{
	struct variable *var = meet(pubgrub, root, error);
	if (var == NULL)
		return PUBGRUB_ERROR;
	pubgrub_word unselected = (pubgrub_word)1 << PUBGRUB_ABSENT;
	struct pubgrub_incompatibility *wanted = incompatibility_new(1);
	add_term(pubgrub, wanted, root, set_copy(&unselected, 1));
	narrow(pubgrub, root, &unselected, register_incompatibility(pubgrub, wanted));
	uint32_t node = root;
	for (size_t step = 0;; step++) {
		if (step == steps)
			return PUBGRUB_TOO_LONG;
		if (pubgrub->provider.go_on != NULL &&
			!pubgrub->provider.go_on(pubgrub->provider.user, error))
			return PUBGRUB_ERROR;
		int64_t conflict = propagate(pubgrub);
		if (conflict != NO_CAUSE) {
			size_t level = blame(pubgrub, node, conflict);
			if (!learn(pubgrub, conflict))
				return PUBGRUB_IMPOSSIBLE;
			if (level < pubgrub->level)
				go_back(pubgrub, level);
			if (pubgrub->level == 0 &&
				pubgrub->trail->len - pubgrub->settled >= SETTLED_STEPS)
				forget_settled(pubgrub);
			continue;
		}
		if (!pick(pubgrub, &node))
			return PUBGRUB_SOLVED;
		size_t bit = pubgrub->provider.choose(
			pubgrub->provider.user, node, variable(pubgrub, node)->domain);
		if (!add_dependencies(pubgrub, node, bit, error))
			return PUBGRUB_ERROR;
		decide(pubgrub, node, bit);
	}
}

size_t
pubgrub_level(const Pubgrub *pubgrub)
{
	return pubgrub->level;
}

size_t
pubgrub_decision(const Pubgrub *pubgrub, uint32_t node)
{
	const struct variable *var = variable(pubgrub, node);
	return var == NULL ? PUBGRUB_ABSENT : var->decided;
}

int64_t
pubgrub_failure(const Pubgrub *pubgrub)
{
	return pubgrub->failure;
}

size_t
pubgrub_domain_size(const Pubgrub *pubgrub, uint32_t node)
{
	const struct variable *var = variable(pubgrub, node);
	return var == NULL ? 0 : var->bits;
}

const pubgrub_word *
pubgrub_domain(const Pubgrub *pubgrub, uint32_t node)
{
	const struct variable *var = variable(pubgrub, node);
	return var == NULL ? NULL : var->domain;
}
