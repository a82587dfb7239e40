/* SPDX-License-Identifier: MIT */
/* resolver_scenarios.jsonl: small indexes and what pip made of them. A row passes when there is an
 * answer exactly where pip has one and every requirement of the answer holds; how many answers are
 * pip's to the version and file is counted apart. */
#include "lib/json.h"
#include "resolver/resolve.h"
#include "tests/conformance/conformance.h"
#include "wheel/filename.h"
#include "wheel/name.h"
#include "wheel/tags_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_EXACT_PERCENT = 97 };

struct scenario {
	struct json packages;
	GHashTable *pages;    /* normalised name -> IndexPage */
	GHashTable *metadata; /* "name version" -> Metadata */
};

struct totals {
	unsigned answers, exact;
};

static bool
json_is_true(struct json object, const char *key)
{
	return json_bool(json_get(object, key), false);
}

static void
free_page(void *page)
{
	page_free(page);
}

static void
free_metadata(void *metadata)
{
	metadata_free(metadata);
}

static void
free_requirement(void *requirement)
{
	requirement_free(requirement);
}

/* --- the index --- */

static void
add_link(PageBuilder *builder, const char *filename, struct json release)
{
	g_autofree char *url = g_strconcat("http://127.0.0.1/", filename, NULL);
	struct json yanked = json_get(release, "yanked");
	const char *reason = json_string(yanked, NULL);
	struct page_link link = {.filename = filename,
		.url = url,
		.requires_python = json_string(json_get(release, "requires_python"), NULL),
		.yanked = reason		     ? reason
			  : json_bool(yanked, false) ? ""
						     : NULL,
		.source = "http://127.0.0.1/simple/",
		.size = -1,
		.upload_time = INT64_MIN};
	page_builder_add(builder, &link);
}

static char *
normal_version(const char *text)
{
	g_autoptr(Version) version = version_parse_string(text);
	return g_strdup(version ? version_text(version) : text);
}

static void
add_release(PageBuilder *builder, const char *name, const char *text, struct json release)
{
	g_autofree char *version = normal_version(text), *escaped = name_escape(name);
	g_autofree char *stem = g_strconcat(escaped, "-", version, NULL);
	if (json_is_true(release, "sdist")) {
		g_autofree char *filename = g_strconcat(stem, ".tar.gz", NULL);
		add_link(builder, filename, release);
	}
	if (!json_is_true(release, "wheel"))
		return;
	struct json_iter iter = json_iter(json_get(release, "wheel_tags"));
	struct json tag;
	bool any = false;
	while (json_next(&iter, NULL, &tag)) {
		g_autofree char *filename =
			g_strconcat(stem, "-", json_string(tag, NULL), ".whl", NULL);
		add_link(builder, filename, release);
		any = true;
	}
	if (!any) {
		g_autofree char *filename = g_strconcat(stem, "-py3-none-any.whl", NULL);
		add_link(builder, filename, release);
	}
}

static struct json
find_package(const struct scenario *scenario, const char *name)
{
	struct json_iter iter = json_iter(scenario->packages);
	struct json value;
	const char *key;
	while (json_next(&iter, &key, &value))
		if (name_equal(key, name))
			return value;
	return (struct json){0};
}

static const IndexPage *
scenario_page(void *user, const char *name, GError **error)
{
	(void)error;
	struct scenario *scenario = user;
	IndexPage *page = g_hash_table_lookup(scenario->pages, name);
	if (page)
		return page;
	PageBuilder *builder = page_builder_new(name);
	struct json_iter iter = json_iter(find_package(scenario, name));
	struct json release;
	const char *version;
	while (json_next(&iter, &version, &release))
		add_release(builder, name, version, release);
	page = page_builder_finish(builder);
	g_hash_table_insert(scenario->pages, g_strdup(name), page);
	return page;
}

/* `requirement; marker` with one more condition. */
static void
append_extra_requirement(GString *text, const char *requirement, const char *extra)
{
	g_autoptr(Requirement) parsed = requirement_parse(requirement, strlen(requirement), NULL);
	g_autofree char *marker = parsed && parsed->marker ? marker_text(parsed->marker) : NULL;
	const char *end = marker ? strchr(requirement, ';') : requirement + strlen(requirement);
	g_string_append_printf(
		text, "Requires-Dist: %.*s ; ", (int)(end - requirement), requirement);
	if (marker)
		g_string_append_printf(text, "(%s) and ", marker);
	g_string_append_printf(text, "extra == '%s'\n", extra);
}

static Metadata *
write_metadata(const char *name, const char *version, struct json release)
{
	g_autoptr(GString) text = g_string_new("Metadata-Version: 2.1\n");
	g_string_append_printf(text, "Name: %s\nVersion: %s\n", name, version);
	const char *python = json_string(json_get(release, "requires_python"), NULL);
	if (python)
		g_string_append_printf(text, "Requires-Python: %s\n", python);
	struct json_iter iter = json_iter(json_get(release, "requires"));
	struct json value;
	while (json_next(&iter, NULL, &value))
		g_string_append_printf(text, "Requires-Dist: %s\n", json_string(value, NULL));
	iter = json_iter(json_get(release, "extras"));
	const char *extra;
	while (json_next(&iter, &extra, &value)) {
		g_string_append_printf(text, "Provides-Extra: %s\n", extra);
		struct json_iter requires = json_iter(value);
		struct json requirement;
		while (json_next(&requires, NULL, &requirement))
			append_extra_requirement(text, json_string(requirement, NULL), extra);
	}
	return metadata_parse(text->str, text->len, NULL);
}

static const Version *
file_version(const IndexPage *page, const struct index_file *file)
{
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		for (uint32_t k = 0; k < release->count; k++)
			if (page_file(page, release->first + k) == file)
				return page_version(page, i);
	}
	return NULL;
}

static const Metadata *
scenario_metadata(void *user, const IndexPage *page, const struct index_file *file, GError **error)
{
	(void)error;
	struct scenario *scenario = user;
	const char *name = page_name(page);
	const Version *version = file_version(page, file);
	g_autofree char *key = g_strconcat(name, " ", version_text(version), NULL);
	Metadata *metadata = g_hash_table_lookup(scenario->metadata, key);
	struct json_iter iter = json_iter(find_package(scenario, name));
	struct json release;
	const char *text;
	while (!metadata && json_next(&iter, &text, &release)) {
		g_autoptr(Version) this = version_parse_string(text);
		if (!this || version_compare(this, version) != 0)
			continue;
		metadata = write_metadata(name, text, release);
		g_hash_table_insert(scenario->metadata, g_steal_pointer(&key), metadata);
	}
	return metadata;
}

static void
ignore_listener(void *user, const struct source_listener *listener)
{
	(void)user, (void)listener;
}

static void
ignore_page(void *user, const char *name)
{
	(void)user, (void)name;
}

static void
ignore_metadata(void *user, const IndexPage *page, const struct index_file *file)
{
	(void)user, (void)page, (void)file;
}

/* --- is the answer one? --- */

static bool
has_text(const char *const *list, const char *text)
{
	for (; list && *list; list++)
		if (name_equal(*list, text))
			return true;
	return false;
}

static bool
requirement_holds(const Resolution *answer, const Requirement *requirement)
{
	const struct resolved *it = resolution_find(answer, requirement->normalized_name);
	if (!it || !specifier_contains(requirement->specifier, it->version, PRERELEASES_ALLOW)) {
		printf("#   %s does not hold\n", requirement->name);
		return false;
	}
	for (char **extra = requirement->extras; *extra; extra++)
		if (has_text((const char *const *)it->metadata->provides_extra, *extra) &&
			!has_text(it->extras, *extra))
			return false;
	return true;
}

static bool
applies(const Requirement *requirement, const struct marker_env *env, const char *const *extras)
{
	bool result = requirement->marker == NULL;
	if (!result && !extras[0])
		marker_evaluate(requirement->marker, env, "", &result);
	for (; !result && *extras; extras++)
		marker_evaluate(requirement->marker, env, *extras, &result);
	return result;
}

static bool
dependencies_hold(
	const Resolution *answer, const struct resolved *it, const struct resolve_options *options)
{
	struct marker_env env;
	memcpy(env.values, options->markers, sizeof env.values);
	const char *python = it->metadata->requires_python;
	g_autoptr(SpecifierSet) pythons =
		python ? specifier_parse(python, strlen(python), NULL) : NULL;
	if (pythons && !specifier_contains_text(pythons, options->python_version,
			       strlen(options->python_version), PRERELEASES_ALLOW))
		return false;
	for (char **text = it->metadata->requires_dist; *text; text++) {
		g_autoptr(Requirement) requirement = requirement_parse(*text, strlen(*text), NULL);
		if (!requirement)
			return false;
		if (applies(requirement, &env, it->extras) &&
			!requirement_holds(answer, requirement))
			return false;
	}
	return true;
}

static bool
answer_holds(
	const Resolution *answer, GPtrArray *requirements, const struct resolve_options *options)
{
	struct marker_env env;
	memcpy(env.values, options->markers, sizeof env.values);
	const char *none = NULL;
	for (guint i = 0; i < requirements->len; i++)
		if (applies(requirements->pdata[i], &env, &none) &&
			!requirement_holds(answer, requirements->pdata[i]))
			return false;
	for (size_t i = 0; i < resolution_count(answer); i++)
		if (!dependencies_hold(answer, resolution_get(answer, i), options))
			return false;
	return true;
}

/* --- is it pip's? --- */

static bool
names_file(struct json files, const char *filename)
{
	struct json_iter iter = json_iter(files);
	struct json value;
	while (json_next(&iter, NULL, &value)) {
		g_autofree char *name = g_uri_unescape_string(json_string(value, NULL), NULL);
		if (g_strcmp0(name, filename) == 0)
			return true;
	}
	return false;
}

static bool
is_exact(const Resolution *answer, struct json pip)
{
	struct json packages = json_get(pip, "packages");
	bool same = resolution_count(answer) == json_length(packages);
	for (size_t i = 0; i < resolution_count(answer); i++) {
		const struct resolved *it = resolution_get(answer, i);
		struct json_iter iter = json_iter(packages);
		struct json value;
		const char *name, *wanted = NULL;
		while (json_next(&iter, &name, &value))
			if (name_equal(name, it->name))
				wanted = json_string(value, NULL);
		g_autoptr(Version) version = wanted ? version_parse_string(wanted) : NULL;
		const char *filename = page_text(it->page, it->file->filename);
		if (version && version_compare(version, it->version) == 0 &&
			names_file(json_get(pip, "files"), filename))
			continue;
		printf("#   pip: %s %s; here: %s\n", it->name, wanted ? wanted : "not at all",
			filename);
		same = false;
	}
	return same;
}

/* --- one row --- */

/* "3.12.1": 3 and 12. */
static void
split_python(const char *version, int *major, int *minor)
{
	char *end = NULL;
	*major = (int)strtol(version, &end, 10);
	*minor = *end == '.' ? (int)strtol(end + 1, NULL, 10) : 0;
}

static Tags *
tags_for(const char *python_version)
{
	int major, minor, libc[2] = {2, 36};
	split_python(python_version, &major, &minor);
	g_autofree char *abi = g_strdup_printf("cp%d%d", major, minor);
	const char *abis[] = {abi, NULL};
	g_auto(GStrv) platforms = tags_linux_platforms("x86_64", false, libc, false, true);
	struct tags_facts facts = {.implementation = "cp",
		.major = major,
		.minor = minor,
		.abis = abis,
		.platforms = (const char *const *)platforms,
		.compatible = abi};
	return tags_from_facts(&facts);
}

static void
fill_control(NameControl *control, enum name_control which, struct json names)
{
	struct json_iter iter = json_iter(names);
	struct json value;
	while (json_next(&iter, NULL, &value))
		name_control_add(control, which, json_string(value, NULL), "", NULL);
}

static Resolution *
run(struct scenario *scenario, struct resolve_options *options, struct json asked, GArray *roots,
	GError **error)
{
	struct source source = {scenario, ignore_listener, ignore_page, ignore_metadata,
		scenario_page, scenario_metadata};
	g_autoptr(NameControl) formats = name_control_new(), releases = name_control_new();
	fill_control(formats, NAME_CONTROL_FIRST, json_get(asked, "no_binary"));
	fill_control(formats, NAME_CONTROL_SECOND, json_get(asked, "no_build"));
	if (json_is_true(asked, "prereleases"))
		name_control_add(releases, NAME_CONTROL_FIRST, ":all:", "", NULL);
	options->formats = formats;
	options->releases = releases;
	options->source = &source;
	return resolve(options, (const struct root_requirement *)(void *)roots->data, roots->len,
		NULL, 0, error);
}

/* pip gave up or crashed: its answer says nothing. */
static bool
is_unknown(struct json pip)
{
	int64_t rc = 0;
	json_int(json_get(pip, "rc"), &rc);
	return json_type(pip) != JSON_OBJECT || rc == -14 || rc == 2;
}

static bool
judge(struct json root, struct scenario *scenario, struct resolve_options *options,
	struct totals *totals)
{
	g_autoptr(GPtrArray) requirements = g_ptr_array_new_with_free_func(free_requirement);
	g_autoptr(GArray) roots = g_array_new(FALSE, TRUE, sizeof(struct root_requirement));
	struct json_iter iter = json_iter(json_get(root, "root"));
	struct json value;
	while (json_next(&iter, NULL, &value)) {
		const char *text = json_string(value, NULL);
		Requirement *requirement = requirement_parse(text, strlen(text), NULL);
		if (!requirement)
			return false;
		g_ptr_array_add(requirements, requirement);
		struct root_requirement one = {
			.text = text, .requirement = requirement, .user_requested = true};
		g_array_append_val(roots, one);
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(Resolution) answer =
		run(scenario, options, json_get(root, "options"), roots, &error);
	struct json pip = json_get(root, "pip");
	if (answer && !answer_holds(answer, requirements, options))
		return false;
	if (is_unknown(pip))
		return true;
	if ((answer != NULL) != json_is_true(pip, "satisfiable")) {
		printf("#   %s\n", answer ? "solved what pip does not solve" : error->message);
		return false;
	}
	if (!answer)
		return true;
	totals->answers++;
	if (is_exact(answer, pip))
		totals->exact++;
	else
		printf("# %s: not pip's answer\n", json_string(json_get(root, "id"), NULL));
	return true;
}

static const char *
interpreter(struct json root)
{
	const char *full = json_string(json_get(json_get(root, "pip"), "python"), NULL);
	const char *option = json_string(json_get(json_get(root, "options"), "python"), NULL);
	return full ? full : option ? option : json_string(json_get(root, "python"), NULL);
}

static bool
check_scenario(const char *line, size_t length, void *user)
{
	g_autoptr(Json) json = json_parse(line, length, NULL);
	const char *python = json ? interpreter(json_root(json)) : NULL;
	if (!python)
		return false;
	struct json root = json_root(json);
	int major, minor;
	split_python(python, &major, &minor);
	g_autofree char *python_version = g_strdup_printf("%d.%d", major, minor);
	const char *markers[MARKER_VARIABLES] = {"cpython", python, "posix", "x86_64", "CPython",
		"6.1.0-18-amd64", "Linux", "#1 SMP", python, python_version, "linux"};
	struct resolve_options options = {.markers = markers,
		.python_version = python,
		.tags = tags_for(python),
		.uploaded_prior_to = INT64_MIN};
	struct scenario scenario = {.packages = json_get(root, "packages"),
		.pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_page),
		.metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_metadata)};
	bool passed = judge(root, &scenario, &options, user);
	if (!passed)
		printf("# %s failed\n", json_string(json_get(root, "id"), NULL));
	g_hash_table_unref(scenario.pages);
	g_hash_table_unref(scenario.metadata);
	tags_free((Tags *)options.tags);
	return passed;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	struct totals totals = {0};
	conformance_jsonl(argv[1], "resolver_scenarios.jsonl", check_scenario, &totals);
	if (totals.answers == 0)
		return 0;
	printf("resolver_scenarios.jsonl: %u of %u answers have pip's exact versions and files "
	       "(%.1f %%)\n",
		totals.exact, totals.answers, 100.0 * totals.exact / totals.answers);
	return totals.exact * 100 < totals.answers * MIN_EXACT_PERCENT;
}
