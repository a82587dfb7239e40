/* SPDX-License-Identifier: MIT */
/* An environment's folders and the staging folder in which a change is prepared, on the same file
 * system as what it will replace. */
#pragma once
#include "lib/log.h"
#include "wheel/python.h"
#include "wheel/store.h"

/* One folder of the scheme, with its counterpart in the staging folder. */
struct stage_root {
	char *final;  /* absolute, without links */
	char *named;  /* as the scheme names it: what code and messages show */
	char *staged; /* relative to purelib */
	int fd;	      /* of the staged folder; -1 until stage_open_roots */
};

typedef struct Stage Stage;

/* Makes purelib if need be and takes its lock, waiting. flat: --target, where every file is below
 * one folder. ERROR_IO. */
Stage *stage_lock(const struct python_scheme *scheme, bool flat, Log *log, GError **error);
void stage_free(Stage *stage); /* removes staging folders and the folders that stage_lock made, if
				* empty */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stage, stage_free)

/* stage_free leaves a staging folder that still has its journal to the next command. */
void stage_keep(Stage *stage);

int stage_base(const Stage *stage); /* purelib, open and locked */
const char *stage_base_path(const Stage *stage);
mode_t stage_umask(const Stage *stage);
/* Makes the staging folder at first use and opens the roots. */
bool stage_open_roots(Stage *stage, GError **error);
const char *stage_folder(const Stage *stage); /* `.xpip-ab12cd`, relative to purelib */
unsigned stage_root_count(const Stage *stage);
const struct stage_root *stage_root(const Stage *stage, unsigned index);
/* Staging folders on other file systems, relative to purelib; those of removed files included. */
const GPtrArray *stage_others(const Stage *stage);
/* The staging folder from which files can be renamed into this folder (absolute), relative to
 * purelib; made if it is missing. Borrowed. */
const char *stage_near(Stage *stage, const char *folder, GError **error);

/* A path without links as far as it exists; new string. */
char *stage_real_path(const char *path);
/* The root that `rel` below a folder (without links) belongs to; *below is its path there, new
 * string. -1 if it is below none. */
int stage_locate(const Stage *stage, const char *folder, const char *rel, char **below);
/* Index of the root with this folder. */
unsigned stage_root_of(const Stage *stage, const char *folder);
/* `path` as it is named from purelib: `../../../bin/x`. New string. */
char *stage_relative(const Stage *stage, const char *path);
/* `path` below a root, as RECORD of a distribution in the root `lib` names it. New string. */
char *stage_record_path(const Stage *stage, unsigned lib, unsigned root, const char *path);

/* --- files, from any thread --- */

/* A file that is there already, claimed by another wheel or by an earlier file of this one, goes to
 * a folder of its own until stage_settle. order: which one wins, the greater. */
struct stage_clash {
	unsigned root;
	char *path;
	uint64_t order;
};
void stage_clash_free(void *clash);

/* Who writes, and where to. Zero-initialise with fd = -1; used by one thread at a time. */
struct stage_writer {
	Stage *stage;
	unsigned root;
	uint64_t order;
	GPtrArray *clashes; /* of struct stage_clash *, appended to */
	int fd;		    /* the folder of the last file, kept open */
	char *folder;
	unsigned folder_root;
};
void stage_writer_clear(struct stage_writer *writer);

/* Links the files of a wheel whose indices are given, in ascending order, to the same paths below
 * the root. */
bool stage_link(struct stage_writer *writer, StoreWheel *wheel, const size_t *indices, size_t count,
	GError **error);
/* Links one file to another path. */
bool stage_link_as(struct stage_writer *writer, StoreWheel *wheel, size_t index, const char *path,
	GError **error);
/* Writes one file with this mode, whatever the umask. */
bool stage_write(struct stage_writer *writer, const char *path, const void *bytes, size_t length,
	mode_t mode, GError **error);
/* The clash's file takes the place of the one that came first. */
bool stage_settle(Stage *stage, const struct stage_clash *clash, GError **error);
/* Whether files are hard links to the store's, for the log. */
bool stage_links(const Stage *stage);

/* Names of the staging folders that lie in `folder`, new, without those that somebody uses. */
GPtrArray *stage_left_over(int folder);
bool stage_is_name(const char *name);
/* Removes a staging folder and those on other file systems that belong to it. */
void stage_drop(int base, const char *staging);
/* Copies a staged file or folder into another staging folder, for a place on that one's file
 * system; its new path, relative to purelib. */
char *stage_carry(Stage *stage, const char *staged, const char *other, GError **error);
