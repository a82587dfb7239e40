/* SPDX-License-Identifier: MIT */
/* Tags from plain facts: for foreign targets and for the conformance vectors. */
#pragma once
#include "wheel/tags.h"

struct tags_facts {
	const char *implementation; /* "cp", "pp", or any other prefix of interpreter tags */
	int major, minor;	    /* minor -1: only the major version is known */
	const char *const *abis;    /* best first */
	const char *const *platforms;
	const char *compatible; /* interpreter of the `-none-any` tag ("cp312", "pp3"), or NULL */
};
Tags *tags_from_facts(const struct tags_facts *facts);

/* Platform tags, best first; NULL-terminated, new. */
char **tags_linux_platforms(
	const char *arch, bool is_32bit, const int libc[2], bool is_musl, bool abi_ok);
char **tags_mac_platforms(int major, int minor, const char *arch);
