/* SPDX-License-Identifier: MIT */
#include "wheel/tags.h"
#include "wheel/tags_private.h"

#include <stdlib.h>
#include <string.h>

struct Tags {
	GPtrArray *list;   /* of char *, best first */
	GHashTable *ranks; /* text (of list) -> index + 1 of its first place */
};

/* --- platforms ----------------------------------------------------------------------------- */

static char **
finish(GPtrArray *texts)
{
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(texts, FALSE);
}

static const char *
legacy_manylinux(int major, int minor)
{
	if (major != 2)
		return NULL;
	return minor == 17   ? "manylinux2014"
	       : minor == 12 ? "manylinux2010"
	       : minor == 5  ? "manylinux1"
			     : NULL;
}

/* PEP 600 and its forerunners: every glibc from the system's down to the oldest with that arch. */
static void
add_manylinux(GPtrArray *out, const char *arch, const int glibc[2], bool old)
{
	for (int major = glibc[0]; major >= 2; major--) {
		int first = major == glibc[0] ? glibc[1] : 50;
		int last = major > 2 ? -1 : old ? 4 : 16;
		for (int minor = first; minor > last; minor--) {
			g_ptr_array_add(
				out, g_strdup_printf("manylinux_%d_%d_%s", major, minor, arch));
			const char *legacy = legacy_manylinux(major, minor);
			if (legacy)
				g_ptr_array_add(out, g_strdup_printf("%s_%s", legacy, arch));
		}
	}
}

static bool
has_manylinux(const char *arch)
{
	static const char *const archs[] = {"x86_64", "i686", "aarch64", "armv7l", "armv8l",
		"ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"};
	for (size_t i = 0; i < G_N_ELEMENTS(archs); i++)
		if (strcmp(archs[i], arch) == 0)
			return true;
	return false;
}

char **
tags_linux_platforms(const char *arch, bool is_32bit, const int libc[2], bool is_musl, bool abi_ok)
{
	GPtrArray *out = g_ptr_array_new();
	if (is_32bit && strcmp(arch, "x86_64") == 0)
		arch = "i686";
	else if (is_32bit && strcmp(arch, "aarch64") == 0)
		arch = "armv8l";
	const char *archs[] = {arch, strcmp(arch, "armv8l") == 0 ? "armv7l" : NULL, NULL};
	for (const char **a = archs; *a; a++)
		g_ptr_array_add(out, g_strdup_printf("linux_%s", *a));
	bool old = strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
	for (const char **a = archs; *a; a++) {
		if (!is_musl && libc[0] >= 2 && abi_ok && has_manylinux(arch))
			add_manylinux(out, *a, libc, old);
		for (int minor = libc[1]; is_musl && minor >= 0; minor--)
			g_ptr_array_add(
				out, g_strdup_printf("musllinux_%d_%d_%s", libc[0], minor, *a));
	}
	return finish(out);
}

static bool
before(int major, int minor, int other_major, int other_minor)
{
	return major < other_major || (major == other_major && minor < other_minor);
}

static void
add_mac_formats(GPtrArray *out, int major, int minor, const char *arch)
{
	const char *formats[8] = {arch};
	size_t count = 1;
	bool x64 = strcmp(arch, "x86_64") == 0, i386 = strcmp(arch, "i386") == 0;
	bool ppc64 = strcmp(arch, "ppc64") == 0, ppc = strcmp(arch, "ppc") == 0;
	if (((x64 || i386 || ppc64) && before(major, minor, 10, 4)) ||
		(ppc64 && before(10, 5, major, minor)) || (ppc && before(10, 6, major, minor)))
		return;
	if (x64) {
		formats[count++] = "intel";
		formats[count++] = "fat64";
		formats[count++] = "fat3";
	} else if (i386) {
		formats[count++] = "intel";
		formats[count++] = "fat3";
		formats[count++] = "fat";
	} else if (ppc64) {
		formats[count++] = "fat64";
	} else if (ppc) {
		formats[count++] = "fat3";
		formats[count++] = "fat";
	}
	if (x64 || strcmp(arch, "arm64") == 0)
		formats[count++] = "universal2";
	if (x64 || i386 || ppc64 || ppc || strcmp(arch, "intel") == 0)
		formats[count++] = "universal";
	for (size_t i = 0; i < count; i++)
		g_ptr_array_add(out, g_strdup_printf("macosx_%d_%d_%s", major, minor, formats[i]));
}

char **
tags_mac_platforms(int major, int minor, const char *arch)
{
	GPtrArray *out = g_ptr_array_new();
	for (int m = minor; major == 10 && m >= 0; m--)
		add_mac_formats(out, 10, m, arch);
	for (int m = major; m > 10; m--)
		add_mac_formats(out, m, 0, arch);
	/* Binaries for 10.x run on later systems; on arm64 only the universal ones. */
	for (int m = 16; major >= 11 && m > 3; m--) {
		if (strcmp(arch, "x86_64") == 0)
			add_mac_formats(out, 10, m, arch);
		else
			g_ptr_array_add(out, g_strdup_printf("macosx_10_%d_universal2", m));
	}
	return finish(out);
}

/* --- tags ---------------------------------------------------------------------------------- */

static void
add(Tags *tags, const char *python, const char *abi, const char *platform)
{
	char *text = g_strconcat(python, "-", abi, "-", platform, NULL);
	g_ptr_array_add(tags->list, text);
	if (!g_hash_table_contains(tags->ranks, text))
		g_hash_table_insert(tags->ranks, text, GUINT_TO_POINTER(tags->list->len));
}

static void
add_all(Tags *tags, const char *python, const char *abi, const char *const *platforms)
{
	for (; *platforms; platforms++)
		add(tags, python, abi, *platforms);
}

static bool
is_explicit(const char *abi, bool threading)
{
	return strcmp(abi, "abi3") == 0 || strcmp(abi, "none") == 0 ||
	       (threading && strcmp(abi, "abi3t") == 0);
}

/* An ABI such as cp313t: free-threaded. */
static bool
is_threaded(const char *const *abis)
{
	if (!abis[0] || !g_str_has_prefix(abis[0], "cp") || !g_ascii_isdigit(abis[0][2]))
		return false;
	const char *flags = abis[0] + 2 + strspn(abis[0] + 2, "0123456789");
	return strchr(flags, 't') != NULL;
}

static void
add_cpython(Tags *tags, const struct tags_facts *f, const char *interpreter)
{
	bool threading = is_threaded(f->abis);
	const char *stable = threading ? "abi3t" : "abi3";
	bool has_stable = f->minor >= 0 && (f->major > 3 || (f->major == 3 && f->minor >= 2));
	for (const char *const *abi = f->abis; *abi; abi++)
		if (!is_explicit(*abi, threading))
			add_all(tags, interpreter, *abi, f->platforms);
	if (has_stable)
		add_all(tags, interpreter, stable, f->platforms);
	add_all(tags, interpreter, "none", f->platforms);
	for (int minor = f->minor - 1; has_stable && minor > 1; minor--) {
		g_autofree char *older = g_strdup_printf("cp%d%d", f->major, minor);
		add_all(tags, older, stable, f->platforms);
	}
}

static void
add_generic(Tags *tags, const struct tags_facts *f, const char *interpreter)
{
	bool none = false;
	for (const char *const *abi = f->abis; *abi; abi++) {
		add_all(tags, interpreter, *abi, f->platforms);
		none = none || strcmp(*abi, "none") == 0;
	}
	if (!none)
		add_all(tags, interpreter, "none", f->platforms);
}

/* py312, py3, py311 … py30. */
static char **
pure_pythons(const struct tags_facts *f)
{
	GPtrArray *out = g_ptr_array_new();
	if (f->minor >= 0)
		g_ptr_array_add(out, g_strdup_printf("py%d%d", f->major, f->minor));
	g_ptr_array_add(out, g_strdup_printf("py%d", f->major));
	for (int minor = f->minor - 1; minor >= 0; minor--)
		g_ptr_array_add(out, g_strdup_printf("py%d%d", f->major, minor));
	return finish(out);
}

Tags *
tags_from_facts(const struct tags_facts *f)
{
	Tags *tags = g_new0(Tags, 1);
	tags->list = g_ptr_array_new_with_free_func(g_free);
	tags->ranks = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *interpreter =
		f->minor >= 0 ? g_strdup_printf("%s%d%d", f->implementation, f->major, f->minor)
			      : g_strdup_printf("%s%d", f->implementation, f->major);
	if (strcmp(f->implementation, "cp") == 0)
		add_cpython(tags, f, interpreter);
	else
		add_generic(tags, f, interpreter);
	g_auto(GStrv) pythons = pure_pythons(f);
	for (char **python = pythons; *python; python++)
		add_all(tags, *python, "none", f->platforms);
	if (f->compatible)
		add(tags, f->compatible, "none", "any");
	for (char **python = pythons; *python; python++)
		add(tags, *python, "none", "any");
	return tags;
}

static const char *
short_name(const char *implementation)
{
	static const char *const names[][2] = {{"cpython", "cp"}, {"pypy", "pp"},
		{"ironpython", "ip"}, {"jython", "jy"}, {"python", "py"}};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i][0], implementation) == 0)
			return names[i][1];
	return implementation;
}

static char *
normalized(const char *text)
{
	return g_strdelimit(g_strdup(text), ".- ", '_');
}

static char **
own_platforms(const Python *python)
{
	g_autofree char *platform = normalized(python->platform);
	if (g_str_has_prefix(platform, "linux_"))
		return tags_linux_platforms(
			platform + 6, python->is_32bit, python->libc, python->is_musl, true);
	if (g_str_has_prefix(platform, "macosx_")) {
		char *end;
		int major = (int)strtol(platform + 7, &end, 10);
		int minor = *end == '_' ? (int)strtol(end + 1, &end, 10) : 0;
		const char *arch = *end == '_' ? end + 1 : python->markers[3];
		if (strcmp(arch, "universal2") == 0)
			arch = python->markers[3];
		return tags_mac_platforms(major, minor, arch);
	}
	char *alone[] = {platform, NULL};
	return g_strdupv(alone);
}

/* pip's expansion of --platform: macOS names stand for all that such a system runs. */
static void
add_platform(GPtrArray *out, const char *platform)
{
	g_auto(GStrv) names = NULL;
	char *end = NULL;
	const char *arch = strchr(platform, '_');
	int major = g_str_has_prefix(platform, "macosx_") ? (int)strtol(platform + 7, &end, 10) : 0;
	int minor = end && *end == '_' ? (int)strtol(end + 1, &end, 10) : -1;
	if (major > 0 && minor >= 0 && *end == '_') {
		names = tags_mac_platforms(major, minor, end + 1);
	} else {
		bool of2014 = arch && g_str_has_prefix(platform, "manylinux2014_");
		bool intel = arch && (strcmp(arch, "_x86_64") == 0 || strcmp(arch, "_i686") == 0);
		bool of2010 = arch && g_str_has_prefix(platform, "manylinux2010_");
		names = g_new0(char *, 4);
		names[0] = g_strdup(platform);
		if (of2014 && intel)
			names[1] = g_strconcat("manylinux2010", arch, NULL);
		if (of2010 || (of2014 && intel))
			names[of2010 ? 1 : 2] = g_strconcat("manylinux1", arch, NULL);
	}
	for (char **name = names; *name; name++) {
		bool known = false;
		for (guint i = 0; i < out->len && !known; i++)
			known = strcmp(g_ptr_array_index(out, i), *name) == 0;
		if (!known)
			g_ptr_array_add(out, g_strdup(*name));
	}
}

static char **
own_abis(const Python *python, int major, int minor, const char *implementation)
{
	bool same = major == python->major && minor == python->minor;
	if (same || strcmp(implementation, "cp") != 0)
		return g_strdupv(python->abis);
	if (minor < 0)
		return g_new0(char *, 1);
	GPtrArray *out = g_ptr_array_new();
	const char *threading = python->free_threaded && minor >= 13 ? "t" : "";
	g_ptr_array_add(out,
		g_strdup_printf("cp%d%d%s%s", major, minor, threading, python->debug ? "d" : ""));
	if (python->debug)
		g_ptr_array_add(out, g_strdup_printf("cp%d%d%s", major, minor, threading));
	return finish(out);
}

Tags *
tags_for_target(const Python *python, const char *const *platforms, const char *python_version,
	const char *implementation, const char *const *abis)
{
	struct tags_facts facts = {.implementation = implementation
							     ? implementation
							     : short_name(python->implementation),
		.major = python->major,
		.minor = python->minor};
	if (python_version && *python_version) {
		facts.major = python_version[0] - '0';
		facts.minor = python_version[1] ? (int)strtol(python_version + 1, NULL, 10) : -1;
	}
	g_auto(GStrv) own = NULL, chosen = NULL;
	if (platforms && platforms[0]) {
		GPtrArray *out = g_ptr_array_new();
		for (const char *const *platform = platforms; *platform; platform++)
			add_platform(out, *platform);
		own = finish(out);
	} else {
		own = own_platforms(python);
	}
	if (abis && abis[0])
		facts.abis = abis;
	else
		facts.abis = (const char *const *)(chosen = own_abis(python, facts.major,
							   facts.minor, facts.implementation));
	facts.platforms = (const char *const *)own;
	g_autofree char *compatible =
		facts.minor >= 0
			? g_strdup_printf("%s%d%d", facts.implementation, facts.major, facts.minor)
			: g_strdup_printf("%s%d", facts.implementation, facts.major);
	facts.compatible = compatible;
	return tags_from_facts(&facts);
}

Tags *
tags_for_python(const Python *python)
{
	return tags_for_target(python, NULL, NULL, NULL, NULL);
}

void
tags_free(Tags *tags)
{
	if (!tags)
		return;
	g_hash_table_unref(tags->ranks);
	g_ptr_array_unref(tags->list);
	g_free(tags);
}

size_t
tags_count(const Tags *tags)
{
	return tags->list->len;
}

const char *
tags_get(const Tags *tags, size_t index)
{
	return g_ptr_array_index(tags->list, index);
}

/* Next member of a dotted set; NULL at its end. */
static const char *
next_member(const char *at, size_t *length)
{
	if (!*at)
		return NULL;
	*length = strcspn(at, ".");
	return at;
}

int
tags_rank(
	const Tags *tags, const char *python_tags, const char *abi_tags, const char *platform_tags)
{
	unsigned best = 0;
	size_t p, a, l;
	char key[512];
	for (const char *python = python_tags; (python = next_member(python, &p));
		python += p + (python[p] == '.'))
		for (const char *abi = abi_tags; (abi = next_member(abi, &a));
			abi += a + (abi[a] == '.'))
			for (const char *platform = platform_tags;
				(platform = next_member(platform, &l));
				platform += l + (platform[l] == '.')) {
				int size = g_snprintf(key, sizeof key, "%.*s-%.*s-%.*s", (int)p,
					python, (int)a, abi, (int)l, platform);
				if (size < 0 || (size_t)size >= sizeof key)
					continue;
				unsigned rank =
					GPOINTER_TO_UINT(g_hash_table_lookup(tags->ranks, key));
				if (rank && (!best || rank < best))
					best = rank;
			}
	return (int)best - 1;
}
