/* SPDX-License-Identifier: MIT */
/* tags.json and wheel_rank.jsonl. */
#include "lib/json.h"
#include "tests/conformance/conformance.h"
#include "wheel/filename.h"
#include "wheel/tags_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **
texts(struct json array)
{
	GPtrArray *out = g_ptr_array_new();
	struct json_iter iter = json_iter(array);
	struct json value;
	while (json_next(&iter, NULL, &value))
		g_ptr_array_add(out, g_strdup(json_string(value, NULL)));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, FALSE);
}

static void
pair(struct json array, int out[2])
{
	struct json_iter iter = json_iter(array);
	struct json value;
	int64_t number = 0;
	for (int i = 0; i < 2 && json_next(&iter, NULL, &value); i++) {
		json_int(value, &number);
		out[i] = (int)number;
	}
}

static char **
platforms_of(struct json platform)
{
	const char *os = json_string(json_get(platform, "os"), NULL);
	const char *arch = json_string(json_get(platform, "arch"), NULL);
	int version[2] = {0, 0};
	if (strcmp(os, "macos") == 0) {
		pair(json_get(platform, "version"), version);
		return tags_mac_platforms(version[0], version[1], arch);
	}
	if (strcmp(os, "linux") == 0) {
		bool musl = json_type(json_get(platform, "musl")) == JSON_ARRAY;
		pair(json_get(platform, musl ? "musl" : "glibc"), version);
		return tags_linux_platforms(arch, json_bool(json_get(platform, "is_32bit"), false),
			version, musl, json_bool(json_get(platform, "abi_ok"), true));
	}
	char *alone[] = {(char *)json_string(json_get(platform, "platform"), NULL), NULL};
	return g_strdupv(alone);
}

static Tags *
tags_of(struct json environment)
{
	const char *name = json_string(json_get(environment, "implementation"), NULL);
	int version[2] = {0, 0};
	pair(json_get(environment, "python_version"), version);
	g_auto(GStrv) abis = texts(json_get(environment, "abis"));
	g_auto(GStrv) platforms = platforms_of(json_get(environment, "platform"));
	bool cpython = strcmp(name, "cpython") == 0;
	g_autofree char *interpreter =
		cpython ? g_strdup_printf("cp%d%d", version[0], version[1]) : g_strdup("pp3");
	struct tags_facts facts = {.implementation = cpython ? "cp" : "pp",
		.major = version[0],
		.minor = version[1],
		.abis = (const char *const *)abis,
		.platforms = (const char *const *)platforms,
		.compatible = interpreter};
	return tags_from_facts(&facts);
}

static bool
same_tags(struct json environment)
{
	const char *id = json_string(json_get(environment, "id"), NULL);
	g_auto(GStrv) platforms = platforms_of(json_get(environment, "platform"));
	g_auto(GStrv) wanted_platforms = texts(json_get(environment, "platforms"));
	g_auto(GStrv) wanted = texts(json_get(environment, "tags"));
	Tags *tags = tags_of(environment);
	bool same =
		g_strv_equal((const char *const *)platforms, (const char *const *)wanted_platforms);
	same = same && g_strv_length(wanted) == tags_count(tags);
	for (size_t i = 0; same && wanted[i]; i++)
		same = conformance_same(id, wanted[i], tags_get(tags, i));
	tags_free(tags);
	if (!same)
		printf("# %s differs\n", id);
	return same;
}

struct ranks {
	const Json *json;
	GHashTable *tags; /* environment id -> Tags * */
};

struct candidate {
	char *filename;
	int rank;
	unsigned long build;
	char *suffix;
};

static int
compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->build != y->build)
		return x->build > y->build ? -1 : 1;
	return strcmp(y->suffix, x->suffix);
}

static void
add_candidate(GArray *candidates, const Tags *tags, const char *filename)
{
	struct wheel_filename name;
	if (!filename_parse_wheel(filename, &name, NULL))
		return;
	int rank = tags_rank(tags, name.python_tags, name.abi_tags, name.platform_tags);
	if (rank >= 0) {
		char *end = name.build;
		struct candidate c = {.filename = g_strdup(filename), .rank = rank};
		/* No build tag sorts below number 0. */
		c.build = *name.build ? strtoul(name.build, &end, 10) + 1 : 0;
		c.suffix = g_strdup(end);
		g_array_append_val(candidates, c);
	}
	wheel_filename_clear(&name);
}

static bool
check_rank(const char *line, size_t length, void *user)
{
	struct ranks *ranks = user;
	g_autoptr(Json) json = json_parse(line, length, NULL);
	if (!json)
		return false;
	struct json root = json_root(json);
	const Tags *tags =
		g_hash_table_lookup(ranks->tags, json_string(json_get(root, "env"), NULL));
	g_auto(GStrv) files = texts(json_get(root, "candidates"));
	g_auto(GStrv) wanted = texts(json_get(root, "compatible_best_first"));
	if (!tags)
		return false;
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));
	for (char **file = files; *file; file++)
		add_candidate(candidates, tags, *file);
	g_array_sort(candidates, compare);
	struct json_iter iter = json_iter(json_get(root, "tag_index"));
	struct json value;
	bool ties = json_bool(json_get(root, "ties"), false);
	bool same = candidates->len == g_strv_length(wanted);
	for (guint i = 0; i < candidates->len; i++) {
		struct candidate *c = &g_array_index(candidates, struct candidate, i);
		int64_t index = -1;
		if (json_next(&iter, NULL, &value))
			json_int(value, &index);
		same = same && c->rank == index && (ties || strcmp(c->filename, wanted[i]) == 0);
		g_free(c->filename);
		g_free(c->suffix);
	}
	return same;
}

static void
free_tags(void *tags)
{
	tags_free(tags);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	size_t length = 0;
	g_autofree char *text = conformance_read(argv[1], "tags.json", &length);
	g_autoptr(Json) json = text ? json_parse(text, length, NULL) : NULL;
	if (!json)
		return 0;
	struct file file = {.name = "tags.json"};
	struct ranks ranks = {.json = json};
	ranks.tags = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_tags);
	struct json_iter iter = json_iter(json_get(json_root(json), "environments"));
	struct json environment;
	while (json_next(&iter, NULL, &environment)) {
		if (same_tags(environment))
			file.passed++;
		else
			file.failed++;
		g_hash_table_insert(ranks.tags,
			(char *)json_string(json_get(environment, "id"), NULL),
			tags_of(environment));
	}
	conformance_report(&file);
	conformance_jsonl(argv[1], "wheel_rank.jsonl", check_rank, &ranks);
	g_hash_table_unref(ranks.tags);
	return 0;
}
