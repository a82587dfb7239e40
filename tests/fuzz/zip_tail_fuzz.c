/* SPDX-License-Identifier: MIT */
/* The end of a wheel, from which METADATA is read. The first two bytes tell where it begins. */
#include "wheel/zip_tail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct zip_piece piece = {data + 2, size - 2, data[0] | data[1] << 8};
	struct zip_member member;
	int64_t from = 0;
	if (zip_tail_find(&piece, &member, &from, NULL) != ZIP_TAIL_FOUND)
		return 0;
	size_t length = 0;
	g_autofree char *text = zip_tail_read(&piece, &member, &length, NULL);
	g_assert(!text || text[length] == '\0');
	return 0;
}
