/* SPDX-License-Identifier: MIT */
/* One change of an environment: the whole set is staged, journalled, then made by renames. The only
 * module that writes to an environment. */
#pragma once
#include "lib/jobs.h"
#include "lib/progress.h"
#include "wheel/installed.h"
#include "wheel/python.h"
#include "wheel/store.h"

typedef struct Change Change;

struct change_options {
	const struct python_scheme *scheme; /* where files go; borrowed while the Change lives */
	const Python *python;		    /* shebangs, byte-compiling */
	bool compile;			    /* byte-compile .py files */
	const char *root;   /* --root, stripped from paths that scripts contain; or NULL */
	const char *target; /* --target: the scheme is a flat folder; existing entries are kept
			     * with pip's warning unless `replace` */
	bool replace;	    /* --upgrade with --target */
	bool no_warn_script_location;
	Log *log;
	Loop *loop;
	Jobs *jobs;
	Store *store;
	Progress *progress; /* or NULL */
};

/* Takes the environment's lock (waits), finishes or undoes a broken change that an earlier command
 * left (change_recover), then opens a staging folder on first use. */
Change *change_begin(const struct change_options *options, GError **error);

struct change_install {
	StoreWheel *wheel;	     /* reference taken */
	const char *name;	     /* normalised project name, for headers and messages */
	bool requested;		     /* write REQUESTED */
	const char *direct_url_json; /* or NULL */
	bool editable;		     /* direct_url of an editable: informative */
};
/* Stages one wheel: links its files, writes scripts, entry points, RECORD, INSTALLER, in the
 * background; errors surface in change_commit. */
bool change_install(Change *change, const struct change_install *install, GError **error);
/* Stages the removal of an installed distribution: everything its RECORD (or egg-info equivalent)
 * owns within the environment (wheel/remove.h tells what that is). *found (may be NULL): whether
 * there is anything; if not, the log says why. */
bool change_remove(Change *change, Installed *dist, bool *found, GError **error);
/* The same with what remove_find has found; `removal` is emptied. */
struct removal;
bool change_remove_found(Change *change, struct removal *removal, GError **error);
/* Waits for staging and byte-compiling, syncs the journal, renames everything, drops the journal.
 * On error the environment is as it was. */
bool change_commit(Change *change, GError **error);
void change_free(Change *change); /* uncommitted: staging is dropped */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Change, change_free)

/* Rolls a change that was cut short forward (journal synced) or back. Called by every command that
 * opens an environment for writing; readers call change_is_broken and say so. */
bool change_recover(
	const Python *python, const struct python_scheme *scheme, Log *log, GError **error);
bool change_is_broken(const struct python_scheme *scheme);
