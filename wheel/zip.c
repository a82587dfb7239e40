/* SPDX-License-Identifier: MIT */
#include "wheel/zip.h"
#include "lib/error.h"

#include <libdeflate.h>
#include <string.h>

const uint8_t *
zip_find_end(const uint8_t *tail, size_t length)
{
	for (size_t back = ZIP_END_SIZE; back <= length && back <= ZIP_END_SIZE + ZIP_MAX_COMMENT;
		back++) {
		const uint8_t *p = tail + length - back;
		if (zip_u32(p) == ZIP_END_MARK)
			return zip_u16(p + 20) == back - ZIP_END_SIZE ? p : NULL;
	}
	return NULL;
}

bool
zip_inflate(struct libdeflate_decompressor *decompressor, const struct zip_data *data, void *to,
	GError **error)
{
	if (data->method == ZIP_STORED) {
		if (data->compressed != data->size)
			return error_set(error, ERROR_INVALID_INPUT, "its two sizes differ");
		if (data->size)
			memcpy(to, data->bytes, data->size);
	} else if (data->method == ZIP_DEFLATED) {
		size_t used = 0;
		enum libdeflate_result result = LIBDEFLATE_SUCCESS;
		if (data->compressed || data->size)
			result = libdeflate_deflate_decompress_ex(decompressor, data->bytes,
				data->compressed, to, data->size, &used, NULL);
		if (result != LIBDEFLATE_SUCCESS || used != data->compressed)
			return error_set(error, ERROR_INVALID_INPUT, "it cannot be inflated");
	} else {
		return error_set(error, ERROR_INVALID_INPUT,
			"compression method %d is not supported", data->method);
	}
	if (libdeflate_crc32(0, to, data->size) != data->crc)
		return error_set(error, ERROR_INTEGRITY, "its checksum (CRC-32) differs");
	return true;
}
