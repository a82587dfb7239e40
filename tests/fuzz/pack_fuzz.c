/* SPDX-License-Identifier: MIT */
/* Packs of byte code: every entry of one that is accepted can be rendered. */
#include "wheel/pack.h"

#include <libdeflate.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = g_malloc(size + 1);
	memcpy(bytes, data, size);
	/* The check sum is made right, else nothing would get past it. */
	if (size >= 16) {
		uint32_t sum = libdeflate_crc32(0, bytes + 16, size - 16);
		for (int i = 0; i < 4; i++)
			bytes[12 + i] = (uint8_t)(sum >> 8 * i);
	}
	g_autoptr(Pack) pack = pack_parse(bytes, size);
	for (size_t i = 0; pack && i < pack_count(pack); i++) {
		const struct pack_entry *entry = pack_get(pack, i);
		size_t length = 0;
		if (entry->length == 0)
			continue;
		g_autofree uint8_t *code = pack_render(entry, "/e/x.py", 1, 2, &length);
		g_assert(code && length > 16);
	}
	return 0;
}
