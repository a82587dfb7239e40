/* SPDX-License-Identifier: MIT */
/* Makes pages from links. Big pages have ten thousand files, and this is most of the work of a cold
 * resolution: nothing is allocated for a single link. */
#include "resolver/page_private.h"
#include "wheel/filename.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 1000000, MAX_BLOCK = 512 << 20, MAX_NAME = 4096 };

/* Links of one version that stand together. */
struct run {
	Version *version; /* NULL: the text is no version, its files are skipped */
	uint32_t first, count;
};

/* A text that repeats from link to link is kept once. */
struct repeated {
	char *text;
	uint32_t at;
};

struct PageBuilder {
	char *name;
	char *texts;
	size_t texts_length, texts_room;
	GArray *files;	   /* of struct index_file; offsets into `texts` + 1, 0 is absent */
	GArray *runs;	   /* of struct run */
	GString *run_text; /* of the last run */
	uint32_t status, status_reason;
	struct repeated source, python, hash_name;
};

PageBuilder *
page_builder_new(const char *normalized_name)
{
	PageBuilder *builder = g_new0(PageBuilder, 1);
	builder->name = g_strdup(normalized_name);
	builder->files = g_array_new(FALSE, FALSE, sizeof(struct index_file));
	builder->runs = g_array_new(FALSE, FALSE, sizeof(struct run));
	builder->run_text = g_string_new(NULL);
	return builder;
}

/* --- texts --------------------------------------------------------------------------------- */

static uint32_t
put_bytes(PageBuilder *builder, const char *text, size_t length)
{
	if (builder->texts_length + length + 1 > builder->texts_room) {
		builder->texts_room = MAX(builder->texts_room * 2, length + 16384);
		builder->texts = g_realloc(builder->texts, builder->texts_room);
	}
	uint32_t offset = (uint32_t)builder->texts_length;
	memcpy(builder->texts + offset, text, length);
	builder->texts[offset + length] = '\0';
	builder->texts_length += length + 1;
	return offset + 1;
}

static uint32_t
put_text(PageBuilder *builder, const char *text)
{
	return text ? put_bytes(builder, text, strlen(text)) : 0;
}

static uint32_t
put_repeated(PageBuilder *builder, const char *text, struct repeated *last)
{
	if (!text)
		return 0;
	if (last->text && strcmp(last->text, text) == 0)
		return last->at;
	g_free(last->text);
	last->text = g_strdup(text);
	last->at = put_text(builder, text);
	return last->at;
}

/* --- which file is this? ------------------------------------------------------------------- */

/* The bytes of `filename` that spell the project's name, 0 if none. In wheels exactly one `_` or
 * `.` stands for a dash; `separators` are those allowed, in runs if `runs`. */
static size_t
spelled_name(const char *name, const char *filename, const char *separators, bool runs)
{
	const char *at = filename;
	for (; *name; name++) {
		if (*name != '-') {
			if (g_ascii_tolower(*at++) != *name)
				return 0;
			continue;
		}
		size_t span = *at ? strspn(at, separators) : 0;
		if (span == 0 || (span > 1 && !runs))
			return 0;
		at += span;
	}
	return (size_t)(at - filename);
}

/* A tag set of plain names. */
static bool
is_plain_tag(const char *tag, size_t length, bool identifiers)
{
	char before = '.';
	for (size_t i = 0; i < length; i++) {
		char c = tag[i];
		if (!g_ascii_isalnum(c) && c != '_' && c != '.')
			return false;
		if (before == '.' && (c == '.' || (identifiers && g_ascii_isdigit(c))))
			return false;
		before = c;
	}
	return length > 0 && before != '.';
}

/* The version of a wheel whose name holds nothing special; false: look closely. */
static bool
quick_wheel(const char *name, const char *filename, size_t length, const char **version,
	size_t *version_length)
{
	size_t at = spelled_name(name, filename, "_.", false);
	if (at == 0 || filename[at] != '-' || length < at + 5)
		return false;
	const char *end = filename + length - 4, *part = filename + at + 1;
	const char *dash = memchr(part, '-', (size_t)(end - part));
	if (!dash || dash == part)
		return false;
	*version = part;
	*version_length = (size_t)(dash - part);
	part = dash + 1;
	unsigned dashes = 0;
	for (const char *c = part; c < end; c++)
		dashes += *c == '-';
	if (dashes == 3) {
		if (!g_ascii_isdigit(*part))
			return false;
		part = (const char *)memchr(part, '-', (size_t)(end - part)) + 1;
	} else if (dashes != 2) {
		return false;
	}
	for (unsigned tag = 0; tag < 3; tag++) {
		dash = tag < 2 ? memchr(part, '-', (size_t)(end - part)) : end;
		if (!is_plain_tag(part, (size_t)(dash - part), tag == 0))
			return false;
		part = dash + 1;
	}
	return true;
}

static bool
close_wheel(const char *name, const char *filename, const char **version, size_t *version_length)
{
	struct wheel_filename wheel;
	if (!filename_parse_wheel(filename, &wheel, NULL))
		return false;
	bool ours = strcmp(wheel.name, name) == 0;
	wheel_filename_clear(&wheel);
	const char *dash = strchr(filename, '-');
	*version = dash + 1;
	*version_length = strcspn(dash + 1, "-");
	return ours;
}

static bool
sdist_version(const char *name, const char *filename, const char *extension, const char **version,
	size_t *version_length)
{
	size_t at = spelled_name(name, filename, "-_.", true);
	if (at == 0 || filename[at] != '-') {
		g_autofree char *text = filename_sdist_version(filename, name);
		if (!text)
			return false;
		at = (size_t)(extension - filename) - strlen(text) - 1;
	}
	*version = filename + at + 1;
	*version_length = (size_t)(extension - *version);
	return filename + at + 1 < extension;
}

/* A name becomes a path one day: no separators, no control bytes. */
static bool
is_safe_name(const char *filename)
{
	for (const char *c = filename; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '/' || *c == '\\' || *c == 0x7f)
			return false;
	return true;
}

/* Kind and version of a file, or false if it is none of this project's. */
static bool
version_of(const PageBuilder *builder, const char *filename, size_t length,
	enum index_file_kind *kind, const char **version, size_t *version_length)
{
	*kind = FILE_SDIST;
	if (length > MAX_NAME || !is_safe_name(filename))
		return false;
	if (length > 4 && memcmp(filename + length - 4, ".whl", 4) == 0) {
		*kind = FILE_WHEEL;
		return quick_wheel(builder->name, filename, length, version, version_length) ||
		       close_wheel(builder->name, filename, version, version_length);
	}
	const char *extension = filename_archive_extension(filename);
	return extension &&
	       sdist_version(builder->name, filename, extension, version, version_length);
}

/* The run for a version; a new one if it differs from the last. NULL: no version. */
static struct run *
run_for(PageBuilder *builder, const char *text, size_t length)
{
	GArray *runs = builder->runs;
	bool same = runs->len > 0 && builder->run_text->len == length &&
		    memcmp(builder->run_text->str, text, length) == 0;
	if (!same) {
		struct run run = {
			.version = version_parse(text, length, NULL), .first = builder->files->len};
		g_array_append_val(runs, run);
		g_string_truncate(builder->run_text, 0);
		g_string_append_len(builder->run_text, text, (gssize)length);
	}
	struct run *run = &g_array_index(runs, struct run, runs->len - 1);
	return run->version ? run : NULL;
}

/* --- adding -------------------------------------------------------------------------------- */

/* Better algorithms first. */
static int
hash_strength(const char *hash)
{
	static const char *const names[] = {
		"md5=", "sha1=", "sha224=", "sha384=", "sha512=", "sha256="};
	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
		if (g_str_has_prefix(hash, names[i]))
			return i;
	return -1;
}

static void
put_hashes(PageBuilder *builder, struct index_file *file, const char *const *hashes)
{
	int best = -1, best_index = -1;
	for (int i = 0; hashes && hashes[i]; i++) {
		if (hash_strength(hashes[i]) > best) {
			best = hash_strength(hashes[i]);
			best_index = i;
		}
	}
	if (best_index >= 0) {
		const char *equals = strchr(hashes[best_index], '=');
		g_autofree char *name =
			g_strndup(hashes[best_index], (gsize)(equals - hashes[best_index]));
		file->hash_name = put_repeated(builder, name, &builder->hash_name);
		file->hash = put_text(builder, equals + 1);
	}
	if (!hashes || !hashes[0] || (!hashes[1] && best_index == 0))
		return;
	g_autoptr(GString) rest = g_string_new(NULL);
	for (int i = 0; hashes[i]; i++)
		if (i != best_index)
			g_string_append_printf(rest, "%s%s", rest->len ? " " : "", hashes[i]);
	file->extra_hashes = put_text(builder, rest->str);
}

void
page_builder_add(PageBuilder *builder, const struct page_link *link)
{
	enum index_file_kind kind;
	const char *version;
	size_t length = strlen(link->filename), version_length;
	if (builder->files->len >= MAX_FILES || builder->texts_length > MAX_BLOCK / 2 ||
		!version_of(builder, link->filename, length, &kind, &version, &version_length))
		return;
	struct run *run = run_for(builder, version, version_length);
	if (!run)
		return;
	struct index_file file = {.kind = (uint8_t)kind,
		.has_metadata = link->metadata_hash != NULL,
		.local = g_ascii_strncasecmp(link->url, "file:", 5) == 0,
		.size = link->size,
		.upload_time = link->upload_time};
	file.filename = put_bytes(builder, link->filename, length);
	file.url = put_text(builder, link->url);
	file.requires_python = put_repeated(builder, link->requires_python, &builder->python);
	file.yanked = put_text(builder, link->yanked);
	file.metadata_hash = put_text(builder, link->metadata_hash);
	file.source = put_repeated(builder, link->source, &builder->source);
	if (link->sha256) {
		file.hash_name = put_repeated(builder, "sha256", &builder->hash_name);
		file.hash = put_text(builder, link->sha256);
	} else {
		put_hashes(builder, &file, link->hashes);
	}
	g_array_append_val(builder->files, file);
	run->count++;
}

/* The places in a file that hold offsets of texts. */
static void
texts_of(struct index_file *file, uint32_t *texts[9])
{
	uint32_t *all[] = {&file->filename, &file->url, &file->requires_python, &file->yanked,
		&file->hash_name, &file->hash, &file->metadata_hash, &file->source,
		&file->extra_hashes};
	memcpy(texts, all, sizeof all);
}

void
page_builder_add_page(PageBuilder *builder, const IndexPage *page)
{
	uint32_t *texts[9];
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		struct run run = {.version = version_copy(page_version(page, i)),
			.first = builder->files->len};
		for (uint32_t k = 0; k < release->count && builder->files->len < MAX_FILES &&
				     builder->texts_length < MAX_BLOCK / 2;
			k++) {
			struct index_file file = *page_file(page, release->first + k);
			texts_of(&file, texts);
			for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
				*texts[t] = put_text(builder, page_text(page, *texts[t]));
			g_array_append_val(builder->files, file);
			run.count++;
		}
		g_array_append_val(builder->runs, run);
	}
	g_string_truncate(builder->run_text, 0); /* what follows begins a run of its own */
	if (page->header->status)
		page_builder_status(builder, page_status(page), page_status_reason(page));
}

void
page_builder_status(PageBuilder *builder, const char *status, const char *reason)
{
	builder->status = put_text(builder, status);
	builder->status_reason = put_text(builder, reason);
}

/* --- laying out ---------------------------------------------------------------------------- */

static int
compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	int order = version_compare(y->version, x->version);
	return order ? order : (x->first < y->first ? -1 : 1);
}

static size_t
padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* Runs without files go, the others are sorted, newest first. */
static void
sort_runs(GArray *runs)
{
	guint kept = 0;
	for (guint i = 0; i < runs->len; i++) {
		struct run *run = &g_array_index(runs, struct run, i);
		if (run->version && run->count > 0)
			g_array_index(runs, struct run, kept++) = *run;
		else
			version_free(run->version);
	}
	g_array_set_size(runs, kept);
	if (kept > 0)
		qsort(runs->data, kept, sizeof(struct run), compare_runs);
}

struct plan {
	size_t releases, versions, releases_at, files_at, versions_at, texts_at, size;
};

static void
make_plan(const PageBuilder *builder, struct plan *plan)
{
	const GArray *runs = builder->runs;
	*plan = (struct plan){.releases_at = sizeof(struct page_header)};
	for (guint i = 0; i < runs->len; i++) {
		const struct run *run = &g_array_index(runs, struct run, i);
		if (i > 0 && version_compare(run[-1].version, run->version) == 0)
			continue;
		plan->releases++;
		plan->versions += version_size(run->version);
	}
	plan->files_at = padded(plan->releases_at + plan->releases * sizeof(struct index_release));
	plan->versions_at = plan->files_at + builder->files->len * sizeof(struct index_file);
	plan->texts_at = plan->versions_at + plan->versions;
	plan->size = plan->texts_at + builder->texts_length + 1;
}

static uint32_t
moved(const struct plan *plan, uint32_t offset)
{
	return offset ? (uint32_t)plan->texts_at + offset - 1 : 0;
}

static void
lay_releases(const PageBuilder *builder, const struct plan *plan, char *block)
{
	const GArray *runs = builder->runs;
	struct index_release *release =
		(struct index_release *)(void *)(block + plan->releases_at) - 1;
	struct index_file *files = (struct index_file *)(void *)(block + plan->files_at);
	size_t version_at = plan->versions_at;
	uint32_t next = 0, *texts[9];
	for (guint i = 0; i < runs->len; i++) {
		const struct run *run = &g_array_index(runs, struct run, i);
		if (i == 0 || version_compare(run[-1].version, run->version) != 0) {
			*++release = (struct index_release){
				.version = (uint32_t)version_at, .first = next};
			memcpy(block + version_at, run->version, version_size(run->version));
			version_at += version_size(run->version);
		}
		release->count += run->count;
		for (uint32_t k = 0; k < run->count; k++, next++) {
			files[next] =
				g_array_index(builder->files, struct index_file, run->first + k);
			texts_of(&files[next], texts);
			for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
				*texts[t] = moved(plan, *texts[t]);
		}
	}
}

/* Header, releases, files, versions, texts. */
static IndexPage *
layout(PageBuilder *builder)
{
	struct plan plan;
	uint32_t name = put_text(builder, builder->name);
	make_plan(builder, &plan);
	char *block = g_malloc(plan.size);
	memset(block, 0, plan.files_at);
	struct page_header *header = (struct page_header *)(void *)block;
	memcpy(header->magic, PAGE_MAGIC, sizeof header->magic);
	header->size = (uint32_t)plan.size;
	header->release_count = (uint32_t)plan.releases;
	header->releases_at = (uint32_t)plan.releases_at;
	header->file_count = builder->files->len;
	header->files_at = (uint32_t)plan.files_at;
	header->texts_at = (uint32_t)plan.texts_at;
	header->name = moved(&plan, name);
	header->status = moved(&plan, builder->status);
	header->status_reason = moved(&plan, builder->status_reason);
	lay_releases(builder, &plan, block);
	memcpy(block + plan.texts_at, builder->texts, builder->texts_length);
	block[plan.size - 1] = '\0';
	IndexPage *page = g_new0(IndexPage, 1);
	page->references = 1;
	page->bytes = g_bytes_new_take(block, plan.size);
	page->header = header;
	return page;
}

IndexPage *
page_builder_finish(PageBuilder *builder)
{
	sort_runs(builder->runs);
	IndexPage *page = layout(builder);
	for (guint i = 0; i < builder->runs->len; i++)
		version_free(g_array_index(builder->runs, struct run, i).version);
	g_array_unref(builder->runs);
	g_array_unref(builder->files);
	g_string_free(builder->run_text, TRUE);
	g_free(builder->texts);
	g_free(builder->name);
	g_free(builder->source.text);
	g_free(builder->python.text);
	g_free(builder->hash_name.text);
	g_free(builder);
	return page;
}
