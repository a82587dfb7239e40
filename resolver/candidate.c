/* SPDX-License-Identifier: MIT */
/* pip's rules for files: formats, tags, Requires-Python, upload time; then the order of releases.
 *
 * Among the files of one release the best is the one with a demanded hash, then one that isn't
 * yanked (PEP 592), then the wheel with the best tag (PEP 425) and the highest build tag; an sdist
 * comes last. Releases are tried newest first; with --prefer-binary those that have a wheel come
 * before all others. */
#include "resolver/candidate.h"

#include "lib/error.h"
#include "lib/texts.h"
#include "resolver/specifier.h"
#include "wheel/name.h"

#include <string.h>

enum { TAGS_MAX = 4096 }; /* bytes of a wheel's compressed tag sets; longer ones match nothing */

struct NameControl {
	GHashTable *sets[2]; /* normalised names and `:all:` */
};

NameControl *
name_control_new(void)
{
	NameControl *control = g_new0(NameControl, 1);
	for (size_t i = 0; i < 2; i++)
		control->sets[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return control;
}

void
name_control_free(NameControl *control)
{
	if (control == NULL)
		return;
	g_hash_table_unref(control->sets[0]);
	g_hash_table_unref(control->sets[1]);
	g_free(control);
}

bool
name_control_add(NameControl *control, enum name_control which, const char *value,
	const char *options, GError **error)
{
	g_assert(which != NAME_CONTROL_NONE);
	if (value[0] == '-')
		return error_set(error, ERROR_USAGE, "%s option requires 1 argument.", options);
	GHashTable *target = control->sets[which == NAME_CONTROL_SECOND];
	GHashTable *other = control->sets[which != NAME_CONTROL_SECOND];
	g_auto(GStrv) names = g_strsplit(value, ",", -1);
	size_t start = 0;
	for (size_t i = 0; names[i] != NULL;
		i++) { /* what stands before the last `:all:` is void */
		if (!g_str_equal(names[i], ":all:"))
			continue;
		g_hash_table_remove_all(other);
		g_hash_table_remove_all(target);
		g_hash_table_add(target, g_strdup(":all:"));
		start = i + 1;
		/* Without a later `:none:` the rest is covered. */
		if (!g_strv_contains((const char *const *)names + start, ":none:"))
			return true;
	}
	for (size_t i = start; names[i] != NULL; i++) {
		if (g_str_equal(names[i], ":none:")) {
			g_hash_table_remove_all(target);
			continue;
		}
		char *name = name_normalize(names[i]);
		g_hash_table_remove(other, name);
		g_hash_table_add(target, name);
	}
	return true;
}

enum name_control
name_control_get(const NameControl *control, const char *normalized_name, enum name_control which)
{
	if (control == NULL)
		return NAME_CONTROL_NONE;
	enum name_control rest =
		which == NAME_CONTROL_SECOND ? NAME_CONTROL_FIRST : NAME_CONTROL_SECOND;
	GHashTable *first = control->sets[which == NAME_CONTROL_SECOND];
	GHashTable *second = control->sets[which != NAME_CONTROL_SECOND];
	if (g_hash_table_contains(first, normalized_name))
		return which;
	if (g_hash_table_contains(second, normalized_name))
		return rest;
	if (g_hash_table_contains(first, ":all:"))
		return which;
	return g_hash_table_contains(second, ":all:") ? rest : NAME_CONTROL_NONE;
}

struct CandidateCache {
	GHashTable *ranks;  /* "py3-none-any" -> rank + 2 (1: not supported) */
	GHashTable *python; /* Requires-Python text -> 1 allowed, 2 not */
};

CandidateCache *
candidate_cache_new(void)
{
	CandidateCache *cache = g_new0(CandidateCache, 1);
	cache->ranks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	cache->python = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return cache;
}

void
candidate_cache_free(CandidateCache *cache)
{
	if (cache == NULL)
		return;
	g_hash_table_unref(cache->ranks);
	g_hash_table_unref(cache->python);
	g_free(cache);
}

bool
candidate_python_allowed(CandidateCache *cache, const char *requires_python, const Version *python)
{
	if (requires_python == NULL || requires_python[0] == '\0' || python == NULL)
		return true;
	unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(cache->python, requires_python));
	if (known == 0) {
		g_autoptr(SpecifierSet) set =
			specifier_parse(requires_python, strlen(requires_python), NULL);
		known = set == NULL || specifier_contains(set, python, PRERELEASES_DEFAULT) ? 1 : 2;
		g_hash_table_insert(
			cache->python, g_strdup(requires_python), GUINT_TO_POINTER(known));
	}
	return known == 1;
}

/* Where the tags of a wheel's name begin ("py3-none-any.whl"), or NULL. The page has checked the
 * name already, so only dashes are counted. */
static const char *
wheel_tags(const char *filename)
{
	const char *p = filename + strlen(filename);
	for (int dashes = 0; p > filename; p--)
		if (p[-1] == '-' && ++dashes == 3)
			return p;
	return NULL;
}

/* Rank of a wheel's best tag, lower is better; -1: does not run here. */
static int
wheel_rank(const struct candidate_options *options, const char *filename)
{
	if (options->tags == NULL)
		return 0;
	const char *tags = wheel_tags(filename);
	if (tags == NULL || strlen(tags) >= TAGS_MAX)
		return -1;
	int known = GPOINTER_TO_INT(g_hash_table_lookup(options->cache->ranks, tags));
	if (known != 0)
		return known - 2;
	g_autofree char *copy = g_strdup(tags);
	char *dot = strrchr(copy, '.');
	if (dot != NULL)
		*dot = '\0';
	g_auto(GStrv) parts = g_strsplit(copy, "-", 3);
	int rank = g_strv_length(parts) == 3
			   ? tags_rank(options->tags, parts[0], parts[1], parts[2])
			   : -1;
	g_hash_table_insert(options->cache->ranks, g_strdup(tags), GINT_TO_POINTER(rank + 2));
	return rank;
}

enum file_verdict
candidate_file_verdict(const struct candidate_options *options, const IndexPage *page,
	const struct index_file *file)
{
	enum name_control format =
		name_control_get(options->formats, page_name(page), NAME_CONTROL_SECOND);
	if (file->kind == FILE_WHEEL) {
		if (format == NAME_CONTROL_FIRST)
			return FILE_NO_BINARY;
		if (wheel_rank(options, page_text(page, file->filename)) < 0)
			return FILE_OTHER_PLATFORM;
	}
	/* --uploaded-prior-to looks at what an index says, not at local files. */
	if (options->uploaded_prior_to != INT64_MIN && !file->local) {
		if (file->upload_time == INT64_MIN)
			return FILE_NO_UPLOAD_TIME;
		if (file->upload_time >= options->uploaded_prior_to)
			return FILE_TOO_LATE;
	}
	if (file->kind == FILE_SDIST && format == NAME_CONTROL_SECOND)
		return FILE_NO_SOURCE;
	if (!options->ignore_requires_python &&
		!candidate_python_allowed(
			options->cache, page_text(page, file->requires_python), options->python))
		return FILE_OTHER_PYTHON;
	return FILE_USABLE;
}

static bool
hash_demanded(const char *const *hashes, const char *name, size_t name_length, const char *hex,
	size_t hex_length)
{
	for (size_t i = 0; hashes[i] != NULL; i++)
		if (strncmp(hashes[i], name, name_length) == 0 && hashes[i][name_length] == ':' &&
			strlen(hashes[i] + name_length + 1) == hex_length &&
			g_ascii_strncasecmp(hashes[i] + name_length + 1, hex, hex_length) == 0)
			return true;
	return false;
}

static bool
file_hash_allowed(const IndexPage *page, const struct index_file *file, const char *const *hashes)
{
	const char *name = page_text(page, file->hash_name), *hex = page_text(page, file->hash);
	if (hashes == NULL || name == NULL || hex == NULL)
		return false;
	if (hash_demanded(hashes, name, strlen(name), hex, strlen(hex)))
		return true;
	for (const char *p = page_text(page, file->extra_hashes); p != NULL && *p != '\0';) {
		size_t length = strcspn(p, " ");
		const char *equals = memchr(p, '=', length);
		if (equals != NULL && hash_demanded(hashes, p, (size_t)(equals - p), equals + 1,
					      length - (size_t)(equals - p) - 1))
			return true;
		p += length + (p[length] == ' ');
	}
	return false;
}

/* The build tag of a wheel (PEP 427): `name-version-build-tags`, else an empty text. */
static const char *
build_tag(const char *filename, size_t *length)
{
	const char *tags = wheel_tags(filename);
	const char *version = strchr(filename, '-');
	const char *build = version == NULL || tags == NULL ? NULL : strchr(version + 1, '-');
	*length = build == NULL || build + 1 >= tags ? 0 : (size_t)(tags - 1 - (build + 1));
	return *length == 0 ? "" : build + 1;
}

/* <0, 0, >0: the number first, of any length, then the rest; no build tag is the lowest. */
static int
compare_builds(const char *a, const char *b)
{
	size_t length[2];
	const char *text[2] = {build_tag(a, &length[0]), build_tag(b, &length[1])};
	if (length[0] == 0 || length[1] == 0)
		return (length[0] > 0) - (length[1] > 0);
	size_t digits[2];
	for (int i = 0; i < 2; i++) {
		while (length[i] > 1 && text[i][0] == '0' && g_ascii_isdigit(text[i][1])) {
			text[i]++;
			length[i]--;
		}
		for (digits[i] = 0; digits[i] < length[i] && g_ascii_isdigit(text[i][digits[i]]);)
			digits[i]++;
	}
	if (digits[0] != digits[1])
		return digits[0] < digits[1] ? -1 : 1;
	int order = memcmp(text[0], text[1], MIN(length[0], length[1]));
	return order != 0 ? order : (length[0] > length[1]) - (length[0] < length[1]);
}

struct ranked_file {
	const struct index_file *file;
	const char *filename;
	bool allowed, yanked, wheel;
	int rank;
};

/* true if b is at least as good as a: of equals pip takes the later one. */
static bool
file_is_better(const struct ranked_file *a, const struct ranked_file *b)
{
	if (a->allowed != b->allowed)
		return b->allowed;
	if (a->yanked != b->yanked)
		return !b->yanked;
	if (a->wheel != b->wheel)
		return b->wheel;
	if (a->wheel && a->rank != b->rank)
		return b->rank < a->rank;
	return !a->wheel || compare_builds(a->filename, b->filename) <= 0;
}

/* The best usable file of a release; false if there is none. */
static bool
choose_file(const IndexPage *page, const struct index_release *release,
	const struct candidate_options *options, const char *const *hashes,
	struct ranked_file *best, GError **error)
{
	bool found = false;
	for (uint32_t i = release->first; i < release->first + release->count; i++) {
		const struct index_file *file = page_file(page, i);
		enum file_verdict verdict = candidate_file_verdict(options, page, file);
		if (verdict == FILE_NO_UPLOAD_TIME)
			return error_set(error, ERROR_NO_MATCH,
				"Index %s does not provide upload-time metadata.",
				page_text(page, file->source));
		if (verdict != FILE_USABLE)
			continue;
		struct ranked_file next = {
			.file = file,
			.filename = page_text(page, file->filename),
			.allowed = file_hash_allowed(page, file, hashes),
			.yanked = file->yanked != 0,
			.wheel = file->kind == FILE_WHEEL,
		};
		next.rank = next.wheel ? wheel_rank(options, next.filename) : 0;
		if (!found || file_is_better(best, &next))
			*best = next;
		found = true;
	}
	return found;
}

/* A release's wheels nearly always agree on what they demand; the nearest platform's most. */
static uint32_t
choose_stand_in(const IndexPage *page, const struct index_release *release,
	const struct candidate_options *options)
{
	uint32_t best = 0;
	int best_rank = 0;
	for (uint32_t i = release->first; i < release->first + release->count; i++) {
		const struct index_file *file = page_file(page, i);
		if (file->kind != FILE_WHEEL || file->local ||
			candidate_file_verdict(options, page, file) != FILE_OTHER_PLATFORM)
			continue;
		const char *tags = wheel_tags(page_text(page, file->filename));
		int rank = tags == NULL			   ? 0
			   : strstr(tags, "linux") != NULL ? 3
			   : strstr(tags, "macos") != NULL ? 2
							   : 1;
		if (rank <= best_rank)
			continue;
		best = i + 1;
		best_rank = rank;
	}
	return best;
}

static int
compare_candidates(const void *a, const void *b, void *prefer_binary)
{
	const struct candidate *x = a, *y = b;
	if (x->hash_allowed != y->hash_allowed)
		return x->hash_allowed ? -1 : 1;
	if (*(const bool *)prefer_binary && x->wheel != y->wheel)
		return x->wheel ? -1 : 1;
	return x->release < y->release ? -1 : x->release > y->release;
}

Candidates *
candidates_new(const IndexPage *page, const struct candidate_options *options,
	const char *const *hashes, GError **error)
{
	g_autoptr(Candidates) candidates = g_new0(Candidates, 1);
	size_t releases = page_release_count(page);
	candidates->list = g_new0(struct candidate, releases + 1);
	candidates->hashes = hashes != NULL && hashes[0] != NULL;
	for (size_t i = 0; i < releases; i++) {
		struct ranked_file best = {0};
		g_autoptr(GError) problem = NULL;
		if (!choose_file(page, page_release(page, i), options,
			    candidates->hashes ? hashes : NULL, &best, &problem)) {
			if (problem == NULL)
				continue;
			g_propagate_error(error, g_steal_pointer(&problem));
			return NULL;
		}
		g_assert(best.file != NULL);
		candidates->list[candidates->count++] = (struct candidate){
			.release = (uint32_t)i,
			.file = (uint32_t)(best.file - page_file(page, 0)),
			.yanked = best.yanked,
			.prerelease = version_is_prerelease(page_version(page, i)),
			.wheel = best.wheel,
			.hash_allowed = best.allowed,
			.hash_absent = best.file->hash == 0,
		};
		if (!best.wheel && options->assume_wheels && !candidates->hashes)
			candidates->list[candidates->count - 1].stand_in =
				choose_stand_in(page, page_release(page, i), options);
	}
	bool prefer_binary = options->prefer_binary;
	if (candidates->hashes || prefer_binary)
		g_qsort_with_data(candidates->list, (int)candidates->count,
			sizeof *candidates->list, compare_candidates, &prefer_binary);
	return g_steal_pointer(&candidates);
}

void
candidates_free(Candidates *candidates)
{
	if (candidates == NULL)
		return;
	g_free(candidates->list);
	g_free(candidates);
}

char *
candidates_versions(const IndexPage *page, const struct candidate_options *options, bool yanked)
{
	GString *text = g_string_new(NULL);
	for (size_t i = page_release_count(page); i-- > 0;) { /* oldest first */
		const struct index_release *release = page_release(page, i);
		for (uint32_t f = release->first; f < release->first + release->count; f++) {
			const struct index_file *file = page_file(page, f);
			if ((file->yanked != 0) != yanked ||
				candidate_file_verdict(options, page, file) != FILE_USABLE)
				continue;
			g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
				version_text(page_version(page, i)));
			break;
		}
	}
	return g_string_free(text, FALSE);
}

char *
candidates_other_python(const IndexPage *page, const struct candidate_options *options)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = page_release_count(page); i-- > 0;) {
		const struct index_release *release = page_release(page, i);
		const char *last = NULL;
		for (uint32_t f = release->first; f < release->first + release->count; f++) {
			const struct index_file *file = page_file(page, f);
			const char *python = page_text(page, file->requires_python);
			if (candidate_file_verdict(options, page, file) != FILE_OTHER_PYTHON ||
				g_strcmp0(python, last) == 0)
				continue;
			last = python;
			g_ptr_array_add(
				texts, g_strdup_printf("%s Requires-Python %s",
					       version_text(page_version(page, i)), python));
		}
	}
	g_ptr_array_sort(texts, texts_compare);
	g_ptr_array_add(texts, NULL);
	return g_strjoinv("; ", (char **)texts->pdata);
}
