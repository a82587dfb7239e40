/* SPDX-License-Identifier: MIT */
/* What PubGrub is told of a universe: provider.c says what there is and what it demands, choice.c
 * in which order it is tried. Node 0 of the solver is the user; the others are node ids + 1. */
#pragma once
#include "resolver/pubgrub.h"
#include "resolver/universe.h"

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

/* --- provider.c --- */
struct node *provider_node(const Universe *universe, uint32_t number);
/* The candidate of a bit (not 0); CANDIDATE_NONE if the bit stands for nothing that exists. */
candidate_id provider_candidate(const struct node *node, size_t bit);
size_t provider_bit(const struct node *node, candidate_id candidate);
size_t provider_bits(const struct node *node); /* of its domain */
struct traits *provider_traits(struct solver *solver, uint32_t number);
void provider_init(struct solver *solver, Universe *universe);
void provider_clear(struct solver *solver);
/* Before PubGrub begins anew: forgets all but what was learnt about the order. */
void provider_restart(struct solver *solver);

/* For struct pubgrub_provider; user: struct solver. */
size_t provider_size(void *user, uint32_t number, GError **error);
bool provider_dependencies(void *user, uint32_t number, size_t bit, GArray *out, GError **error);
bool provider_go_on(void *user, GError **error);

/* --- choice.c, likewise --- */
size_t choice_version(void *user, uint32_t number, const pubgrub_word *domain);
bool choice_before(void *user, uint32_t a, uint32_t b);
bool choice_conflict(void *user, uint32_t rejected, uint32_t culprit);
