/* SPDX-License-Identifier: MIT */
/* One transfer: the HTTP client writes ranges into a nameless file of the store, which hashes them;
 * at the end the hashes are compared, and the caller gets the download or the reason. */
#include "cmd/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct Fetch {
	struct xpip *x;
	Http *http;
	Store *store;
	Progress *progress;
	GHashTable *transfers; /* of struct transfer, a set */
	bool quiet;
};

struct transfer {
	Fetch *fetch;
	unsigned id, bar;
	StoreDownload *download;
	char *url; /* as messages show it */
	char *filename, *what, *hash_name, *hash;
	char **demanded;
	fetch_done_fn done;
	void *user;
};

static void
transfer_free(void *data)
{
	struct transfer *transfer = data;
	if (transfer->bar)
		progress_end(transfer->fetch->progress, transfer->bar);
	store_download_free(transfer->download);
	g_free(transfer->url);
	g_free(transfer->filename);
	g_free(transfer->what);
	g_free(transfer->hash_name);
	g_free(transfer->hash);
	g_strfreev(transfer->demanded);
	g_free(transfer);
}

Fetch *
fetch_new(struct xpip *x, Store *store, Progress *progress, bool quiet, GError **error)
{
	Http *http = xpip_http(x, error);
	if (!http)
		return NULL;
	Fetch *fetch = g_new0(Fetch, 1);
	fetch->x = x;
	fetch->http = http;
	fetch->store = store;
	fetch->progress = progress;
	fetch->quiet = quiet;
	fetch->transfers = g_hash_table_new_full(NULL, NULL, transfer_free, NULL);
	return fetch;
}

/* Forgets the transfers of `user`, or all; their `done` is not called any more. */
static void
abandon(Fetch *fetch, const void *user)
{
	GHashTableIter iter;
	void *key;
	g_hash_table_iter_init(&iter, fetch->transfers);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct transfer *transfer = key;
		if (user && transfer->user != user)
			continue;
		http_cancel(fetch->http, transfer->id);
		g_hash_table_iter_remove(&iter);
	}
}

void
fetch_end(Fetch *fetch)
{
	abandon(fetch, NULL);
}

void
fetch_free(Fetch *fetch)
{
	if (!fetch)
		return;
	abandon(fetch, NULL);
	g_hash_table_unref(fetch->transfers);
	g_free(fetch);
}

char *
fetch_size_text(int64_t bytes)
{
	double size = (double)bytes;
	if (size > 1e6)
		return g_strdup_printf("%.1f MB", size / 1e6);
	if (size > 1e4)
		return g_strdup_printf("%d kB", (int)(size / 1e3));
	if (size > 1e3)
		return g_strdup_printf("%.1f kB", size / 1e3);
	return g_strdup_printf("%d bytes", (int)size);
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* The file's digest by some algorithm, in hex; SHA-256 is known already. */
static char *
hash_of(StoreDownload *download, const struct digest *sha256, const char *algorithm, GError **error)
{
	if (strcmp(algorithm, "sha256") == 0) {
		char *hex = g_malloc(65);
		digest_to_hex(sha256, hex);
		return hex;
	}
	g_autoptr(Hasher) hasher = hasher_new(algorithm, error);
	if (!hasher)
		return NULL;
	int in = store_download_fd(download, error);
	if (in < 0)
		return NULL;
	int64_t at = 0;
	uint8_t block[65536];
	ssize_t got;
	while ((got = pread(in, block, sizeof block, at)) > 0) {
		hasher_update(hasher, block, (size_t)got);
		at += got;
	}
	if (got < 0) {
		error_set_errno(error, errno, "reading a download");
		return NULL;
	}
	return hasher_finish_hex(hasher);
}

/* true if one of the demanded hashes matches; *report gets pip's Expected/Got lines. */
static bool
any_matches(const struct transfer *transfer, const struct digest *sha256, char **wanted,
	GString *report, GError **error)
{
	const char *last = NULL;
	for (size_t i = 0; wanted[i]; i++) {
		const char *colon = strchr(wanted[i], ':');
		g_autofree char *algorithm = g_strndup(wanted[i], (size_t)(colon - wanted[i]));
		g_autofree char *got = hash_of(transfer->download, sha256, algorithm, error);
		if (!got)
			return false;
		if (g_ascii_strcasecmp(got, colon + 1) == 0)
			return true;
		bool again =
			last && g_str_has_prefix(last, algorithm) && last[strlen(algorithm)] == ':';
		g_string_append_printf(report, "\n        %s %s %s",
			again ? "            or" : "Expected", again ? "" : algorithm, colon + 1);
		if (!wanted[i + 1] || !g_str_has_prefix(wanted[i + 1], algorithm))
			g_string_append_printf(report, "\n             Got        %s\n", got);
		last = wanted[i];
	}
	return false;
}

static bool
check_hashes(const struct transfer *transfer, const struct digest *sha256, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GString) report = g_string_new(NULL);
	g_autofree char *promised =
		transfer->hash ? g_strconcat(transfer->hash_name, ":", transfer->hash, NULL) : NULL;
	char *single[] = {promised, NULL};
	bool demanded = transfer->demanded != NULL; /* an empty list: no hash suits all */
	char **wanted = demanded ? transfer->demanded : single;
	if ((!wanted[0] && !demanded) || any_matches(transfer, sha256, wanted, report, &why))
		return true;
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	return error_set(error, ERROR_INTEGRITY,
		"THESE PACKAGES DO NOT MATCH THE HASHES%s If you have updated the package "
		"versions, "
		"please update the hashes. Otherwise, examine the package contents carefully; "
		"someone may have tampered with them.\n    %s:%s",
		demanded ? " FROM THE REQUIREMENTS FILE." : " THAT THE INDEX OR URL GIVES.",
		transfer->what ? transfer->what : transfer->filename, report->str);
}

/* --- one transfer ----------------------------------------------------------------------------- */

static bool
take_bytes(const void *bytes, size_t length, int64_t at, void *user, GError **error)
{
	struct transfer *transfer = user;
	return store_download_write(transfer->download, bytes, length, at, error);
}

static void
see_progress(int64_t now, int64_t total, void *user)
{
	struct transfer *transfer = user;
	if (transfer->bar)
		progress_update(transfer->fetch->progress, transfer->bar, now, total);
}

static void
finish(HttpResponse *response, const GError *error, void *user)
{
	struct transfer *transfer = user;
	g_autoptr(HttpResponse) owned = response;
	g_autoptr(GError) why = error ? g_error_copy(error) : NULL;
	struct digest sha256 = {0};
	if (http_error_status(error))
		log_error(transfer->fetch->x->log, "HTTP error %ld while getting %s",
			http_error_status(error), transfer->url);
	if (!why && store_download_digest(transfer->download, &sha256, &why))
		check_hashes(transfer, &sha256, &why);
	g_hash_table_steal(transfer->fetch->transfers, transfer);
	transfer->done(
		why ? NULL : g_steal_pointer(&transfer->download), &sha256, why, transfer->user);
	transfer_free(transfer);
}

static void
say_download(Fetch *fetch, const struct fetch_file *file)
{
	if (fetch->quiet)
		return;
	if (g_str_has_prefix(file->url, "file:"))
		return;
	g_autofree char *url = http_redact_url(file->url);
	url[strcspn(url, "#")] = '\0';
	g_autofree char *size = file->size >= 0 ? fetch_size_text(file->size) : NULL;
	log_info(fetch->x->log, "Downloading %s%s%s%s", file->show_url ? url : file->filename,
		size ? " (" : "", size ? size : "", size ? ")" : "");
}

bool
fetch_add(
	Fetch *fetch, const struct fetch_file *file, fetch_done_fn done, void *user, GError **error)
{
	g_autoptr(StoreDownload) download = store_download_new(fetch->store, error);
	if (!download)
		return false;
	struct transfer *transfer = g_new0(struct transfer, 1);
	transfer->fetch = fetch;
	transfer->download = g_steal_pointer(&download);
	transfer->url = http_redact_url(file->url);
	transfer->filename = g_strdup(file->filename);
	transfer->what = g_strdup(file->what);
	transfer->hash_name = g_strdup(file->hash_name);
	transfer->hash = g_strdup(file->hash);
	transfer->demanded = g_strdupv((char **)file->demanded);
	transfer->done = done;
	transfer->user = user;
	if (fetch->progress)
		transfer->bar = progress_add(fetch->progress, file->filename, file->size);
	say_download(fetch, file);
	g_autofree char *url = g_strndup(file->url, strcspn(file->url, "#"));
	struct http_request request = {
		.url = url,
		.accept = NULL,
		.cache = HTTP_CACHE_NONE, /* the store is the cache */
		.sink = take_bytes,
		.done = finish,
		.user = transfer,
		.progress = see_progress,
		.max_size = INT64_MAX,
	};
	g_hash_table_add(fetch->transfers, transfer);
	transfer->id = http_get(fetch->http, &request);
	return true;
}

struct single {
	StoreDownload *download;
	struct digest sha256;
	GError *error;
	bool finished;
};

static void
take_single(StoreDownload *download, const struct digest *sha256, const GError *error, void *user)
{
	struct single *single = user;
	single->download = download;
	single->sha256 = *sha256;
	single->error = error ? g_error_copy(error) : NULL;
	single->finished = true;
}

StoreDownload *
fetch_one(Fetch *fetch, const struct fetch_file *file, struct digest *sha256, GError **error)
{
	struct single single = {0};
	if (!fetch_add(fetch, file, take_single, &single, error))
		return NULL;
	while (!single.finished)
		if (!loop_turn(fetch->x->loop, -1, error)) {
			abandon(fetch, &single);
			return NULL;
		}
	if (single.error)
		g_propagate_error(error, single.error);
	*sha256 = single.sha256;
	return single.download;
}
