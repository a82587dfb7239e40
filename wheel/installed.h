/* SPDX-License-Identifier: MIT */
/* What is installed: dist-info, egg-info and egg-link entries on sys.path. */
#pragma once
#include "wheel/directurl.h"
#include "wheel/metadata.h"
#include "wheel/python.h"

enum installed_kind {
	INSTALLED_DIST_INFO,
	INSTALLED_EGG_INFO,
	INSTALLED_EGG_INFO_FILE,
	INSTALLED_EGG,
	INSTALLED_DEVELOP
};

typedef struct Installed {
	enum installed_kind kind;
	char *name; /* as the folder spells it until installed_spell() or installed_metadata() */
	char *normalized_name;
	char *version;	   /* of the folder's name for a dist-info, else METADATA's */
	char *raw_version; /* as METADATA spells it; like `version` until installed_spell() */
	char *location;	   /* the folder that `info` is in, as sys.path or an egg-link names it */
	char *info;	   /* path of the .dist-info/.egg-info */
	bool in_site;	   /* in the environment's own purelib or platlib */
	bool in_user_site;
	bool local;		 /* under prefix: not seen through system-site-packages */
	char *editable_location; /* of an egg-link's; of others after installed_editable; or NULL */
	Metadata *metadata;	 /* loaded at first use by installed_metadata */
	bool spelled, editable_known; /* of this module */
} Installed;

typedef struct InstalledSet
	InstalledSet; /* sorted by normalised name; first found on sys.path wins */

/* Scans sys.path (paths == NULL) or the given folders, cheaply: folder names first, METADATA on
 * demand. A folder that cannot be read and entries without a valid name are skipped with a
 * warning; log may be NULL. */
InstalledSet *installed_scan(
	const Python *python, const char *const *paths, Log *log, GError **error);
void installed_free(InstalledSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InstalledSet, installed_free)
size_t installed_count(const InstalledSet *set);
Installed *installed_get(InstalledSet *set, size_t index);
Installed *installed_find(InstalledSet *set, const char *normalized_name); /* or NULL */

/* Makes `name` and `raw_version` what METADATA says, reading no more than its head. */
void installed_spell(Installed *dist);
/* direct_url.json, or NULL if there is none or (with a warning; log may be NULL) it makes no sense.
 * Free with directurl_free. */
DirectUrl *installed_direct_url(const Installed *dist, Log *log);
/* The project folder of an editable distribution (direct_url.json or an egg-link), borrowed, or
 * NULL. Warns as installed_direct_url does. */
const char *installed_editable(InstalledSet *set, Installed *dist, Log *log);
/* Borrowed; with the dependencies of an egg-info's requires.txt; NULL with error if METADATA is
 * missing or malformed. */
const Metadata *installed_metadata(Installed *dist, GError **error);
/* Contents of a file of the info folder (INSTALLER, direct_url.json, RECORD, entry_points.txt…), or
 * NULL if there is none. New string, NUL-terminated. */
char *installed_read(const Installed *dist, const char *file, size_t *length);
char *installed_installer(const Installed *dist); /* first line of INSTALLER, "" if none */
bool installed_requested(const Installed *dist);
