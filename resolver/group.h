/* SPDX-License-Identifier: MIT */
/* Dependency groups of a pyproject.toml (PEP 735). */
#pragma once
#include "lib/json.h"

/* A pyproject.toml with its [dependency-groups]. ERROR_INVALID_INPUT with pip's words. */
typedef struct Groups Groups;
Groups *groups_read(const char *path, GError **error);
/* The same from bytes; path: for messages. */
Groups *groups_parse(const char *bytes, size_t length, const char *path, GError **error);
void groups_free(Groups *groups);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Groups, groups_free)

/* Adds the requirements of a group and of those that it includes (new strings, as str(Requirement)
 * has them), in order. Every fault of the group is named; a cycle is one. */
bool groups_resolve(Groups *groups, const char *group, GPtrArray *requirements, GError **error);
