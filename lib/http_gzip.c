/* SPDX-License-Identifier: MIT */
/* Bodies that came compressed: libdeflate is twice as fast as what libcurl would use, and pages can
 * be unpacked on a worker thread. */
#include "lib/error.h"
#include "lib/http_private.h"

#include <libdeflate.h>
#include <string.h>

enum { TRAILER = 8, MIN_GZIP = 18 };

/* Room for the text: the trailer tells its size, if it is true and there is one member only. */
static size_t
first_guess(const uint8_t *bytes, size_t length, size_t max)
{
	const uint8_t *p = bytes + length - 4;
	uint32_t size =
		(uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	/* Deflate makes at most 1032 bytes of one. */
	return MIN(MIN((size_t)size, length * 1032), max);
}

GBytes *
http_decode(GBytes *body, size_t max, GError **error)
{
	gsize length = 0;
	const uint8_t *bytes = g_bytes_get_data(body, &length);
	if (length < MIN_GZIP) {
		error_set(error, ERROR_NETWORK, "a gzip-encoded answer is cut short");
		return NULL;
	}
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t room = first_guess(bytes, length, max), made = 0, taken = 0;
	uint8_t *text = g_malloc(room + 1);
	enum libdeflate_result result = LIBDEFLATE_SUCCESS;
	while (taken < length) {
		size_t in = 0, out = 0;
		result = libdeflate_gzip_decompress_ex(
			d, bytes + taken, length - taken, text + made, room - made, &in, &out);
		if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room < max) {
			room = MIN(room * 2 + 4096, max);
			text = g_realloc(text, room + 1);
			continue;
		}
		if (result != LIBDEFLATE_SUCCESS)
			break;
		taken += in;
		made += out;
	}
	libdeflate_free_decompressor(d);
	if (result == LIBDEFLATE_SUCCESS)
		return g_bytes_new_take(text, made);
	g_free(text);
	if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
		error_set(error, ERROR_NETWORK, "larger than %" G_GSIZE_FORMAT " bytes", max);
	else
		error_set(error, ERROR_NETWORK, "a gzip-encoded answer is damaged");
	return NULL;
}
