/* SPDX-License-Identifier: MIT */
/* The resolver's public entry: root requirements, constraints and a source in, a set of
 * distributions in installation order out; or an error that says who asked for what and why it
 * cannot be. */
#pragma once
#include "lib/error.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "resolver/candidate.h"
#include "resolver/requirement.h"
#include "resolver/source.h"
#include "wheel/installed.h"

enum upgrade_strategy {
	UPGRADE_TO_SATISFY_ONLY /* no --upgrade */,
	UPGRADE_ONLY_IF_NEEDED,
	UPGRADE_EAGER
};

/* A requirement that names a place instead of versions: `name @ URL`, a path, a VCS URL, -e. */
struct direct_request {
	const char *name; /* normalised, or NULL for an unnamed one */
	const char *url;  /* as written, extras and marker removed */
	bool editable;
	const char *const *hashes; /* "sha256:hex", or NULL */
	size_t root;		   /* index of the root requirement; SIZE_MAX when from metadata, */
	size_t constraint;	   /* from a constraint: its index, else SIZE_MAX */
	const char *parent;	   /* "name version" that asks for it, or NULL */
};

struct direct {	      /* what the caller found there; lives as long as the resolution */
	void *handle; /* the caller's own; returned in struct resolved */
	const Metadata *metadata;
	bool local_wheel; /* file:// or path to a wheel: kept if this version is installed */
	bool local;	  /* any other file:// or path: reinstalled */
};

struct root_requirement {
	const char *text;   /* as the user wrote it, for messages */
	const char *origin; /* "-r requirements.txt (line 3)", or NULL for the command line */
	const Requirement *requirement; /* NULL only for an unnamed direct one */
	const char *url;		/* direct: not NULL (also when requirement->url is set) */
	const char *const *extras;	/* of an unnamed direct one (`./path[dev]`), or NULL */
	bool editable;
	bool user_requested;	   /* false for what the program itself adds */
	const char *const *hashes; /* "sha256:hex", NULL-terminated, or NULL */
};

struct resolve_options {
	const char *const *markers; /* MARKER_VARIABLES values (Python.markers) */
	const char *python_version; /* "3.11.7", for Requires-Python */
	const Tags *tags;
	bool ignore_requires_python, prefer_binary;
	const NameControl *formats;  /* FIRST = no_binary, SECOND = only_binary; or NULL */
	const NameControl *releases; /* FIRST = all_releases (--pre is `:all:`), SECOND =
					only_final; or NULL */
	int64_t uploaded_prior_to;   /* microseconds since 1970; INT64_MIN: no limit */
	/* Where an sdist stands beside wheels for other platforms: take their metadata instead of
	 * building it. struct resolved says where that was done. */
	bool assume_wheels;
	bool no_deps, only_deps;
	enum upgrade_strategy upgrade;
	bool force_reinstall;
	InstalledSet *installed; /* NULL with --ignore-installed */

	struct source *source;
	/* Finds name, version and dependencies of a direct requirement; may download and build. */
	bool (*direct)(void *user, const struct direct_request *request, struct direct *out,
		GError **error);
	/* Metadata of an index file that source->metadata cannot tell without building it: called
	 * when that returns NULL without setting an error. Borrowed until resolution_free. */
	const Metadata *(*build_metadata)(
		void *user, const IndexPage *page, const struct index_file *file, GError **error);
	/* Called after each decision, with how many versions of the package did not fit so far; may
	 * be NULL.
	 */
	void (*progress)(void *user, size_t decided, const char *name, unsigned given_up);
	void *user;
	Log *log;	   /* or NULL: says nothing */
	Loop *loop;	   /* or NULL; asked whether a signal wants us to stop */
	size_t max_rounds; /* 0: pip's 200000 */
};

enum resolved_kind { RESOLVED_INDEX, RESOLVED_DIRECT, RESOLVED_INSTALLED };
enum resolved_action {
	RESOLVED_INSTALL, /* nothing of that name is installed */
	RESOLVED_REPLACE, /* `installed` goes, this comes */
	RESOLVED_KEEP,	  /* already satisfied: nothing to do */
};

struct resolved {
	const char *name;	  /* normalised */
	const char *display_name; /* as the metadata writes it */
	const char *asked_name;	  /* as the first requirement for it writes it */
	char *asked; /* what was asked for and by whom: "six>=1.5 (from python-dateutil)" */
	const Version *version;
	enum resolved_kind kind;
	enum resolved_action action;
	const IndexPage *page; /* RESOLVED_INDEX */
	const struct index_file *file;
	void *direct; /* RESOLVED_DIRECT: the caller's handle */
	bool editable;
	size_t decided; /* place in the order of decisions, in which pip reports; 0 … count - 1 */
	size_t root;	/* index of the (first) root requirement for it, or SIZE_MAX */
	Installed *installed;	   /* what is there now, or NULL */
	const char *const *extras; /* normalised, sorted, NULL-terminated */
	bool requested;		   /* the user named it */
	const size_t *parents;	   /* indices in resolution_get; without root requirements */
	size_t parent_count;
	const char *yanked; /* the reason ("" = none given), NULL: not yanked */
	const Metadata *metadata;
	bool assumed;		   /* the metadata is that of a wheel for another platform */
	const char *const *hashes; /* demanded of the file: "sha256:hex", or NULL */
};

/* The answer, in pip's installation order (a distribution comes after what it depends on).
 * With only_deps, what the user requested is left out. */
typedef struct Resolution Resolution;

/* Roots and constraints are borrowed until resolution_free. A failure is ERROR_NO_MATCH,
 * ERROR_CONFLICT, ERROR_ENVIRONMENT (Requires-Python), ERROR_INTERRUPTED or what a callback
 * reported; pip's CRITICAL lines have then been written to `log` (the error's own message is the
 * last one), and after them why it cannot be, in plain sentences. */
Resolution *resolve(const struct resolve_options *options, const struct root_requirement *roots,
	size_t root_count, const struct root_requirement *constraints, size_t constraint_count,
	GError **error);
void resolution_free(Resolution *resolution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resolution, resolution_free)

size_t resolution_count(const Resolution *resolution);
const struct resolved *resolution_get(const Resolution *resolution, size_t index);
const struct resolved *resolution_find(const Resolution *resolution, const char *normalized_name);
