/* SPDX-License-Identifier: MIT */
/* Scripts of a wheel: entry points, shebangs; byte for byte what pip writes. */
#pragma once
#include "wheel/python.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct script {
	char *name; /* a safe path below the scripts folder, nearly always a plain name */
	char *text; /* the whole file */
	bool gui;
};

/* The scripts that entry_points.txt asks for, console ones first, each in the file's order (a name
 * given twice counts once, its last value); pip's own get the Python's version. Returns an array of
 * struct script * that frees them. ERROR_INVALID_INPUT for entry points without a callable, and for
 * names that leave the folder or would replace the interpreter. */
GPtrArray *script_from_entry_points(const char *text, const Python *python, GError **error);

/* The entry points of one group (`console_scripts`) of entry_points.txt: their names, new. */
char **script_names(const char *text, const char *group);

/* true if `name` of `.data/scripts` is a wrapper that setuptools made for one of these. */
bool script_is_wrapper(const GPtrArray *scripts, const char *name);

/* true for names below the scripts folder that no wheel may write: `python`, `python3.12`,
 * `activate`. */
bool script_is_reserved(const char *name);

/* Contents of a script whose first line begins with `#!python`, with the interpreter in its place;
 * NULL if there is nothing to replace. New block. */
char *script_rewrite(const char *bytes, size_t length, const char *executable, size_t *out_length);

/* The shebang of generated scripts with its line feed: `#!/path/python`, or `#!/bin/sh` with an
 * exec line when the path is too long for the kernel, has spaces or is a script. New string. */
char *script_shebang(const char *executable);

/* pip's warning about scripts (absolute paths, in the order of installation) in folders that are
 * not on PATH; NULL if there is nothing to say. New string, several lines. */
char *script_path_warning(const GPtrArray *paths, const char *executable, const char *path);
