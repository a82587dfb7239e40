/* SPDX-License-Identifier: MIT */
/* Arrays of strings. */
#pragma once
#include <glib.h>

/* By bytes; for g_ptr_array_sort on a GPtrArray of char *, which passes pointers to its elements.
 */
gint texts_compare(gconstpointer a, gconstpointer b);
