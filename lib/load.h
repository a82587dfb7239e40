/* SPDX-License-Identifier: MIT */
/* Libraries that most runs do not need, loaded at first use: start-up stays free of their cost. */
#pragma once
#include <curl/curl.h>
#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* The functions that we use; names as in the library. */
#define LOAD_CURL(X)                                                                               \
	X(curl_global_init)                                                                        \
	X(curl_easy_init)                                                                          \
	X(curl_easy_setopt)                                                                        \
	X(curl_easy_getinfo)                                                                       \
	X(curl_easy_reset)                                                                         \
	X(curl_easy_cleanup)                                                                       \
	X(curl_easy_strerror)                                                                      \
	X(curl_multi_init)                                                                         \
	X(curl_multi_setopt)                                                                       \
	X(curl_multi_add_handle)                                                                   \
	X(curl_multi_remove_handle)                                                                \
	X(curl_multi_perform)                                                                      \
	X(curl_multi_poll)                                                                         \
	X(curl_multi_info_read)                                                                    \
	X(curl_multi_cleanup)                                                                      \
	X(curl_slist_append)                                                                       \
	X(curl_slist_free_all)

#define LOAD_CRYPTO(X)                                                                             \
	X(EVP_MD_CTX_new)                                                                          \
	X(EVP_MD_CTX_free)                                                                         \
	X(EVP_MD_fetch)                                                                            \
	X(EVP_MD_free)                                                                             \
	X(EVP_MD_get_size)                                                                         \
	X(EVP_DigestInit_ex)                                                                       \
	X(EVP_DigestUpdate)                                                                        \
	X(EVP_DigestFinal_ex)

struct load_curl {
#define MEMBER(name) __typeof__(&name) name;
	LOAD_CURL(MEMBER)
};
struct load_crypto {
	LOAD_CRYPTO(MEMBER)
#undef MEMBER
};

/* Loads once (thread-safe); NULL with ERROR_ENVIRONMENT, naming the Debian package, if it is not
 * installed. Never unloaded. */
const struct load_curl *load_curl(GError **error);
const struct load_crypto *load_crypto(GError **error);
/* dlopen with the same error; for tables that belong to one module (libarchive). */
void *load_library(const char *soname, const char *package, GError **error);
bool load_symbol(void *library, const char *name, void *function, GError **error);
