/* SPDX-License-Identifier: MIT */
/* versions.tsv, versions_order.tsv, specifiers*.tsv, names.tsv. */
#include "resolver/specifier.h"
#include "resolver/version.h"
#include "tests/conformance/conformance.h"
#include "wheel/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
check_version(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autoptr(Version) v = version_parse(c[0], row->lengths[0], NULL);
	if (!v || strcmp(c[1], "1") != 0)
		return !v && strcmp(c[1], "1") != 0;
	g_autofree char *public = version_public(v), *base = version_base(v),
			*canonical = version_canonical(v), *local = version_local(v),
			*epoch = version_epoch(v);
	return conformance_same("normalized", c[2], version_text(v)) &&
	       conformance_same("public", c[3], public) && conformance_same("base", c[4], base) &&
	       conformance_same("canonical", c[5], canonical) &&
	       conformance_same("pre", c[6], version_is_prerelease(v) ? "1" : "0") &&
	       conformance_same("post", c[7], version_is_postrelease(v) ? "1" : "0") &&
	       conformance_same("dev", c[8], version_is_devrelease(v) ? "1" : "0") &&
	       conformance_same("local", c[9], local ? local : "") &&
	       conformance_same("epoch", c[10], epoch);
}

struct order {
	Version *previous;
	long rank;
};

static bool
check_order(const struct row *row, void *user)
{
	struct order *order = user;
	Version *v = version_parse(row->columns[1], row->lengths[1], NULL);
	long rank = strtol(row->columns[0], NULL, 10);
	bool ok = v != NULL;
	if (v && order->previous) {
		int compared = version_compare(order->previous, v);
		ok = rank == order->rank ? compared == 0 : compared < 0;
		const Version *again = version_from_block(v, version_size(v));
		ok = ok && again && version_compare(again, v) == 0;
	}
	version_free(order->previous);
	order->previous = v;
	order->rank = rank;
	return ok;
}

static enum prereleases
prereleases_of(const char *text)
{
	return *text == 'T'   ? PRERELEASES_ALLOW
	       : *text == 'F' ? PRERELEASES_DENY
			      : PRERELEASES_DEFAULT;
}

static bool
check_contains(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autoptr(SpecifierSet) set = specifier_parse(c[0], row->lengths[0], NULL);
	if (!set)
		return false;
	enum prereleases prereleases = prereleases_of(c[2]);
	bool expected = *c[3] == '1';
	if (specifier_contains_text(set, c[1], row->lengths[1], prereleases) != expected)
		return false;
	g_autoptr(Version) v = version_parse(c[1], row->lengths[1], NULL);
	/* `===` compares the text as written, which a Version has not got any more. */
	if (!v || strstr(c[0], "==="))
		return true;
	return specifier_contains(set, v, prereleases) == expected;
}

static bool
check_parse(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autoptr(SpecifierSet) set = specifier_parse(c[0], row->lengths[0], NULL);
	if (!set || strcmp(c[1], "1") != 0)
		return !set && strcmp(c[1], "1") != 0;
	g_autofree char *text = specifier_sorted_text(set);
	return conformance_same("normalized", c[2], text) &&
	       conformance_same("prereleases", c[3],
		       specifier_prereleases(set) == PRERELEASES_ALLOW ? "T" : "-");
}

static bool
check_filter(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autoptr(SpecifierSet) set = specifier_parse(c[0], row->lengths[0], NULL);
	g_auto(GStrv) words = g_strsplit(c[2], " ", -1);
	size_t count = g_strv_length(words);
	g_autofree bool *keep = g_new0(bool, count + 1);
	if (!set)
		return false;
	specifier_filter_texts(set, (const char *const *)words, count, prereleases_of(c[1]), keep);
	g_autoptr(GString) out = g_string_new(NULL);
	for (size_t i = 0; i < count; i++)
		if (keep[i])
			g_string_append_printf(out, "%s%s", out->len ? " " : "", words[i]);
	return conformance_same("filtered", c[3], out->str);
}

static bool
check_name(const struct row *row, void *user)
{
	(void)user;
	char **c = row->columns;
	g_autofree char *normalized = name_normalize_n(c[0], row->lengths[0]);
	bool valid = name_is_valid(c[0], row->lengths[0]);
	bool plain = strlen(c[0]) == row->lengths[0] && name_is_normalized(c[0]);
	return valid == (*c[1] == '1') &&
	       (strlen(c[0]) != row->lengths[0] ||
		       conformance_same("normalized", c[2], normalized)) &&
	       plain == (*c[3] == '1');
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	struct order order = {0};
	conformance_tsv(argv[1], "versions.tsv", 11, check_version, NULL);
	conformance_tsv(argv[1], "versions_order.tsv", 2, check_order, &order);
	version_free(order.previous);
	conformance_tsv(argv[1], "specifiers.tsv", 4, check_contains, NULL);
	conformance_tsv(argv[1], "specifiers_parse.tsv", 4, check_parse, NULL);
	conformance_tsv(argv[1], "specifiers_filter.tsv", 4, check_filter, NULL);
	conformance_tsv(argv[1], "names.tsv", 4, check_name, NULL);
	return 0;
}
