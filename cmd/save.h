/* SPDX-License-Identifier: MIT */
/* Files of a plan as they are, into a folder: what `download` and `wheel` leave behind. */
#pragma once
#include "cmd/plan.h"

/* Saves each item's file: wheels and, unless only_wheels, sdists as published. Files that are there
 * already with the right hash stay; others are replaced. Says `Saved ./x.whl`. */
bool save_files(Plan *plan, const char *folder, bool only_wheels, GError **error);
/* Copies one file there, by way of a temporary name. */
bool save_copy(Plan *plan, const char *from, const char *folder, const char *name, GError **error);
