/* SPDX-License-Identifier: MIT */
/* Downloads: many at once, hashed while they come, checked against what was promised or demanded.
 * No byte gets a name before its check (DESIGN §3.4). */
#pragma once
#include "cmd/cmd.h"
#include "lib/progress.h"
#include "wheel/store.h"

struct fetch_file {
	const char *url;	      /* http(s):// or file://; a fragment is ignored */
	const char *filename;	      /* for messages and progress */
	const char *what;	      /* "six==1.16.0 (from -r x.txt (line 1))", for a wrong hash */
	int64_t size;		      /* bytes; -1 unknown */
	const char *hash_name, *hash; /* what the index or URL promises: "sha256", hex; or NULL */
	const char *const *demanded;  /* "sha256:hex" of the user's: one must match; or NULL */
	bool show_url; /* say the whole URL, not the file's name: for URLs that the user gave */
};

/* Exactly one of download and error is given. `user` is the one of fetch_add. */
typedef void (*fetch_done_fn)(StoreDownload *download /* owned by callee */,
	const struct digest *sha256, const GError *error, void *user);

typedef struct Fetch Fetch;
/* Borrows all; progress may be NULL. `quiet`: no lines about downloads. */
Fetch *fetch_new(struct xpip *x, Store *store, Progress *progress, bool quiet, GError **error);
void fetch_free(Fetch *fetch); /* cancels what runs */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fetch, fetch_free)
/* Starts a transfer; strings are copied. `done` runs on the main thread, in loop_turn. */
bool fetch_add(Fetch *fetch, const struct fetch_file *file, fetch_done_fn done, void *user,
	GError **error);
/* Forgets what is still running; its `done` is not called. */
void fetch_end(Fetch *fetch);
/* Runs the loop until this file is there. */
StoreDownload *fetch_one(
	Fetch *fetch, const struct fetch_file *file, struct digest *sha256, GError **error);
/* 1234 -> "1.2 kB", as pip writes sizes. New string. */
char *fetch_size_text(int64_t bytes);
