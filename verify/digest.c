/* SPDX-License-Identifier: MIT */
#include "verify/digest.h"
#include "lib/error.h"
#include "lib/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READ_STEP = 1 << 18 };

struct Hasher {
	const struct load_crypto *crypto;
	EVP_MD_CTX *context;
	unsigned size;
};

bool
digest_from_hex(const char *hex, struct digest *out)
{
	if (strnlen(hex, 65) != 64)
		return false;
	for (size_t i = 0; i < 64; i++)
		if (!g_ascii_isxdigit(hex[i]))
			return false;
	for (size_t i = 0; i < 32; i++)
		out->bytes[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) * 16 +
					  g_ascii_xdigit_value(hex[2 * i + 1]));
	return true;
}

void
digest_to_hex(const struct digest *digest, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = digits[digest->bytes[i] >> 4];
		out[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	out[64] = '\0';
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* SHA-256 is fetched once: a look-up in OpenSSL's providers costs more than hashing a small file.
 */
static gpointer
fetch_sha256(gpointer crypto)
{
	return ((const struct load_crypto *)crypto)->EVP_MD_fetch(NULL, "SHA256", NULL);
}

Hasher *
hasher_new(const char *algorithm, GError **error)
{
	static GOnce sha256 = G_ONCE_INIT;
	const struct load_crypto *crypto = load_crypto(error);
	if (!crypto)
		return NULL;
	bool common = g_ascii_strcasecmp(algorithm, "sha256") == 0;
	EVP_MD *fetched = common ? NULL : crypto->EVP_MD_fetch(NULL, algorithm, NULL);
	const EVP_MD *md =
		common ? g_once(&sha256, fetch_sha256, (gpointer)(uintptr_t)crypto) : fetched;
	if (!md) {
		error_set(error, ERROR_INVALID_INPUT, "unknown hash algorithm: %s", algorithm);
		return NULL;
	}
	Hasher *hasher = g_new0(Hasher, 1);
	hasher->crypto = crypto;
	hasher->context = crypto->EVP_MD_CTX_new();
	hasher->size = (unsigned)crypto->EVP_MD_get_size(md);
	crypto->EVP_DigestInit_ex(hasher->context, md, NULL);
	crypto->EVP_MD_free(fetched);
	return hasher;
}

void
hasher_update(Hasher *hasher, const void *bytes, size_t length)
{
	hasher->crypto->EVP_DigestUpdate(hasher->context, bytes, length);
}

char *
hasher_finish_hex(Hasher *hasher)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	hasher->crypto->EVP_DigestFinal_ex(hasher->context, bytes, &size);
	char *hex = g_malloc(2 * (size_t)size + 1);
	for (unsigned i = 0; i < size; i++)
		g_snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
	hex[2 * (size_t)size] = '\0';
	return hex;
}

void
hasher_finish(Hasher *hasher, struct digest *out)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	hasher->crypto->EVP_DigestFinal_ex(hasher->context, bytes, &size);
	memcpy(out->bytes, bytes, sizeof out->bytes);
}

void
hasher_free(Hasher *hasher)
{
	if (!hasher)
		return;
	hasher->crypto->EVP_MD_CTX_free(hasher->context);
	g_free(hasher);
}

void
digest_bytes(const void *bytes, size_t length, struct digest *out)
{
	g_autoptr(Hasher) hasher = hasher_new("sha256", NULL);
	memset(out, 0, sizeof *out);
	if (!hasher)
		return;
	hasher_update(hasher, bytes, length);
	hasher_finish(hasher, out);
}

bool
digest_file(int fd, struct digest *out, GError **error)
{
	g_autoptr(Hasher) hasher = hasher_new("sha256", error);
	if (!hasher)
		return false;
	g_autofree uint8_t *buffer = g_malloc(READ_STEP);
	for (off_t at = 0;;) {
		ssize_t got = pread(fd, buffer, READ_STEP, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(error, errno, "reading a file to be hashed");
		if (got == 0)
			break;
		hasher_update(hasher, buffer, (size_t)got);
		at += got;
	}
	hasher_finish(hasher, out);
	return true;
}

char *
digest_record(const struct digest *digest)
{
	g_autofree char *base64 = g_base64_encode(digest->bytes, sizeof digest->bytes);
	for (char *c = base64; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
	return g_strconcat("sha256=", base64, NULL);
}
