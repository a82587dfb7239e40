/* SPDX-License-Identifier: MIT */
/* PEP 440 specifiers: a set on the first line, versions on the others. */
#include "resolver/specifier.h"

#include <stdint.h>
#include <string.h>

enum { VERSIONS_MAX = 16 };

static void
check_versions(const SpecifierSet *set, const SpecifierSet *again, char **texts)
{
	const char *list[VERSIONS_MAX];
	bool keep[VERSIONS_MAX];
	size_t count = 0;
	for (; texts[count] && count < VERSIONS_MAX; count++)
		list[count] = texts[count];
	specifier_filter_texts(set, list, count, PRERELEASES_ALLOW, keep);
	for (size_t i = 0; i < count; i++) {
		bool contained =
			specifier_contains_text(set, list[i], strlen(list[i]), PRERELEASES_ALLOW);
		g_assert(contained == keep[i]);
		g_autoptr(Version) version = version_parse_string(list[i]);
		/* `===` compares spellings, which a parsed version has only one of. */
		if (!version || strstr(specifier_text(set), "==="))
			continue;
		g_assert(contained == specifier_matches(set, version));
		g_assert(contained == specifier_matches(again, version));
		if (specifier_contains(set, version, PRERELEASES_DENY))
			g_assert(!version_is_prerelease(version));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t first = line ? (size_t)(line - text) : size;
	g_autoptr(GError) error = NULL;
	g_autoptr(SpecifierSet) set = specifier_parse(text, first, &error);
	g_assert(!set == !!error);
	if (!set)
		return 0;
	const char *written = specifier_text(set);
	g_autoptr(SpecifierSet) again = specifier_parse(written, strlen(written), NULL);
	if (memchr(text, '\0', first)) /* `===` takes any byte, and texts end at this one */
		return 0;
	g_assert_nonnull(again);
	g_assert_cmpstr(written, ==, specifier_text(again));
	g_autoptr(SpecifierSet) both = specifier_and(set, again);
	g_assert_cmpstr(written, ==, specifier_text(both));
	g_autofree char *rest = line ? g_strndup(line + 1, size - first - 1) : g_strdup("");
	g_auto(GStrv) texts = g_strsplit(rest, "\n", VERSIONS_MAX);
	check_versions(set, again, texts);
	return 0;
}
