/* SPDX-License-Identifier: MIT */
/* PEP 425/600/656/738… compatibility tags: which wheels a target takes, and which it likes best. */
#pragma once
#include "wheel/python.h"

typedef struct Tags Tags; /* ordered list, best first, with a hash index */

/* packaging.tags.sys_tags() of that interpreter. */
Tags *tags_for_python(const Python *python);
/* pip's get_supported() for --platform/--python-version/--implementation/--abi; NULL lists and 0
 * mean "as the interpreter". python_version is e.g. "311" or "3". */
Tags *tags_for_target(const Python *python, const char *const *platforms,
	const char *python_version, const char *implementation, const char *const *abis);
/* From plain facts (conformance, foreign targets): see struct tags_platform in tags.c's tests. */
void tags_free(Tags *tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tags, tags_free)

size_t tags_count(const Tags *tags);
const char *tags_get(const Tags *tags, size_t index); /* "cp311-cp311-manylinux_2_36_x86_64" */
/* Index of the best tag of a wheel with these compressed sets (`py2.py3`, `none`, `any`), or -1. */
int tags_rank(
	const Tags *tags, const char *python_tags, const char *abi_tags, const char *platform_tags);
