/* SPDX-License-Identifier: MIT */
/* resolver/pubgrub.h against a provider made of tables, and against brute force. */
#include "resolver/pubgrub.h"

#include <string.h>

enum { NODES = 7, VERSIONS = 4, EDGES = 64 };

/* Version v (a bit) of a node needs one of the bits `allowed` of another; bit 0: or none at all. */
struct edge {
	uint32_t from, to;
	size_t version;
	pubgrub_word allowed;
};

struct problem {
	struct edge edges[EDGES];
	size_t count;
	unsigned conflicts;
};

static size_t
size_of(void *user, uint32_t node, GError **error)
{
	(void)user;
	(void)error;
	return node == 0 ? 2 : 1 + VERSIONS;
}

static size_t
choose(void *user, uint32_t node, const pubgrub_word *domain)
{
	(void)user;
	(void)node;
	for (size_t bit = 1; bit <= VERSIONS; bit++)
		if (pubgrub_has(domain, bit))
			return bit;
	g_assert_not_reached();
}

static bool
dependencies(void *user, uint32_t node, size_t bit, GArray *out, GError **error)
{
	const struct problem *problem = user;
	(void)error;
	for (size_t i = 0; i < problem->count; i++) {
		const struct edge *edge = &problem->edges[i];
		if (edge->from != node || edge->version != bit)
			continue;
		struct pubgrub_dependency dependency = {
			.dependant = node,
			.node = edge->to,
			.allowed = g_memdup2(&edge->allowed, sizeof edge->allowed),
			.dependants = g_new0(pubgrub_word, 1),
			.why = edge,
		};
		pubgrub_add(dependency.dependants, bit);
		g_array_append_val(out, dependency);
	}
	return true;
}

static bool
before(void *user, uint32_t a, uint32_t b)
{
	(void)user;
	return a < b;
}

/* Now and then an earlier decision is to be made anew. */
static bool
conflict(void *user, uint32_t rejected, uint32_t culprit)
{
	struct problem *problem = user;
	g_assert_cmpuint(rejected, !=, culprit);
	return ++problem->conflicts % 3 == 0 && problem->conflicts < 100;
}

static enum pubgrub_outcome
solve(struct problem *problem, size_t decisions[NODES])
{
	const struct pubgrub_provider provider = {
		.user = problem,
		.size = size_of,
		.choose = choose,
		.dependencies = dependencies,
		.before = before,
		.conflict = conflict,
	};
	g_autoptr(Pubgrub) pubgrub = pubgrub_new(&provider);
	enum pubgrub_outcome outcome = pubgrub_solve(pubgrub, 0, 100000, NULL);
	for (uint32_t node = 0; node < NODES; node++)
		decisions[node] = pubgrub_decision(pubgrub, node);
	if (outcome == PUBGRUB_IMPOSSIBLE)
		g_assert_cmpuint(pubgrub_get(pubgrub, pubgrub_failure(pubgrub))->count, ==, 0);
	return outcome;
}

/* Whether bits for all nodes (0: not selected) satisfy every edge of what is selected. */
static bool
holds(const struct problem *problem, const size_t *bits)
{
	for (size_t i = 0; i < problem->count; i++) {
		const struct edge *edge = &problem->edges[i];
		if (bits[edge->from] == edge->version &&
			!pubgrub_has(&edge->allowed, bits[edge->to]))
			return false;
	}
	return bits[0] == 1;
}

static bool
solvable(const struct problem *problem)
{
	size_t bits[NODES] = {1};
	for (;;) {
		if (holds(problem, bits))
			return true;
		size_t node = 1;
		while (node < NODES && bits[node] == VERSIONS)
			bits[node++] = 0;
		if (node == NODES)
			return false;
		bits[node]++;
	}
}

static void
test_chain(void)
{
	/* 0 -> 1 any; 1@1 -> 2@1; 0 -> 2@2: 1 has to fall back to its second version. */
	struct problem problem = {
		.edges = {{0, 1, 1, 0x1e}, {1, 2, 1, 0x02}, {0, 2, 1, 0x04}},
		.count = 3,
	};
	size_t bits[NODES];
	g_assert_cmpint(solve(&problem, bits), ==, PUBGRUB_SOLVED);
	g_assert_cmpuint(bits[1], ==, 2);
	g_assert_cmpuint(bits[2], ==, 2);
	g_assert_cmpuint(bits[3], ==, PUBGRUB_ABSENT);
}

static void
test_nothing_allowed(void)
{
	struct problem problem = {.edges = {{0, 1, 1, 0}}, .count = 1};
	size_t bits[NODES];
	g_assert_cmpint(solve(&problem, bits), ==, PUBGRUB_IMPOSSIBLE);
}

static void
test_self(void)
{
	/* 1@1 needs itself at 2: so 1@1 is out. */
	struct problem problem = {.edges = {{0, 1, 1, 0x1e}, {1, 1, 1, 0x04}}, .count = 2};
	size_t bits[NODES];
	g_assert_cmpint(solve(&problem, bits), ==, PUBGRUB_SOLVED);
	g_assert_cmpuint(bits[1], ==, 2);
}

/* Random problems: solved exactly where brute force finds something, and rightly. */
static void
test_random(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20261123);
	unsigned solved = 0;
	for (int round = 0; round < 1500; round++) {
		struct problem problem = {.count = (size_t)g_rand_int_range(random, 6, EDGES)};
		for (size_t i = 0; i < problem.count; i++) {
			struct edge *edge = &problem.edges[i];
			edge->from = i < 2 ? 0 : (uint32_t)g_rand_int_range(random, 0, 6);
			edge->to = (uint32_t)g_rand_int_range(random, 1, 7);
			edge->version = edge->from == 0
						? 1
						: (size_t)g_rand_int_range(random, 1, 1 + VERSIONS);
			edge->allowed = (pubgrub_word)g_rand_int_range(random, 1, 16) << 1;
			edge->allowed |= g_rand_int_range(random, 0, 8) == 0;
		}
		size_t bits[NODES];
		enum pubgrub_outcome outcome = solve(&problem, bits);
		g_assert_cmpint(
			outcome, ==, solvable(&problem) ? PUBGRUB_SOLVED : PUBGRUB_IMPOSSIBLE);
		if (outcome == PUBGRUB_SOLVED) {
			g_assert_true(holds(&problem, bits));
			solved++;
		}
	}
	g_assert_cmpuint(solved, >, 200);
	g_assert_cmpuint(solved, <, 1300);
}

/* Two packages whose newest versions exclude each other's older ones, one by one: the one that is
 * rejected again and again gets the first say, and keeps its newest version. */
struct rivals {
	struct problem problem;
	unsigned told;
	bool turned;
};

static size_t
rivals_size(void *user, uint32_t node, GError **error)
{
	struct rivals *rivals = user;
	return size_of(&rivals->problem, node, error);
}

static size_t
rivals_choose(void *user, uint32_t node, const pubgrub_word *domain)
{
	struct rivals *rivals = user;
	return choose(&rivals->problem, node, domain);
}

static bool
rivals_dependencies(void *user, uint32_t node, size_t bit, GArray *out, GError **error)
{
	struct rivals *rivals = user;
	return dependencies(&rivals->problem, node, bit, out, error);
}

static bool
rivals_before(void *user, uint32_t a, uint32_t b)
{
	const struct rivals *rivals = user;
	return rivals->turned && a + b == 3 ? a == 2 : a < b;
}

static bool
rivals_conflict(void *user, uint32_t rejected, uint32_t culprit)
{
	struct rivals *rivals = user;
	g_assert_cmpuint(rejected, ==, 2);
	g_assert_cmpuint(culprit, ==, 1);
	rivals->turned = ++rivals->told == 2;
	return rivals->turned;
}

static void
test_order(void)
{
	/* 1 has versions 1 to 4 as 2 has; every version of 2 but the last needs an older 1. */
	struct rivals rivals = {.problem = {
					.edges = {{0, 1, 1, 0x1e}, {0, 2, 1, 0x1e}, {2, 1, 1, 0x10},
						{2, 1, 2, 0x10}, {2, 1, 3, 0x10}, {2, 1, 4, 0x02}},
					.count = 6,
				}};
	const struct pubgrub_provider provider = {
		.user = &rivals,
		.size = rivals_size,
		.choose = rivals_choose,
		.dependencies = rivals_dependencies,
		.before = rivals_before,
		.conflict = rivals_conflict,
	};
	g_autoptr(Pubgrub) pubgrub = pubgrub_new(&provider);
	g_assert_cmpint(pubgrub_solve(pubgrub, 0, 1000, NULL), ==, PUBGRUB_SOLVED);
	g_assert_cmpuint(rivals.told, ==, 2);
	g_assert_cmpuint(pubgrub_decision(pubgrub, 1), ==, 4);
	g_assert_cmpuint(pubgrub_decision(pubgrub, 2), ==, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pubgrub/chain", test_chain);
	g_test_add_func("/pubgrub/nothing-allowed", test_nothing_allowed);
	g_test_add_func("/pubgrub/self", test_self);
	g_test_add_func("/pubgrub/random", test_random);
	g_test_add_func("/pubgrub/order", test_order);
	return g_test_run();
}
