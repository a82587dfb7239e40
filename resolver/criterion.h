/* SPDX-License-Identifier: MIT */
/* The search's memory: what is known of each node (criteria), and the states it can go back to. */
#pragma once
#include "resolver/search.h"
#include "resolver/selection.h"

/* A demand in a criterion. Its address is its identity: pip counts repeated demands twice. */
struct info {
	unsigned refs;
	struct cause cause;
	unsigned stamp; /* seen in this collection of causes */
};

struct criterion {
	unsigned refs;
	struct node *node;
	struct info **infos;
	size_t info_count;
	candidate_id *bad;
	size_t bad_count;
	Selection selection;
	bool direct, pinned, upper_bounded, operators;
	candidate_id checked; /* the last pin asked about, and the answer */
	bool checked_ok;
};

struct state {
	struct criterion **criteria; /* by node id, `size` of them */
	candidate_id *pins;
	size_t size;
	GArray *order;	   /* node ids in the order of pinning */
	GPtrArray *causes; /* struct info */
};

struct info *info_new(const struct cause *cause);
void info_destroy(void *data);
/* Room for so many; one reference. */
struct criterion *criterion_new(struct node *node, size_t infos, size_t bad);
void criterion_unref(struct criterion *criterion);
/* The criterion takes over one reference to the info. */
void criterion_take_info(struct criterion *criterion, struct info *info);
void criterion_add_bad(struct criterion *criterion, const candidate_id *bad, size_t count);
/* Works out the candidates; base: the criterion of the node without extras, or NULL. */
bool criterion_select(Universe *universe, struct criterion *criterion, const struct criterion *base,
	GError **error);
/* Remembers for whose sake a candidate comes into view first. */
void criterion_note_template(const struct criterion *criterion, candidate_id candidate);
struct state *state_new(size_t size);
struct state *state_copy(const struct state *from);
/* (void *: for containers) */
void state_free(void *data);
void state_set_causes(struct state *state, const GPtrArray *causes);
struct criterion *state_criterion(const struct state *state, const struct node *node);
candidate_id state_pin(const struct state *state, const struct node *node);
/* Takes over the reference. */
void state_set_criterion(struct state *state, struct criterion *criterion);
/* A pin goes to the end: backtracking takes the last one. */
void state_set_pin(struct state *state, const struct node *node, candidate_id candidate);
bool state_is_satisfied(const struct state *state, struct criterion *criterion);
