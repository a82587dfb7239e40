/* SPDX-License-Identifier: MIT */
/* What every reader of zip archives needs: numbers, sizes of headers, the end record, inflating. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	ZIP_LOCAL_SIZE = 30,
	ZIP_ENTRY_SIZE = 46,
	ZIP_END_SIZE = 22,
	ZIP_END64_SIZE = 56,
	ZIP_LOCATOR64_SIZE = 20,
	ZIP_MAX_COMMENT = 65535,
	ZIP_STORED = 0,
	ZIP_DEFLATED = 8,
};
#define ZIP_LOCAL_MARK 0x04034b50u
#define ZIP_ENTRY_MARK 0x02014b50u
#define ZIP_END_MARK 0x06054b50u
#define ZIP_END64_MARK 0x06064b50u
#define ZIP_LOCATOR64_MARK 0x07064b50u
#define ZIP_DESCRIPTOR_MARK 0x08074b50u

static inline uint16_t
zip_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
zip_u32(const uint8_t *p)
{
	return (uint32_t)zip_u16(p) | (uint32_t)zip_u16(p + 2) << 16;
}

static inline uint64_t
zip_u64(const uint8_t *p)
{
	return (uint64_t)zip_u32(p) | (uint64_t)zip_u32(p + 4) << 32;
}

/* The end record within the last bytes of an archive, or NULL. It must reach to the last byte and
 * be the last thing that looks like one: readers that disagree about which of two counts are how
 * one archive shows two contents. */
const uint8_t *zip_find_end(const uint8_t *tail, size_t length);

struct libdeflate_decompressor;
/* Inflates or copies one member (ZIP_STORED, ZIP_DEFLATED) into `size` bytes at `to`; the data must
 * be used up exactly and the checksum hold. */
struct zip_data {
	const uint8_t *bytes;
	size_t compressed, size;
	uint32_t crc;
	uint16_t method;
};
bool zip_inflate(struct libdeflate_decompressor *decompressor, const struct zip_data *data,
	void *to, GError **error);
