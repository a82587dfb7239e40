/* SPDX-License-Identifier: MIT */
/* The last step of a change: the renames, written down and synced before the first one, so that
 * whoever comes after a crash can finish or undo them. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* All paths are relative to the environment's purelib folder (`../../../bin/x`), so that a moved
 * environment can still be repaired. */
typedef struct Journal Journal;

/* staging: the folder that will hold the journal, directly below purelib. base: purelib, an open
 * folder that stays open while the Journal lives. */
Journal *journal_new(int base, const char *staging);
void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/* Steps, done in the order in which they are added. */
void journal_add_staging(Journal *journal, const char *folder); /* removed at the end */
void journal_add_folder(Journal *journal, const char *folder);	/* made; was absent */
/* `staged` becomes `final`; what is there goes to `old` first (NULL: nothing is). */
void journal_add_place(Journal *journal, const char *staged, const char *final, const char *old);
void journal_add_remove(Journal *journal, const char *final, const char *old);
void journal_add_prune(Journal *journal, const char *folder); /* removed if empty by then */
size_t journal_count(const Journal *journal);

/* Writes and syncs it; from now on the change counts as made. */
bool journal_sync(Journal *journal, GError **error);
/* Makes every step that is not made yet. */
bool journal_run(Journal *journal, GError **error);
/* Undoes every step that is made, last first. */
bool journal_undo(Journal *journal, GError **error);
/* Drops the journal, then the staging folders; false only if the journal itself cannot go. */
bool journal_finish(Journal *journal, GError **error);

/* The journal of a staging folder; NULL without error if there is no complete one. */
Journal *journal_read(int base, const char *staging, GError **error);
/* From text, for the fuzz target. ERROR_INVALID_INPUT. */
Journal *journal_parse(
	int base, const char *staging, const char *text, size_t length, GError **error);
