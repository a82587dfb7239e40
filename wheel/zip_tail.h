/* SPDX-License-Identifier: MIT */
/* METADATA out of a piece of a wheel: the end of the archive, fetched by a range request. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct zip_piece {
	const uint8_t *bytes;
	size_t length;
	int64_t start; /* of the piece within the archive */
};

/* Where to find METADATA. */
struct zip_member {
	int64_t offset;	   /* of its local header */
	int64_t end;	   /* an upper bound of the end of its data */
	int64_t directory; /* where the archive's directory begins */
	uint32_t compressed, size, crc;
	uint16_t method;
};

enum zip_tail {
	ZIP_TAIL_FOUND,
	ZIP_TAIL_MORE /* the directory begins before the piece */,
	ZIP_TAIL_BAD
};

/* Looks for `NAME.dist-info/METADATA` in the directory at the end of the piece, which must reach to
 * the archive's last byte. MORE: *from is the offset from which the tail is needed. */
enum zip_tail zip_tail_find(
	const struct zip_piece *tail, struct zip_member *member, int64_t *from, GError **error);
/* The member's text if the piece holds it all, else NULL (without error). ERROR_INTEGRITY or
 * ERROR_INVALID_INPUT for bad data. */
char *zip_tail_read(const struct zip_piece *piece, const struct zip_member *member, size_t *length,
	GError **error);
