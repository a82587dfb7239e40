/* SPDX-License-Identifier: MIT */
/* Wheels that were built from sdists and commits, kept as pip keeps them:
 * CACHE/wheels/aa/bb/cc/REST/NAME.whl and origin.json beside it. */
#pragma once
#include "lib/log.h"
#include "wheel/directurl.h"
#include "wheel/python.h"
#include "wheel/tags.h"

/* The folder for what is built from this link (its fragment's hash and subdirectory count, the rest
 * of it does not) by this interpreter. New string. */
char *wheelcache_folder(const char *cache_dir, const char *url, const Python *python);

/* true if a wheel built from this link may be kept: an archive whose name has a version, or a
 * commit named by its full hash; never a folder or an editable. */
bool wheelcache_keeps(const char *url, bool is_folder, bool editable, const char *commit);

/* Path of the best kept wheel of the project, or NULL. *origin (may be NULL) becomes what
 * origin.json says, or NULL if there is none; an unreadable one is warned about. */
char *wheelcache_find(const char *cache_dir, const char *url, const Python *python,
	const char *normalized_name, const Tags *tags, DirectUrl **origin, Log *log);

/* Writes origin.json into the folder that wheelcache_folder named and build_wheel filled. */
bool wheelcache_record(const char *folder, const DirectUrl *origin, Log *log, GError **error);
