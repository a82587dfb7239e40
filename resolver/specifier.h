/* SPDX-License-Identifier: MIT */
/* PEP 440 specifier sets: `>=1.0,!=1.5.*`, with packaging's pre-release rules. */
#pragma once
#include "resolver/version.h"

typedef struct SpecifierSet SpecifierSet; /* immutable, reference counted */

enum prereleases { PRERELEASES_DEFAULT, PRERELEASES_ALLOW, PRERELEASES_DENY };

SpecifierSet *specifier_parse(const char *text, size_t length, GError **error);
SpecifierSet *specifier_ref(SpecifierSet *set);
void specifier_free(SpecifierSet *set); /* unref */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpecifierSet, specifier_free)
/* The set that demands both; new reference. Either may be NULL (= any). */
SpecifierSet *specifier_and(SpecifierSet *a, SpecifierSet *b);

/* Pure membership, pre-release rule aside (contains(v, prereleases=True)). */
bool specifier_matches(const SpecifierSet *set, const Version *version);
/* SpecifierSet.contains(version, prereleases=…). */
bool specifier_contains(
	const SpecifierSet *set, const Version *version, enum prereleases prereleases);
/* The same for a text that need not be a PEP 440 version (only `===` can match it then). */
bool specifier_contains_text(
	const SpecifierSet *set, const char *version, size_t length, enum prereleases prereleases);
/* SpecifierSet.filter: keep[i] is set for each version that stays, in order. With DEFAULT and a set
 * that implies nothing, pre-releases stay only if nothing else does. */
void specifier_filter(const SpecifierSet *set, const Version *const *versions, size_t count,
	enum prereleases prereleases, bool *keep);

/* The same for texts, which need not be PEP 440 versions (only `===` lets these pass). */
void specifier_filter_texts(const SpecifierSet *set, const char *const *versions, size_t count,
	enum prereleases prereleases, bool *keep);

/* What the set itself says (SpecifierSet.prereleases): ALLOW when a member names a pre-release. */
enum prereleases specifier_prereleases(const SpecifierSet *set);
bool specifier_is_empty(const SpecifierSet *set);
/* `==X` without wildcard or `===X` as a member: the pinned text, borrowed; else NULL. */
const char *specifier_pin(const SpecifierSet *set);
/* true if a member has an upper bound in pip's sense (<, <=, ~=, ==X.*). */
bool specifier_has_upper_bound(const SpecifierSet *set);
size_t specifier_count(const SpecifierSet *set);
/* Members as written after normalisation, sorted bytewise, joined by `,`. New string. */
char *specifier_sorted_text(const SpecifierSet *set);
/* str(SpecifierSet) as pip prints it in messages: sorted members joined by `,`. Borrowed. */
const char *specifier_text(const SpecifierSet *set);
