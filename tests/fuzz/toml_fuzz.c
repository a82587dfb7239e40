/* SPDX-License-Identifier: MIT */
/* pyproject.toml, pylock.toml: any bytes give a document or an error. */
#include "lib/toml.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Json) json = toml_parse((const char *)data, size, "x.toml", &error);
	g_assert(!json == !!error);
	if (json)
		g_assert(json_type(json_root(json)) == JSON_OBJECT);
	return 0;
}
