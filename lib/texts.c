/* SPDX-License-Identifier: MIT */
#include "lib/texts.h"

#include <string.h>

gint
texts_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
