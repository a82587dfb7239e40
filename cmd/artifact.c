/* SPDX-License-Identifier: MIT */
/* Three ways lead to a wheel: the place is a wheel; it is an archive that is unpacked and built; it
 * is a folder (a checkout, an editable, a local project) that is built where it lies. */
#include "cmd/artifact.h"

#include "lib/fs.h"
#include "resolver/version.h"
#include "wheel/archive.h"
#include "wheel/filename.h"
#include "wheel/name.h"
#include "wheel/vcs.h"
#include "wheel/wheelcache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PKG_INFO = 16 << 20 };

struct artifact_rest { /* what only this file needs */
	Build *build;
	Metadata *metadata;
	char *scratch;	/* temporary folder, or NULL */
	char *fragment; /* of the URL, "" if none */
	char *path;	/* of a file:// URL, or NULL */
	char *what, *name;
	char *commit;  /* of a checkout */
	char *sha256;  /* of the archive, hex */
	char *keep_in; /* folder of the wheel cache for what is built, or NULL */
	char *tree;    /* unpacked sdist whose build has not been set up; or NULL */
	bool keep, from_index;
};

void
artifact_free(Artifact *artifact)
{
	if (!artifact)
		return;
	struct artifact_rest *rest = artifact->rest;
	build_free(rest->build);
	metadata_free(rest->metadata);
	if (rest->scratch && !rest->keep)
		fs_remove_tree(rest->scratch, NULL);
	g_free(rest->scratch);
	g_free(rest->fragment);
	g_free(rest->path);
	g_free(rest->what);
	g_free(rest->name);
	g_free(rest->commit);
	g_free(artifact->sha256);
	g_free(rest->keep_in);
	g_free(rest->tree);
	g_free(rest);
	store_wheel_free(artifact->wheel);
	g_free(artifact->url);
	directurl_free(artifact->direct_url);
	g_free(artifact->tree);
	g_free(artifact->built);
	g_free(artifact->file);
	g_free(artifact->filename);
	g_free(artifact);
}

/* --- bytes ------------------------------------------------------------------------------------ */

bool
artifact_save(StoreDownload *download, const char *path, GError **error)
{
	g_auto(fd_t) out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (out < 0)
		return error_set_errno(error, errno, "writing %s", path);
	int in = store_download_fd(download, error);
	if (in < 0)
		return false;
	char block[65536];
	int64_t at = 0;
	ssize_t got;
	while ((got = pread(in, block, sizeof block, at)) > 0) {
		if (!fs_write_all(out, block, (size_t)got, error)) {
			g_prefix_error(error, "writing %s: ", path);
			return false;
		}
		at += got;
	}
	return got == 0 || error_set_errno(error, errno, "reading a download");
}

void
artifact_say_warnings(Log *log, const char *filename, const GPtrArray *warnings)
{
	for (guint i = 0; warnings && i < warnings->len; i++) {
		const char *text = g_ptr_array_index(warnings, i);
		bool minor = strstr(text, ARCHIVE_OMISSION) || strstr(text, ARCHIVE_GHOST);
		enum log_level level = minor ? LOG_VERBOSE : LOG_WARNING;
		log_write(log, level, "%s: %s", filename, text);
	}
}

struct adding {
	StoreWheel *wheel;
	GError *error;
	bool finished, abandoned;
	Log *log;
	char *filename;
};

static void
take_wheel(StoreWheel *wheel, GPtrArray *warnings, const GError *error, void *user)
{
	struct adding *adding = user;
	if (adding->abandoned) {
		store_wheel_free(wheel);
		g_free(adding);
		return;
	}
	artifact_say_warnings(adding->log, adding->filename, warnings);
	adding->wheel = wheel;
	adding->error = error ? g_error_copy(error) : NULL;
	adding->finished = true;
}

StoreWheel *
artifact_store_wheel(const struct artifact_context *context, StoreDownload *download,
	const char *filename, bool strict, GError **error)
{
	Jobs *jobs = xpip_jobs(context->x, error);
	Loop *loop = xpip_loop(context->x, error);
	if (!jobs) {
		store_download_free(download);
		return NULL;
	}
	g_autofree char *shown = g_strdup(filename);
	struct adding *adding = g_new0(struct adding, 1);
	adding->log = context->x->log;
	adding->filename = shown;
	struct store_add_options options = {.filename = filename, .strict_record = strict};
	store_add_wheel(context->store, jobs, download, &options, take_wheel, adding);
	while (!adding->finished)
		if (!loop_turn(loop, -1, error)) {
			adding->abandoned = true; /* take_wheel frees it */
			return NULL;
		}
	StoreWheel *wheel = adding->wheel;
	if (adding->error)
		g_propagate_error(error, adding->error);
	g_free(adding);
	return wheel;
}

/* A wheel of this machine, checked leniently: its RECORD's faults are warnings. */
static StoreWheel *
store_local(
	const struct artifact_context *context, const char *path, const char *name, GError **error)
{
	StoreDownload *download = store_download_from_file(context->store, path, error);
	struct digest sha256;
	if (!download || !store_download_digest(download, &sha256, error)) {
		store_download_free(download);
		return NULL;
	}
	StoreWheel *known = store_find(context->store, &sha256, name);
	if (!known)
		return artifact_store_wheel(context, download, name, false, error);
	store_download_free(download);
	return known;
}

/* --- the place -------------------------------------------------------------------------------- */

static const char *
fragment_value(const Artifact *artifact, const char *key, char **owned)
{
	g_auto(GStrv) pieces = g_strsplit(artifact->rest->fragment, "&", -1);
	size_t length = strlen(key);
	for (size_t i = 0; pieces[i]; i++)
		if (strncmp(pieces[i], key, length) == 0 && pieces[i][length] == '=')
			return *owned = g_uri_unescape_string(pieces[i] + length + 1, NULL);
	return NULL;
}

/* `#sha256=…` and its like, strongest first. */
static void
fragment_hash(const Artifact *artifact, struct fetch_file *file, char **owned)
{
	static const char *const names[] = {"sha512", "sha384", "sha256", "sha224", "sha1", "md5"};
	for (size_t i = 0; i < G_N_ELEMENTS(names) && !file->hash; i++) {
		file->hash = fragment_value(artifact, names[i], owned);
		file->hash_name = file->hash ? names[i] : NULL;
	}
}

static char *
base_name(const char *url)
{
	g_autofree char *plain = g_strndup(url, strcspn(url, "?#"));
	const char *slash = strrchr(plain, '/');
	g_autofree char *decoded = g_uri_unescape_string(slash ? slash + 1 : plain, NULL);
	if (!decoded || !fs_is_safe_relative(decoded) || strchr(decoded, '/'))
		return g_strdup("download");
	return g_steal_pointer(&decoded);
}

static Artifact *
make(const struct artifact_context *context, const struct artifact_request *request)
{
	Artifact *artifact = g_new0(Artifact, 1);
	struct artifact_rest *rest = artifact->rest = g_new0(struct artifact_rest, 1);
	size_t plain = strcspn(request->url, "#");
	artifact->url = g_strndup(request->url, plain);
	artifact->editable = request->editable;
	artifact->filename = base_name(request->url);
	rest->fragment = g_strdup(request->url[plain] ? request->url + plain + 1 : "");
	rest->what = g_strdup(request->what);
	rest->name = g_strdup(request->name);
	rest->keep = context->keep_folders;
	rest->from_index = request->from_index;
	return artifact;
}

static bool
make_scratch(Artifact *artifact, GError **error)
{
	if (!artifact->rest->scratch)
		artifact->rest->scratch = fs_temp_dir("xpip-build-", error);
	return artifact->rest->scratch != NULL;
}

/* What is being built must not be needed for its own build (PEP 517: no cycles). */
static bool
track(const struct artifact_context *context, const Artifact *artifact, GError **error)
{
	const char *dash = strrchr(artifact->filename, '-');
	g_autofree char *name =
		dash ? g_strndup(artifact->filename, (size_t)(dash - artifact->filename))
		     : g_strdup(artifact->rest->what);
	for (guint i = 0; i < context->building->len; i++)
		if (strcmp(g_ptr_array_index(context->building, i), artifact->url) == 0)
			return error_set(error, ERROR_ENVIRONMENT,
				"%s is already being built: %s from %s", artifact->url, name,
				artifact->url);
	g_ptr_array_add(context->building, artifact->url);
	return true;
}

static void
untrack(const struct artifact_context *context)
{
	g_ptr_array_set_size(context->building, (int)context->building->len - 1);
}

/* The source tree, with `#subdirectory=` applied, becomes a Build with metadata. */
static bool
open_tree(const struct artifact_context *context, const struct artifact_request *request,
	Artifact *artifact, const char *folder, GError **error)
{
	g_autofree char *sub = NULL;
	g_autofree char *tree = g_strdup(folder);
	if (fragment_value(artifact, "subdirectory", &sub)) {
		if (!fs_is_safe_relative(sub))
			return error_set(error, ERROR_INVALID_INPUT,
				"%s: the subdirectory leads out of the project", artifact->url);
		g_free(tree);
		tree = g_build_filename(folder, sub, NULL);
	}
	if (artifact->editable || vcs_is_url(artifact->url))
		artifact->tree = g_strdup(tree);
	struct build_options options = context->build;
	options.config_settings = request->config_settings;
	struct artifact_rest *rest = artifact->rest;
	if (!track(context, artifact, error))
		return false;
	rest->build =
		build_new(&options, tree, request->name ? request->name : request->what, error);
	rest->metadata = rest->build ? build_metadata(rest->build,
					       artifact->editable && !context->ordinary, error)
				     : NULL;
	untrack(context);
	artifact->metadata = rest->metadata;
	return rest->metadata != NULL;
}

/* PEP 643: many an sdist that a search looks at and leaves need not be built for that. */
static bool
read_static_metadata(Artifact *artifact, const char *tree)
{
	g_autofree char *path = g_build_filename(tree, "PKG-INFO", NULL);
	size_t length = 0;
	bool absent = false;
	g_autofree char *text = fs_read(path, MAX_PKG_INFO, &length, &absent, NULL);
	g_autoptr(Metadata) metadata = text ? metadata_parse(text, length, NULL) : NULL;
	if (!metadata || !metadata_is_static(metadata))
		return false;
	artifact->metadata = artifact->rest->metadata = g_steal_pointer(&metadata);
	artifact->rest->tree = g_strdup(tree);
	return true;
}

bool
artifact_prepare(const struct artifact_context *context, Artifact *artifact, GError **error)
{
	struct artifact_rest *rest = artifact->rest;
	if (!rest->tree || !track(context, artifact, error))
		return !rest->tree;
	if (!context->quiet)
		log_indent(context->x->log, 1);
	g_clear_pointer(&rest->build, build_free);
	rest->build = build_new(&context->build, rest->tree, rest->what, error);
	g_autoptr(Metadata) built = rest->build ? build_metadata(rest->build, false, error) : NULL;
	if (!context->quiet)
		log_indent(context->x->log, -1);
	untrack(context);
	if (!built)
		return false;
	g_clear_pointer(&rest->tree, g_free);
	return true;
}

/* --- wheels built before ---------------------------------------------------------------------- */

/* The link as the wheel cache knows it: with the hash that the index promises. New string. */
static char *
cache_link(const struct artifact_request *request)
{
	if (strchr(request->url, '#') || !request->hash)
		return g_strdup(request->url);
	return g_strdup_printf("%s#%s=%s", request->url, request->hash_name, request->hash);
}

static bool
origin_allowed(const DirectUrl *origin, const char *const *demanded)
{
	if (!demanded || !demanded[0])
		return true;
	for (size_t i = 0; origin && origin->hashes && origin->hashes[i]; i += 2) {
		g_autofree char *hash =
			g_strconcat(origin->hashes[i], ":", origin->hashes[i + 1], NULL);
		if (g_strv_contains(demanded, hash))
			return true;
	}
	return false;
}

/* *found is false where nothing is kept, or not what the demanded hashes allow. */
static bool
open_kept(const struct artifact_context *context, const struct artifact_request *request,
	Artifact *artifact, bool *found, GError **error)
{
	g_autoptr(DirectUrl) origin = NULL;
	g_autofree char *link = cache_link(request);
	const char *cache = context->x->cache_dir;
	bool wheel = g_str_has_suffix(artifact->filename, ".whl");
	bool settings = request->config_settings && request->config_settings[0];
	*found = false;
	if (!cache || wheel || settings || context->sources || artifact->local_folder ||
		artifact->editable)
		return true;
	if (!vcs_is_url(link) && wheelcache_keeps(link, false, false, NULL))
		artifact->rest->keep_in = wheelcache_folder(cache, link, context->python);
	g_autofree char *path =
		request->name ? wheelcache_find(cache, link, context->python, request->name,
					context->tags, &origin, context->x->log)
			      : NULL;
	if (!path)
		return true;
	if (!origin_allowed(origin, request->demanded)) {
		log_warning(context->x->log,
			"The hashes of the source archive found in cache entry don't match, "
			"ignoring cached built wheel and re-downloading source.");
		return true;
	}
	g_autofree char *name = g_path_get_basename(path);
	if (!context->quiet)
		log_info(context->x->log, "Using cached %s", name);
	artifact->wheel = store_local(context, path, name, error);
	if (artifact->wheel)
		artifact->metadata = artifact->rest->metadata =
			store_wheel_metadata(artifact->wheel, error);
	if (!request->from_index)
		artifact->direct_url = g_steal_pointer(&origin);
	artifact->built = g_steal_pointer(&path);
	return *found = artifact->metadata != NULL;
}

/* A wheel that is not the version its file name says is malformed: what was asked for by the name
 * is not what would be installed. */
static bool
check_version(const Artifact *artifact, GError **error)
{
	struct wheel_filename name = {0};
	if (!filename_parse_wheel(artifact->filename, &name, error))
		return false;
	g_autoptr(Version) named = version_parse_string(name.version);
	g_autoptr(Version) found = version_parse_string(artifact->metadata->version);
	wheel_filename_clear(&name);
	return (named && found && version_compare(named, found) == 0) ||
	       error_set(error, ERROR_INVALID_INPUT,
		       "%s has inconsistent version: the file name says '%s', its metadata '%s'",
		       artifact->filename, named ? version_text(named) : "",
		       artifact->metadata->version);
}

static bool
open_archive(const struct artifact_context *context, const struct artifact_request *request,
	Artifact *artifact, GError **error)
{
	g_autofree char *owned = NULL;
	struct fetch_file file = {
		.url = artifact->url,
		.filename = artifact->filename,
		.what = request->what,
		.size = request->size,
		.hash_name = request->hash_name,
		.hash = request->hash,
		.demanded = request->demanded,
		.show_url = !request->from_index,
	};
	if (!file.hash)
		fragment_hash(artifact, &file, &owned);
	artifact->promised = file.hash && !request->from_index;
	struct digest sha256;
	g_autoptr(StoreDownload) download = fetch_one(context->fetch, &file, &sha256, error);
	if (!download)
		return false;
	artifact->sha256 = g_malloc(65);
	digest_to_hex(&sha256, artifact->sha256);
	artifact->is_wheel = g_str_has_suffix(artifact->filename, ".whl");
	if (artifact->is_wheel) {
		artifact->wheel = store_find(context->store, &sha256, artifact->filename);
		if (!artifact->wheel)
			artifact->wheel = artifact_store_wheel(context, g_steal_pointer(&download),
				artifact->filename, !artifact->local, error);
		if (!artifact->wheel)
			return false;
		artifact->metadata = artifact->rest->metadata =
			store_wheel_metadata(artifact->wheel, error);
		return artifact->metadata && check_version(artifact, error);
	}
	if (!make_scratch(artifact, error))
		return false;
	artifact->file = g_build_filename(artifact->rest->scratch, artifact->filename, NULL);
	g_autofree char *folder = g_build_filename(artifact->rest->scratch, "src", NULL);
	if (!artifact_save(download, artifact->file, error) || !fs_mkdirs(folder, 0700, error))
		return false;
	g_autofree char *tree = build_unpack_sdist(artifact->file, folder, error);
	bool settings = request->config_settings && request->config_settings[0];
	if (tree && request->from_index && !settings && read_static_metadata(artifact, tree))
		return true;
	return tree && open_tree(context, request, artifact, tree, error);
}

/* Editable checkouts live in --src, <venv>/src or ./src, named after the project. */
static char *
checkout_folder(const struct artifact_context *context, Artifact *artifact, GError **error)
{
	if (!artifact->editable) {
		return make_scratch(artifact, error)
			       ? g_build_filename(artifact->rest->scratch, "src", NULL)
			       : NULL;
	}
	const char *named = options_string(context->x->options, OPT_SRC);
	g_autofree char *base = named ? g_strdup(named)
				: context->python->is_venv
					? g_build_filename(context->python->prefix, "src", NULL)
					: g_canonicalize_filename("src", NULL);
	g_autofree char *name =
		name_normalize(artifact->rest->name ? artifact->rest->name : "checkout");
	return g_build_filename(base, name, NULL);
}

/* The link as it was given, with its fragment. New string. */
static char *
whole_link(const Artifact *artifact)
{
	return *artifact->rest->fragment
		       ? g_strconcat(artifact->url, "#", artifact->rest->fragment, NULL)
		       : g_strdup(artifact->url);
}

/* What to do with a folder that is something else, asked on the terminal. */
static char
ask_action(void *user, const char *prompt, const char *letters)
{
	struct xpip *x = user;
	while (!options_flag(x->options, OPT_NO_INPUT)) {
		g_autofree char *answer = log_ask(x->log, prompt);
		if (!answer)
			break;
		if (*answer && strchr(letters, *answer))
			return *answer;
	}
	return 0;
}

static bool
open_checkout(const struct artifact_context *context, const struct artifact_request *request,
	Artifact *artifact, GError **error)
{
	g_autofree char *folder = checkout_folder(context, artifact, error);
	if (!folder)
		return false;
	struct artifact_rest *rest = artifact->rest;
	const Options *given = context->x->options;
	struct vcs_options options = {.log = context->x->log,
		.loop = xpip_loop(context->x, error),
		.no_input = options_flag(given, OPT_NO_INPUT),
		.exists_action = options_list(given, OPT_EXISTS_ACTION),
		.ask = ask_action,
		.user = context->x};
	if (!options.loop || !(artifact->editable ? vcs_update : vcs_checkout)(
				     &options, artifact->url, folder, &rest->commit, error))
		return false;
	g_autofree char *link = whole_link(artifact);
	const char *cache = context->x->cache_dir;
	if (artifact->editable)
		rest->path = g_strdup(folder); /* PEP 610: an editable is the folder it lies in */
	else if (cache && wheelcache_keeps(link, false, false, rest->commit))
		rest->keep_in = wheelcache_folder(cache, link, context->python);
	return open_tree(context, request, artifact, folder, error);
}

/* PEP 610; what wheel caches keep beside a wheel, too. */
static DirectUrl *
origin_of(const Artifact *artifact)
{
	const struct artifact_rest *rest = artifact->rest;
	bool checkout = rest->commit && artifact->editable;
	g_autofree char *link = checkout ? fs_path_to_url(rest->path) : whole_link(artifact);
	return directurl_for_link(link, artifact->local_folder || checkout, artifact->editable,
		rest->commit, artifact->sha256);
}

static void
say_start(const struct artifact_context *context, const Artifact *artifact)
{
	if (context->quiet || artifact->rest->from_index)
		return;
	g_autofree char *path = artifact->local ? fs_display_path(artifact->rest->path) : NULL;
	if (artifact->editable)
		log_info(context->x->log, "Obtaining %s", artifact->rest->what);
	else if (artifact->local)
		log_info(context->x->log, "Processing %s", path);
	else
		log_info(context->x->log, "Collecting %s", artifact->rest->what);
}

Artifact *
artifact_new(const struct artifact_context *context, const struct artifact_request *request,
	GError **error)
{
	g_autoptr(Artifact) artifact = make(context, request);
	struct artifact_rest *rest = artifact->rest;
	artifact->local = g_str_has_prefix(artifact->url, "file:");
	if (artifact->local) {
		rest->path = fs_url_to_path(artifact->url, error);
		if (!rest->path)
			return NULL;
		artifact->local_folder = g_file_test(rest->path, G_FILE_TEST_IS_DIR);
	}
	say_start(context, artifact);
	if (!context->quiet)
		log_indent(context->x->log, 1);
	bool kept, ok = open_kept(context, request, artifact, &kept, error);
	if (ok && !kept)
		ok = vcs_is_url(artifact->url) ? open_checkout(context, request, artifact, error)
		     : artifact->local_folder
			     ? open_tree(context, request, artifact, rest->path, error)
			     : open_archive(context, request, artifact, error);
	if (!context->quiet)
		log_indent(context->x->log, -1);
	if (ok && !request->from_index && !artifact->direct_url)
		artifact->direct_url = origin_of(artifact);
	return ok ? g_steal_pointer(&artifact) : NULL;
}

bool
artifact_make_wheel(const struct artifact_context *context, Artifact *artifact, GError **error)
{
	if (artifact->wheel)
		return true;
	if (!make_scratch(artifact, error))
		return false;
	struct artifact_rest *rest = artifact->rest;
	g_autofree char *folder = rest->keep_in ? g_strdup(rest->keep_in)
						: g_build_filename(rest->scratch, "wheel", NULL);
	if (!fs_mkdirs(folder, 0700, error))
		return false;
	if (!artifact_prepare(context, artifact, error) || !track(context, artifact, error))
		return false;
	g_autofree char *path =
		build_wheel(rest->build, artifact->editable && !context->ordinary, folder, error);
	untrack(context);
	if (!path)
		return false;
	if (rest->keep_in) {
		g_autoptr(DirectUrl) origin = origin_of(artifact);
		if (!wheelcache_record(folder, origin, context->x->log, error))
			return false;
	}
	g_autofree char *name = g_path_get_basename(path);
	artifact->wheel = store_local(context, path, name, error);
	artifact->built = g_steal_pointer(&path);
	return artifact->wheel != NULL;
}
