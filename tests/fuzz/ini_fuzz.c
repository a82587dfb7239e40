/* SPDX-License-Identifier: MIT */
/* pip.conf: whatever parses can be written and parsed again. */
#include "lib/ini.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = ini_parse((const char *)data, size, "pip.conf", &error);
	g_assert(!ini == !!error);
	if (!ini)
		return 0;
	ini_set(ini, "fuzz", "key", "value");
	g_autofree char *text = ini_text(ini);
	g_assert(strstr(text, "key = value"));
	g_assert(ini_unset(ini, "fuzz", "key"));
	return 0;
}
