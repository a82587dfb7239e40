/* SPDX-License-Identifier: MIT */
/* requires.txt of an egg-info: whatever it says, the metadata stays whole. */
#include "wheel/egginfo.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "Metadata-Version: 1.0\nName: n\nVersion: 1\n";
	g_autoptr(Metadata) metadata = metadata_parse(head, sizeof head - 1, NULL);
	g_autofree char *text = g_strndup((const char *)data, size);
	guint before = metadata->headers->len;
	egginfo_add_requires(metadata, text);
	guint requires = g_strv_length(metadata->requires_dist);
	guint extras = g_strv_length(metadata->provides_extra);
	g_assert(metadata->headers->len == before + requires + extras);
	g_assert(extras <= requires);
	return 0;
}
