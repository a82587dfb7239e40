/* SPDX-License-Identifier: MIT */
/* The tree of a marker, and the parser that builds it, alone or within a requirement. */
#pragma once
#include "resolver/marker.h"
#include "resolver/specifier.h"
#include "resolver/tokens.h"

enum marker_operator {
	MARKER_IN,
	MARKER_NOT_IN,
	MARKER_ARBITRARY, /* === */
	MARKER_EQUAL,
	MARKER_COMPATIBLE, /* ~= */
	MARKER_NOT_EQUAL,
	MARKER_AT_MOST,
	MARKER_AT_LEAST,
	MARKER_LESS,
	MARKER_GREATER,
	MARKER_OPERATORS,
};
extern const char *const marker_operator_texts[MARKER_OPERATORS];

/* Names beyond enum marker_variable. */
enum {
	MARKER_EXTRA = MARKER_VARIABLES,
	MARKER_EXTRAS,
	MARKER_DEPENDENCY_GROUPS,
	MARKER_NAMES,
};
extern const char *const marker_names[MARKER_NAMES];

struct marker_side {
	char *text;   /* the literal's value, or the variable's name */
	int variable; /* a marker name, -1: a literal */
};

/* One element of an `and`/`or` sequence: a comparison, or a group in parentheses. */
struct marker_item {
	struct marker_item *items; /* a group's elements, else NULL */
	unsigned count;
	bool after_or;
	enum marker_operator op;
	struct marker_side left, right;
	/* The right side as a specifier where the left is a version variable; NULL: strings. */
	SpecifierSet *specifier;
};

struct Marker {
	struct marker_item root; /* a group */
};

/* Parses a marker at t->at and leaves t behind it. */
Marker *marker_parse_tokens(struct tokens *t, GError **error);
/* The comparison `op text` as a specifier if `variable` holds a version and it is one; or NULL. */
SpecifierSet *marker_specifier(int variable, enum marker_operator op, const char *text);
