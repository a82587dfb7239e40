/* SPDX-License-Identifier: MIT */
/* What stands behind a requirement that is no wheel of an index: a URL, a path, a checkout, an
 * editable, an sdist. Tells its metadata and becomes a wheel of the store. */
#pragma once
#include "cmd/fetch.h"
#include "wheel/build.h"
#include "wheel/directurl.h"
#include "wheel/tags.h"

struct artifact_context { /* borrowed for the artifacts' life */
	struct xpip *x;
	const Python *python;
	const Tags *tags; /* for kept wheels */
	Store *store;
	Fetch *fetch;
	struct build_options build;
	GPtrArray *building; /* URLs of what is being built now, outermost first; shared by the
				plans of build environments */
	bool quiet, keep_folders /* --no-clean */;
	bool sources;  /* kept wheels are no answer (`download`) */
	bool ordinary; /* editables become ordinary wheels, too (`wheel`) */
};

struct artifact_request {
	const char *url;  /* http(s)://, file:// or a VCS URL; fragment kept */
	const char *name; /* project name if known, or NULL */
	const char *what; /* for messages: "demo @ file:///…", "demo==1.0 (from x)" */
	bool editable;
	bool from_index;	      /* no direct_url.json */
	const char *const *demanded;  /* hashes, or NULL */
	const char *hash_name, *hash; /* what the index promises, or NULL */
	int64_t size;		      /* -1 unknown */
	const char *const *config_settings;
};

typedef struct Artifact {
	char *url; /* without fragment and credentials */
	bool editable, local /* file:// */, local_folder, is_wheel;
	const Metadata *metadata;
	StoreWheel *wheel;     /* NULL until artifact_make_wheel, unless is_wheel */
	DirectUrl *direct_url; /* NULL for a file of an index */
	char *tree;	       /* of a checkout or an editable: the project's folder; or NULL */
	char *built;	       /* the wheel that was made of it, or one made before; or NULL */
	char *file;	       /* the archive as downloaded, for `download`; or NULL */
	char *filename;	       /* its name */
	char *sha256;	       /* its hash in hex; NULL for folders and checkouts */
	bool promised;	       /* the user's URL has a hash in its fragment, which was right */
	struct artifact_rest *rest;
} Artifact;

/* Fetches, unpacks, checks out, and asks the back end for metadata: everything but the wheel. */
Artifact *artifact_new(const struct artifact_context *context,
	const struct artifact_request *request, GError **error);
void artifact_free(Artifact *artifact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Artifact, artifact_free)
/* Sets up the build of an index's sdist whose own metadata was enough so far (PEP 643). */
bool artifact_prepare(const struct artifact_context *context, Artifact *artifact, GError **error);
/* Builds the wheel unless there is one. */
bool artifact_make_wheel(
	const struct artifact_context *context, Artifact *artifact, GError **error);
/* Unpacks a wheel into the store, waiting for it. The download is consumed. */
StoreWheel *artifact_store_wheel(const struct artifact_context *context, StoreDownload *download,
	const char *filename, bool strict, GError **error);
/* Says what the store has to say about a wheel; omissions only when asked for details. */
void artifact_say_warnings(Log *log, const char *filename, const GPtrArray *warnings);
/* Writes a download's bytes to a new file. */
bool artifact_save(StoreDownload *download, const char *path, GError **error);
