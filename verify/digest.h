/* SPDX-License-Identifier: MIT */
/* SHA-2 and other digests of bytes and files (OpenSSL EVP, loaded at first use). */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct digest { /* a SHA-256 */
	uint8_t bytes[32];
};

bool digest_from_hex(const char *hex, struct digest *out); /* 64 hex digits, else false */
void digest_to_hex(const struct digest *digest, char out[65]);
bool digest_equal(const struct digest *a, const struct digest *b);

/* Any algorithm that hashlib names (md5, sha1, sha224, sha256, sha384, sha512…). */
typedef struct Hasher Hasher;
Hasher *hasher_new(const char *algorithm, GError **error);
void hasher_update(Hasher *hasher, const void *bytes, size_t length);
/* Hex, newly allocated; the hasher is finished. */
char *hasher_finish_hex(Hasher *hasher);
void hasher_finish(Hasher *hasher, struct digest *out); /* sha256 only */
void hasher_free(Hasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hasher, hasher_free)

void digest_bytes(const void *bytes, size_t length, struct digest *out); /* thread-safe */
bool digest_file(int fd, struct digest *out, GError **error); /* from offset 0, by pread */
/* `sha256=` urlsafe base64 without padding: the form of RECORD (PEP 376/427). Newly allocated. */
char *digest_record(const struct digest *digest);
