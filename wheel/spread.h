/* SPDX-License-Identifier: MIT */
/* Lays one wheel out in the staging folder: its files, `.data` schemes, scripts, byte code, the
 * installer's files and RECORD (PEP 427's second phase), byte for byte as pip does. */
#pragma once
#include "lib/jobs.h"
#include "wheel/bytecode.h"
#include "wheel/change.h"
#include "wheel/stage.h"

typedef struct Spread Spread;

struct spread_options {
	Stage *stage;
	const struct python_scheme *scheme;
	const Python *python;
	Bytecode *bytecode; /* NULL: no byte-compiling */
	Jobs *jobs;
	uint64_t number; /* of the wheel in the change, from 0: later ones win a path */
};

/* Starts in the background. The options' objects are borrowed, `install` is copied. */
Spread *spread_new(
	const struct spread_options *options, const struct change_install *install, GError **error);
/* true while jobs run; then spread_free is not allowed. */
bool spread_busy(const Spread *spread);
const char *spread_name(const Spread *spread); /* of the project */
void spread_free(Spread *spread);
void spread_cancel(Spread *spread); /* nothing new is started */

/* Once it is not busy: */
bool spread_check(const Spread *spread, GError **error); /* false with what went wrong */
const GPtrArray *spread_clashes(const Spread *spread);	 /* of struct stage_clash * */
/* The greatest order with which it claims a path, or 0. */
uint64_t spread_claim(const Spread *spread, unsigned root, const char *path);
/* Absolute paths of its console scripts. */
const GPtrArray *spread_scripts(const Spread *spread);
