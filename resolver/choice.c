/* SPDX-License-Identifier: MIT */
/* What PubGrub decides next, and for which version: as pip would, newest first. But newest first
 * goes wrong where one package's newest version excludes most of another's: the other then falls
 * and falls. After some rejections it has the first say (as in uv). */
#include "resolver/provider.h"

#include <string.h>

enum { CONFLICTS_MAX = 5 };

size_t
choice_version(void *user, uint32_t number, const pubgrub_word *domain)
{
	struct solver *solver = user;
	const struct node *node = provider_node(solver->universe, number);
	size_t bits = provider_bits(node), best = 0;
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
		candidate_id id = provider_candidate(node, bit);
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
	if (installed && (best == 0 || version_compare(package->installed_version,
					       package_version(package,
						       provider_candidate(node, best))) >= 0))
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
	return provider_traits(solver, base_of(node)->id + 1)->turn;
}

/* 0: an extra whose base has a version, and so has no choice; 2: one whose base has none yet. */
static int
extra_class(const struct solver *solver, const struct node *node)
{
	if (node->base == NULL)
		return 1;
	return pubgrub_decision(solver->pubgrub, node->base->id + 1) != PUBGRUB_ABSENT ? 0 : 2;
}

bool
choice_before(void *user, uint32_t a, uint32_t b)
{
	struct solver *solver = user;
	const struct node *x = provider_node(solver->universe, a),
			  *y = provider_node(solver->universe, b);
	if (x == NULL || y == NULL)
		return x == NULL;
	int class[2] = {extra_class(solver, x), extra_class(solver, y)};
	if (class[0] != class[1])
		return class[0] < class[1];
	const struct traits s = *provider_traits(solver, a), t = *provider_traits(solver, b);
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

bool
choice_conflict(void *user, uint32_t rejected, uint32_t culprit)
{
	struct solver *solver = user;
	const struct node *loser = base_of(provider_node(solver->universe, rejected)),
			  *winner = base_of(provider_node(solver->universe, culprit));
	if (loser == NULL || winner == NULL || loser == winner || loser->package == NULL ||
		winner->package == NULL)
		return false;
	struct traits *traits = provider_traits(solver, loser->id + 1);
	if (++traits->rejected >= CONFLICTS_MAX) {
		traits->rejected = 0;
		traits->turn = TURN_EARLY;
	}
	traits = provider_traits(solver, winner->id + 1);
	if (++traits->blamed < CONFLICTS_MAX)
		return false;
	traits->blamed = 0;
	if (traits->turn != TURN_USUAL)
		return false;
	traits->turn = TURN_LATE;
	return true;
}
