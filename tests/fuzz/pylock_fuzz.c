/* SPDX-License-Identifier: MIT */
/* Lock files: a selection or an error, whatever the bytes. */
#include "resolver/pylock.h"

#include <stdint.h>

static const struct marker_env env = {{"cpython", "3.12.1", "posix", "x86_64", "CPython", "6.1",
	"Linux", "#1", "3.12.1", "3.12", "linux"}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *abis[] = {(char *)"cp312", NULL};
	Python python = {.implementation = (char *)"cpython",
		.version = (char *)"3.12.1",
		.cache_tag = (char *)"cpython-312",
		.major = 3,
		.minor = 12,
		.abis = abis,
		.platform = (char *)"linux-x86_64"};
	g_autoptr(Tags) tags = tags_for_python(&python);
	struct pylock_target target = {&env, tags};
	const char *places[] = {"/d/pylock.toml", "https://h/pylock.toml"};
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) items =
			pylock_select((const char *)data, size, places[i], &target, NULL, &error);
		g_assert(!items == !!error);
	}
	return 0;
}
