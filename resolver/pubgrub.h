/* SPDX-License-Identifier: MIT */
/* PubGrub: version solving that learns from conflicts and can prove that there is no solution.
 * Knows nothing of Python: nodes and versions are numbers, a provider says the rest. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set over a node's domain. Bit 0 says "not selected", the bits after it are versions. */
typedef uint64_t pubgrub_word;
enum { PUBGRUB_ABSENT = 0, PUBGRUB_WORD = 64 };
#define PUBGRUB_WORDS(bits) (((bits) + PUBGRUB_WORD - 1) / PUBGRUB_WORD)

static inline bool
pubgrub_has(const pubgrub_word *set, size_t bit)
{
	return (set[bit / PUBGRUB_WORD] >> (bit % PUBGRUB_WORD) & 1) != 0;
}

static inline void
pubgrub_add(pubgrub_word *set, size_t bit)
{
	set[bit / PUBGRUB_WORD] |= (pubgrub_word)1 << (bit % PUBGRUB_WORD);
}

/* "These versions of `dependant` need one of `allowed` of `node`." */
struct pubgrub_dependency {
	uint32_t dependant; /* commonly the node that is being decided */
	uint32_t node;
	pubgrub_word *allowed; /* owned by the list, freed by g_free; with bit 0: or none at all */
	pubgrub_word *dependants; /* likewise */
	const void *why;	  /* the provider's; for explanations */
};

struct pubgrub_provider {
	void *user;
	/* Number of bits of a node's domain: 1 + versions. Must not change afterwards. 0: error. */
	size_t (*size)(void *user, uint32_t node, GError **error);
	/* The bit to decide on, of those in `domain` (which never has bit 0). */
	size_t (*choose)(void *user, uint32_t node, const pubgrub_word *domain);
	/* Appends struct pubgrub_dependency. */
	bool (*dependencies)(void *user, uint32_t node, size_t bit, GArray *out, GError **error);
	/* true if a is to be decided before b. */
	bool (*before)(void *user, uint32_t a, uint32_t b);
	/* The version just decided for `rejected` cannot stand beside what was decided for
	 * `culprit` before. true: `culprit` is to be decided anew, after others. May be NULL. */
	bool (*conflict)(void *user, uint32_t rejected, uint32_t culprit);
	/* Asked at each step: false with an error ends it all. May be NULL. */
	bool (*go_on)(void *user, GError **error);
};

struct pubgrub_term {
	uint32_t node;
	size_t words;
	pubgrub_word *set;
};

/* Terms that cannot all hold. */
struct pubgrub_incompatibility {
	struct pubgrub_term *terms;
	size_t count;
	size_t watched[2];   /* terms; the solver's own */
	const void *why;     /* of a dependency; NULL when derived */
	uint32_t dependant;  /* of a dependency */
	int64_t left, right; /* ids of what it is derived from; -1: not derived */
};

enum pubgrub_outcome { PUBGRUB_SOLVED, PUBGRUB_IMPOSSIBLE, PUBGRUB_TOO_LONG, PUBGRUB_ERROR };

typedef struct Pubgrub Pubgrub;
Pubgrub *pubgrub_new(const struct pubgrub_provider *provider);
void pubgrub_free(Pubgrub *pubgrub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pubgrub, pubgrub_free)

/* Finds a version for `root` (its bit 1) and all that follows. steps: decisions and conflicts at
 * most. */
enum pubgrub_outcome pubgrub_solve(Pubgrub *pubgrub, uint32_t root, size_t steps, GError **error);

size_t pubgrub_level(const Pubgrub *pubgrub); /* decisions that stand */
/* After SOLVED: the bit of a node; PUBGRUB_ABSENT if it is not selected. */
size_t pubgrub_decision(const Pubgrub *pubgrub, uint32_t node);
/* After IMPOSSIBLE: the incompatibility without terms, from which the proof can be followed. */
int64_t pubgrub_failure(const Pubgrub *pubgrub);
const struct pubgrub_incompatibility *pubgrub_get(const Pubgrub *pubgrub, int64_t id);
/* What a node may still be; NULL: never met. */
const pubgrub_word *pubgrub_domain(const Pubgrub *pubgrub, uint32_t node);
size_t pubgrub_domain_size(const Pubgrub *pubgrub, uint32_t node); /* bits; 0: never met */
