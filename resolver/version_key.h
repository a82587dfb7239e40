/* SPDX-License-Identifier: MIT */
/* Comparisons of versions that specifiers need; none allocates. */
#pragma once
#include "resolver/version.h"

/* As version_compare, local parts aside. */
int version_compare_public(const Version *a, const Version *b);
/* Same epoch, release (trailing zeros aside) and pre-release: the post-release family. */
bool version_same_through_pre(const Version *a, const Version *b);
/* The first `components` numbers of the release agree, missing ones being 0, and the epochs. */
bool version_has_prefix(const Version *version, const Version *prefix, unsigned components);
/* a < b.dev0, for a b without dev and local parts counted as none. */
bool version_less_than_dev0(const Version *a, const Version *b);
/* Components of the release as written. */
unsigned version_release_count(const Version *version);
bool version_has_local(const Version *version);

/* Bytes at the start of text that the grammar of versions matches (a leading v, epoch and release,
 * then, if asked for, pre, post, dev and a local part), 0 if none. *components: of the release. */
size_t version_scan(
	const char *text, size_t length, bool suffixes, bool local, unsigned *components);
