/* SPDX-License-Identifier: MIT */
/* What stage.c and stage_files.c share. */
#pragma once
#include "wheel/stage.h"

struct Stage {
	int base;   /* purelib, locked */
	char *path; /* of purelib, absolute, without links */
	uint64_t mount;
	mode_t umask;
	GArray *roots;	   /* of struct stage_root */
	char *folder;	   /* the staging folder; NULL until stage_open_roots */
	GPtrArray *others; /* further ones, on other file systems */
	GPtrArray *made;   /* folders that stage_lock made, outermost first */
	unsigned carried;  /* count of what stage_carry copied */
	int linking;	   /* atomic: see enum linking in stage_files.c */
};
