/* SPDX-License-Identifier: MIT */
/* What an installed distribution owns: the files that its removal takes away, and how pip shows
 * them. */
#pragma once
#include "lib/log.h"
#include "wheel/installed.h"
#include "wheel/python.h"

struct removal {
	GPtrArray *paths;   /* existing ones, absolute, their folders without links; sorted */
	GPtrArray *refused; /* the same, outside of the environment: left alone */
	char *pth_file;	    /* easy-install.pth with an entry to drop, or NULL */
	char *pth_entry;
	bool refused_whole; /* said in the log: the distribution itself is left alone */
};

/* From RECORD, installed-files.txt, an egg or an egg-link, with the byte code of this interpreter
 * and the scripts of entry points. What cannot be removed safely is told in pip's words:
 * ERROR_SILENT when RECORD is missing or the project was installed by distutils. */
bool remove_find(
	const Python *python, Installed *dist, struct removal *removal, Log *log, GError **error);
void removal_clear(struct removal *removal);

/* The shortest list that says the same: no path below another one of the list. Borrowed strings, a
 * new sorted array. */
GPtrArray *remove_compact(const GPtrArray *paths);
/* What `uninstall` shows: packages as `folder` and a star; *skipped are the files in those folders
 * that stay. New arrays, sorted, owning. */
GPtrArray *remove_listing(const GPtrArray *paths, GPtrArray **skipped);
/* easy-install.pth without an entry; NULL if it cannot be read. New block. */
char *remove_pth_entry(const char *file, const char *entry, size_t *length);
/* The keys of a set of strings, sorted, copied. */
GPtrArray *remove_sorted(GHashTable *set);
