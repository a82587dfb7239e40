/* SPDX-License-Identifier: MIT */
/* A file of kept metadata: the first 32 bytes are the key that is looked for. */
#include "resolver/shelf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest key = {0};
	if (size < sizeof key)
		return 0;
	memcpy(&key, data, sizeof key);
	g_autoptr(GBytes) bytes = g_bytes_new(data + sizeof key, size - sizeof key);
	g_autoptr(Shelf) shelf = shelf_from_bytes(bytes);
	size_t length = 0, sum = 0;
	const char *text = shelf_get(shelf, &key, &length);
	for (size_t i = 0; text != NULL && i < length; i++)
		sum += (unsigned char)text[i];
	return sum == SIZE_MAX;
}
