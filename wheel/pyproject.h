/* SPDX-License-Identifier: MIT */
/* The [build-system] table of pyproject.toml (PEP 518, PEP 517), with pip's defaults without one.
 */
#pragma once
#include "lib/log.h"

typedef struct Pyproject {
	char **requires;      /* requirement texts, unchecked */
	char *backend;	      /* `module:object` */
	char **backend_path;  /* absolute, below the project's folder; may be empty */
	bool backend_implied; /* a table without build-backend: setuptools must be among the rest */
} Pyproject;

/* what: the project's name for messages. Errors that pip explains at length are logged here and
 * come back as ERROR_SILENT; ERROR_INVALID_INPUT otherwise. */
Pyproject *pyproject_read(const char *folder, const char *what, Log *log, GError **error);
void pyproject_free(Pyproject *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pyproject, pyproject_free)
/* Explains (and logs) that build-system.requires is wrong; ERROR_SILENT. */
bool pyproject_refuse_requires(Log *log, const char *what, const char *reason, GError **error);
