/* SPDX-License-Identifier: MIT */
/* Journals of interrupted changes: whatever is read is complete. */
#include "wheel/journal.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Journal) journal =
		journal_parse(-1, ".xpip-fuzz", (const char *)data, size, &error);
	g_assert(!journal == !!error);
	return 0;
}
