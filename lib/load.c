/* SPDX-License-Identifier: MIT */
#include "lib/load.h"
#include "lib/error.h"

/* The headers' type-checking macros would hide the functions' names. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

void *
load_library(const char *soname, const char *package, GError **error)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		error_set(error, ERROR_ENVIRONMENT, "cannot load %s: install the package %s",
			soname, package);
	return library;
}

bool
load_symbol(void *library, const char *name, void *function, GError **error)
{
	void *symbol = dlsym(library, name);
	if (!symbol)
		return error_set(
			error, ERROR_ENVIRONMENT, "a library is too old: it lacks %s", name);
	memcpy(function, &symbol, sizeof symbol);
	return true;
}

/* Written once, under pthread_once. */
static struct load_curl *loaded_curl;
static struct load_crypto *loaded_crypto;

static void
fill_curl(void)
{
	void *library = load_library("libcurl.so.4", "libcurl4", NULL);
	struct load_curl *table = library ? g_new0(struct load_curl, 1) : NULL;
	bool ok = library != NULL;
#define FILL(name) ok = ok && load_symbol(library, #name, &table->name, NULL);
	LOAD_CURL(FILL)
	ok = ok && table->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (!ok)
		g_clear_pointer(&table, g_free);
	loaded_curl = table;
}

static void
fill_crypto(void)
{
	void *library = load_library("libcrypto.so.3", "libssl3", NULL);
	struct load_crypto *table = library ? g_new0(struct load_crypto, 1) : NULL;
	bool ok = library != NULL;
	LOAD_CRYPTO(FILL)
#undef FILL
	if (!ok)
		g_clear_pointer(&table, g_free);
	loaded_crypto = table;
}

const struct load_curl *
load_curl(GError **error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_curl);
	if (!loaded_curl)
		error_set(error, ERROR_ENVIRONMENT,
			"cannot load libcurl.so.4: install the package libcurl4");
	return loaded_curl;
}

const struct load_crypto *
load_crypto(GError **error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_crypto);
	if (!loaded_crypto)
		error_set(error, ERROR_ENVIRONMENT,
			"cannot load libcrypto.so.3: install the package libssl3");
	return loaded_crypto;
}
