/* SPDX-License-Identifier: MIT */
/* URLs that requirements name. */
#pragma once

/* A text that two URLs share when they lead to the same distribution: credentials and `egg=` count
 * nothing, nor does the order of query and fragment parts; hashes and `subdirectory=` do. New
 * string. */
char *link_key(const char *url);
