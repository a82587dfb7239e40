/* SPDX-License-Identifier: MIT */
/* METADATA and PKG-INFO, and their JSON form. */
#include "wheel/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Metadata) metadata = metadata_parse((const char *)data, size, NULL);
	if (!metadata)
		return 0;
	g_autoptr(JsonWriter) writer = json_writer_new(1);
	metadata_write_json(metadata, writer);
	g_autofree char *text = json_writer_take(writer);
	g_autoptr(Json) json = json_parse(text, strlen(text), NULL);
	g_assert(json);
	return 0;
}
