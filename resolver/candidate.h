/* SPDX-License-Identifier: MIT */
/* Which files of a project's page may be used at all, which file stands for a release, and in
 * which order releases are tried: pip's link evaluation and candidate sorting. */
#pragma once
#include "resolver/simple.h"
#include "wheel/tags.h"

/* Two sets of project names that exclude each other, as --no-binary/--only-binary and
 * --all-releases/--only-final are: later values take names out of the other set. */
typedef struct NameControl NameControl;
enum name_control { NAME_CONTROL_NONE, NAME_CONTROL_FIRST, NAME_CONTROL_SECOND };

NameControl *name_control_new(void);
void name_control_free(NameControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NameControl, name_control_free)
/* value: comma-separated names, `:all:`, `:none:`. ERROR_USAGE if it starts with a dash; `options`
 * ("--no-binary / --only-binary") is for that message. */
bool name_control_add(NameControl *control, enum name_control which, const char *value,
	const char *options, GError **error);
/* A name beats `:all:`; where a name (or `:all:`) would be in both, `which` wins. NULL: NONE. */
enum name_control name_control_get(
	const NameControl *control, const char *normalized_name, enum name_control which);

struct candidate_options {
	const Tags *tags;      /* NULL: every wheel is taken */
	const Version *python; /* major.minor.micro, for Requires-Python; NULL: not checked */
	bool ignore_requires_python;
	bool prefer_binary;
	const NameControl *formats;  /* FIRST = no_binary, SECOND = only_binary; or NULL */
	const NameControl *releases; /* FIRST = all_releases, SECOND = only_final; or NULL */
	int64_t uploaded_prior_to;   /* microseconds since 1970; INT64_MIN: no limit */
};

enum file_verdict {
	FILE_USABLE,
	FILE_NO_BINARY,
	FILE_NO_SOURCE,
	FILE_OTHER_PLATFORM,
	FILE_OTHER_PYTHON,
	FILE_TOO_LATE,
	FILE_NO_UPLOAD_TIME,
};

/* One release that has a usable file. */
struct candidate {
	uint32_t release; /* index for page_version */
	uint32_t file;	  /* the file that stands for it (page_file) */
	bool yanked;	  /* every usable file is yanked */
	bool prerelease;
	bool wheel;
	bool hash_allowed; /* `file` has one of the demanded hashes */
	bool hash_absent;  /* a usable file has no hash at all */
};

typedef struct Candidates { /* best first: the order in which pip tries them */
	struct candidate *list;
	size_t count;
	bool hashes; /* some hash was demanded */
	GPtrArray
		*requires_python; /* "1.2 Requires-Python >=3.12": pip's skipped versions, sorted */
	GPtrArray *versions, *yanked; /* texts, ascending: for "from versions: …" */
	bool no_upload_time;	      /* --uploaded-prior-to met a file without upload time */
} Candidates;

/* hashes: "sha256:hex…", NULL-terminated, or NULL when none are demanded. */
Candidates *candidates_new(
	const IndexPage *page, const struct candidate_options *options, const char *const *hashes);
void candidates_free(Candidates *candidates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Candidates, candidates_free)
/* Whether one file may be used under these options. */
enum file_verdict candidate_file_verdict(const struct candidate_options *options,
	const IndexPage *page, const struct index_file *file);
/* pip's Requires-Python rule: an unreadable specifier allows everything. */
bool candidate_python_allowed(const char *requires_python, const Version *python);
