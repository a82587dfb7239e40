/* SPDX-License-Identifier: MIT */
/* What spread.c and spread_record.c share. */
#pragma once
#include "wheel/spread.h"

/* A file that does not keep its archive path, or is not from the archive. */
struct extra {
	size_t index; /* of the wheel's file; NO_FILE: generated */
	unsigned root;
	char *path;   /* below the root */
	char *digest; /* "sha256=…" of contents that we wrote; NULL: as in the archive */
	size_t size;
	bool is_script, skipped; /* skipped: setuptools' wrapper of an entry point */
};
#define NO_FILE ((size_t)-1)

struct Spread {
	Stage *stage;
	const struct python_scheme *scheme;
	const Python *python;
	Bytecode *bytecode;
	Jobs *jobs;
	uint64_t number;
	StoreWheel *wheel;
	char *name, *direct_url;
	bool requested;
	unsigned lib;	    /* root of purelib or platlib */
	GArray *plain;	    /* of size_t: files that keep their path */
	GArray *extras;	    /* of struct extra; written by one job at a time */
	GArray *compiled;   /* of struct bytecode_file */
	GPtrArray *scripts; /* absolute paths of console scripts */
	GPtrArray *clashes; /* main thread */
	GError *error;
	unsigned pending; /* jobs and sets of byte code under way; main thread */
	bool recorded;
};

/* Orders: files of the archive proper come before `.data` and what is generated, byte code comes
 * last: it replaces what a wheel brings under its name. */
enum spread_part { SPREAD_PLAIN, SPREAD_EXTRA, SPREAD_COMPILED, SPREAD_PARTS };
static inline uint64_t
spread_order(const Spread *spread, enum spread_part part)
{
	return spread->number * SPREAD_PARTS + part + 1;
}

struct spread_step {
	Spread *spread;
	size_t begin, end; /* of spread->plain */
	GPtrArray *clashes;
	GError *error;
};

/* The rows of RECORD as they are installed, in the order and form in which pip writes them. */
char *spread_record(const Spread *spread, size_t *length, GError **error);
/* Appends a generated file of the dist-info folder. */
bool spread_write(Spread *spread, struct stage_writer *writer, unsigned root, const char *path,
	const char *text, size_t length, mode_t mode, size_t index, GError **error);

/* Fills spread->plain and spread->extras. ERROR_INVALID_INPUT. */
bool spread_sort_files(Spread *spread, GError **error);
/* The sources whose byte code is wanted: those that keep their path, a new array of struct
 * bytecode_file; and the others, appended: data files, or scripts. */
GArray *spread_sources(const Spread *spread);
void spread_extra_sources(const Spread *spread, GArray *files, bool scripts);
