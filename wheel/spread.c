/* SPDX-License-Identifier: MIT */
#include "wheel/spread.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/script.h"
#include "wheel/spread_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files linked by one job: enough for two threads to share a large wheel. */
enum { CHUNK = 400 };

static void
clear_extra(void *data)
{
	struct extra *extra = data;
	g_free(extra->path);
	g_free(extra->digest);
}

static void
clear_bytecode_file(void *data)
{
	struct bytecode_file *file = data;
	g_free(file->path);
	g_free(file->name);
}

/* --- steps --------------------------------------------------------------------------------- */

static void
writer_init(struct stage_writer *writer, const struct spread_step *step, unsigned root,
	enum spread_part part)
{
	*writer = (struct stage_writer){.stage = step->spread->stage,
		.root = root,
		.order = spread_order(step->spread, part),
		.clashes = step->clashes,
		.fd = -1};
}

static void
link_run(void *input)
{
	struct spread_step *step = input;
	Spread *spread = step->spread;
	struct stage_writer writer;
	writer_init(&writer, step, spread->lib, SPREAD_PLAIN);
	stage_link(&writer, spread->wheel, &g_array_index(spread->plain, size_t, step->begin),
		step->end - step->begin, &step->error);
	stage_writer_clear(&writer);
}

bool
spread_write(Spread *spread, struct stage_writer *writer, unsigned root, const char *path,
	const char *text, size_t length, mode_t mode, size_t index, GError **error)
{
	/* Small texts, and RECORD excepted all of them: not worth loading the crypto library. */
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	struct digest digest;
	gsize size = sizeof digest.bytes;
	writer->root = root;
	if (!stage_write(writer, path, text, length, mode, error))
		return false;
	g_checksum_update(sum, (const guchar *)text, (gssize)length);
	g_checksum_get_digest(sum, digest.bytes, &size);
	char *shown = digest_record(&digest);
	for (guint i = 0; i < spread->extras->len; i++) {
		struct extra *extra = &g_array_index(spread->extras, struct extra, i);
		if (index == NO_FILE || extra->index != index)
			continue;
		extra->digest = shown;
		extra->size = length;
		return true;
	}
	struct extra extra = {
		.index = NO_FILE, .root = root, .path = g_strdup(path), .digest = shown};
	extra.size = length;
	g_array_append_val(spread->extras, extra);
	return true;
}

/* true for `#!python`: then the whole text is needed. */
static bool
begins_generic(const Spread *spread, size_t index)
{
	char head[8] = {0};
	g_autofree char *path = g_build_filename(store_wheel_tree(spread->wheel),
		store_wheel_file(spread->wheel, index)->path, NULL);
	g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && pread(fd, head, sizeof head, 0) == sizeof head &&
	       memcmp(head, "#!python", sizeof head) == 0;
}

static bool
write_data_script(
	Spread *spread, struct stage_writer *writer, const struct extra *extra, GError **error)
{
	const struct store_file *file = store_wheel_file(spread->wheel, extra->index);
	size_t length = 0, size = 0;
	g_autofree char *text = begins_generic(spread, extra->index)
					? store_wheel_read(spread->wheel, file->path, &length)
					: NULL;
	g_autofree char *rewritten =
		text ? script_rewrite(text, length, spread->python->executable, &size) : NULL;
	if (!rewritten)
		return stage_link_as(writer, spread->wheel, extra->index, extra->path, error);
	mode_t mask = stage_umask(spread->stage);
	mode_t mode = file->executable ? (0777 & ~mask) | 0111 : 0666 & ~mask;
	return spread_write(spread, writer, extra->root, extra->path, rewritten, size, mode,
		extra->index, error);
}

static bool
write_data(Spread *spread, struct stage_writer *writer, const GPtrArray *scripts, GError **error)
{
	guint count = spread->extras->len;
	for (int pass = 0; pass < 2; pass++) { /* scripts come last, as with pip */
		for (guint i = 0; i < count; i++) {
			struct extra *extra = &g_array_index(spread->extras, struct extra, i);
			if (extra->is_script != (pass == 1))
				continue;
			const char *slash = strrchr(extra->path, '/');
			writer->root = extra->root;
			extra->skipped =
				extra->is_script &&
				script_is_wrapper(scripts, slash ? slash + 1 : extra->path);
			if (extra->skipped)
				continue;
			if (extra->is_script ? !write_data_script(spread, writer, extra, error)
					     : !stage_link_as(writer, spread->wheel, extra->index,
						       extra->path, error))
				return false;
		}
	}
	return true;
}

static bool
write_entry_points(
	Spread *spread, struct stage_writer *writer, const GPtrArray *scripts, GError **error)
{
	mode_t mode = (0666 & ~stage_umask(spread->stage)) | 0555;
	g_autofree char *folder = stage_real_path(spread->scheme->scripts);
	for (guint i = 0; i < scripts->len; i++) {
		const struct script *script = g_ptr_array_index(scripts, i);
		g_autofree char *path = NULL;
		int root = stage_locate(spread->stage, folder, script->name, &path);
		if (root < 0)
			return error_set(
				error, ERROR_IO, "%s: below no folder of the scheme", script->name);
		if (!spread_write(spread, writer, (unsigned)root, path, script->text,
			    strlen(script->text), mode, NO_FILE, error))
			return false;
		if (!script->gui)
			g_ptr_array_add(spread->scripts,
				g_build_filename(spread->scheme->scripts, script->name, NULL));
	}
	return true;
}

static void
extras_run(void *input)
{
	struct spread_step *step = input;
	Spread *spread = step->spread;
	struct stage_writer writer;
	writer_init(&writer, step, spread->lib, SPREAD_EXTRA);
	g_autofree char *name =
		g_strconcat(store_wheel_dist_info(spread->wheel), "/entry_points.txt", NULL);
	g_autofree char *text = store_wheel_read(spread->wheel, name, NULL);
	g_autoptr(GPtrArray) scripts =
		script_from_entry_points(text ? text : "", spread->python, &step->error);
	if (scripts && write_data(spread, &writer, scripts, &step->error))
		write_entry_points(spread, &writer, scripts, &step->error);
	stage_writer_clear(&writer);
}

/* The installer's files; the last step, when everything else is known. */
static void
record_run(void *input)
{
	struct spread_step *step = input;
	Spread *spread = step->spread;
	struct stage_writer writer;
	mode_t mode = 0666 & ~stage_umask(spread->stage);
	const char *const names[] = {"INSTALLER", "direct_url.json", "REQUESTED"};
	const char *const texts[] = {"xpip\n", spread->direct_url, spread->requested ? "" : NULL};
	writer_init(&writer, step, spread->lib, SPREAD_EXTRA);
	for (size_t i = 0; i < G_N_ELEMENTS(names) && !step->error; i++) {
		g_autofree char *path =
			g_build_filename(store_wheel_dist_info(spread->wheel), names[i], NULL);
		if (texts[i])
			spread_write(spread, &writer, spread->lib, path, texts[i], strlen(texts[i]),
				mode, NO_FILE, &step->error);
	}
	size_t length = 0;
	g_autofree char *record = step->error ? NULL : spread_record(spread, &length, &step->error);
	g_autofree char *path =
		g_build_filename(store_wheel_dist_info(spread->wheel), "RECORD", NULL);
	if (record) {
		writer.root = spread->lib;
		stage_write(&writer, path, record, length, mode, &step->error);
	}
	stage_writer_clear(&writer);
}

/* --- their order --------------------------------------------------------------------------- */

static void step_done(void *input, bool cancelled);

static void
start(Spread *spread, job_run_fn run, size_t begin, size_t end)
{
	struct spread_step *step = g_new0(struct spread_step, 1);
	step->spread = spread;
	step->begin = begin;
	step->end = end;
	step->clashes = g_ptr_array_new_with_free_func(stage_clash_free);
	spread->pending++;
	jobs_add(spread->jobs, run, step_done, step);
}

static void
take_clashes(Spread *spread, GPtrArray *clashes)
{
	for (guint i = 0; i < clashes->len; i++) {
		struct stage_clash *clash = g_new(struct stage_clash, 1);
		*clash = *(struct stage_clash *)g_ptr_array_index(clashes, i);
		clash->path = g_strdup(clash->path);
		g_ptr_array_add(spread->clashes, clash);
	}
}

static void
take_error(Spread *spread, const GError *error)
{
	if (error && !spread->error)
		spread->error = g_error_copy(error);
}

/* One thing less to wait for; after the last one RECORD can be written. */
static void
settle(Spread *spread)
{
	if (--spread->pending > 0 || spread->error || spread->recorded)
		return;
	spread->recorded = true;
	start(spread, record_run, 0, 0);
}

static void
compiled(GArray *files, GPtrArray *clashes, const GError *error, void *user)
{
	Spread *spread = user;
	take_clashes(spread, clashes);
	take_error(spread, error);
	for (guint i = 0; i < files->len; i++) {
		struct bytecode_file copy = g_array_index(files, struct bytecode_file, i);
		if (!copy.compiled)
			continue;
		copy.path = g_strdup(copy.path);
		copy.name = NULL;
		g_array_append_val(spread->compiled, copy);
	}
	settle(spread);
}

static void
compile(Spread *spread, GArray *files)
{
	if (files->len == 0) {
		g_array_unref(files);
		return;
	}
	spread->pending++;
	bytecode_add(spread->bytecode, spread->wheel, files, spread_order(spread, SPREAD_COMPILED),
		compiled, spread);
}

static void
scripts_written(Spread *spread)
{
	GArray *files = g_array_new(FALSE, TRUE, sizeof(struct bytecode_file));
	if (spread->bytecode && !spread->error)
		spread_extra_sources(spread, files, true);
	compile(spread, files);
}

static void
step_done(void *input, bool cancelled)
{
	struct spread_step *step = input;
	Spread *spread = step->spread;
	take_error(spread, step->error);
	if (cancelled && !spread->error)
		error_set(&spread->error, ERROR_INTERRUPTED, "Operation cancelled by user");
	take_clashes(spread, step->clashes);
	/* Steps of nothing are the ones that wrote the scripts, then RECORD. */
	if (step->end == 0 && !spread->recorded)
		scripts_written(spread);
	settle(spread);
	g_ptr_array_unref(step->clashes);
	g_clear_error(&step->error);
	g_free(step);
}

/* Root-Is-Purelib of WHEEL; only asked where the two folders differ. */
static bool
root_is_purelib(const Spread *spread)
{
	g_autofree char *name = g_strconcat(store_wheel_dist_info(spread->wheel), "/WHEEL", NULL);
	g_autofree char *text = store_wheel_read(spread->wheel, name, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **line = lines; *line && **line; line++) {
		static const char key[] = "root-is-purelib:";
		if (g_ascii_strncasecmp(*line, key, sizeof key - 1) == 0)
			return g_ascii_strcasecmp(g_strstrip(*line + sizeof key - 1), "true") == 0;
	}
	return false;
}

Spread *
spread_new(
	const struct spread_options *options, const struct change_install *install, GError **error)
{
	Spread *spread = g_new0(Spread, 1);
	*spread = (Spread){.stage = options->stage,
		.scheme = options->scheme,
		.python = options->python,
		.bytecode = options->bytecode,
		.jobs = options->jobs,
		.number = options->number,
		.wheel = store_wheel_ref(install->wheel),
		.name = g_strdup(install->name),
		.direct_url = g_strdup(install->direct_url_json),
		.requested = install->requested,
		.plain = g_array_new(FALSE, FALSE, sizeof(size_t)),
		.extras = g_array_new(FALSE, TRUE, sizeof(struct extra)),
		.compiled = g_array_new(FALSE, TRUE, sizeof(struct bytecode_file)),
		.scripts = g_ptr_array_new_with_free_func(g_free),
		.clashes = g_ptr_array_new_with_free_func(stage_clash_free)};
	g_array_set_clear_func(spread->extras, clear_extra);
	g_array_set_clear_func(spread->compiled, clear_bytecode_file);
	unsigned pure = stage_root_of(options->stage, spread->scheme->purelib);
	unsigned platform = stage_root_of(options->stage, spread->scheme->platlib);
	spread->lib = pure == platform || root_is_purelib(spread) ? pure : platform;
	if (!spread_sort_files(spread, error)) {
		spread_free(spread);
		return NULL;
	}
	if (spread->bytecode) {
		GArray *files = spread_sources(spread);
		spread_extra_sources(spread, files, false);
		compile(spread, files);
	}
	for (size_t at = 0; at < spread->plain->len; at += CHUNK)
		start(spread, link_run, at, MIN(at + CHUNK, spread->plain->len));
	start(spread, extras_run, 0, 0);
	return spread;
}

bool
spread_busy(const Spread *spread)
{
	return spread->pending > 0;
}

const char *
spread_name(const Spread *spread)
{
	return spread->name;
}

void
spread_cancel(Spread *spread)
{
	if (!spread->error)
		error_set(&spread->error, ERROR_INTERRUPTED, "Operation cancelled by user");
}

void
spread_free(Spread *spread)
{
	if (!spread)
		return;
	g_assert(spread->pending == 0);
	store_wheel_free(spread->wheel);
	g_free(spread->name);
	g_free(spread->direct_url);
	g_array_unref(spread->plain);
	g_array_unref(spread->extras);
	g_array_unref(spread->compiled);
	g_ptr_array_unref(spread->scripts);
	g_ptr_array_unref(spread->clashes);
	g_clear_error(&spread->error);
	g_free(spread);
}

bool
spread_check(const Spread *spread, GError **error)
{
	if (spread->error && error) {
		g_propagate_error(error, g_error_copy(spread->error));
		g_prefix_error(error, "%s: ", store_wheel_filename(spread->wheel));
	}
	return !spread->error;
}

const GPtrArray *
spread_clashes(const Spread *spread)
{
	return spread->clashes;
}

const GPtrArray *
spread_scripts(const Spread *spread)
{
	return spread->scripts;
}

static bool
has_plain(const Spread *spread, const char *path)
{
	size_t low = 0, high = spread->plain->len;
	while (low < high) {
		size_t middle = (low + high) / 2;
		size_t index = g_array_index(spread->plain, size_t, middle);
		int order = strcmp(path, store_wheel_file(spread->wheel, index)->path);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

uint64_t
spread_claim(const Spread *spread, unsigned root, const char *path)
{
	for (guint i = 0; i < spread->compiled->len; i++) {
		const struct bytecode_file *file =
			&g_array_index(spread->compiled, struct bytecode_file, i);
		g_autofree char *code = bytecode_path(spread->python, file->path);
		if (file->root == root && strcmp(code, path) == 0)
			return spread_order(spread, SPREAD_COMPILED);
	}
	for (guint i = 0; i < spread->extras->len; i++) {
		const struct extra *extra = &g_array_index(spread->extras, struct extra, i);
		if (extra->root == root && !extra->skipped && strcmp(extra->path, path) == 0)
			return spread_order(spread, SPREAD_EXTRA);
	}
	if (root == spread->lib && has_plain(spread, path))
		return spread_order(spread, SPREAD_PLAIN);
	return 0;
}
