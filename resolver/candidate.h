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

/* Answers that repeat from page to page: tag ranks and Requires-Python texts. */
typedef struct CandidateCache CandidateCache;
CandidateCache *candidate_cache_new(void);
void candidate_cache_free(CandidateCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CandidateCache, candidate_cache_free)

struct candidate_options {
	const Tags *tags;      /* NULL: every wheel is taken */
	const Version *python; /* major.minor.micro, for Requires-Python; NULL: not checked */
	bool ignore_requires_python;
	bool prefer_binary;
	bool assume_wheels;	    /* look for wheels whose metadata can stand in for an sdist's */
	const NameControl *formats; /* FIRST = no_binary, SECOND = only_binary; or NULL */
	int64_t uploaded_prior_to;  /* microseconds since 1970; INT64_MIN: no limit */
	CandidateCache *cache;	    /* never NULL; belongs to these tags and this Python */
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
/* Whether one file may be used, hashes and yanks aside. */
enum file_verdict candidate_file_verdict(const struct candidate_options *options,
	const IndexPage *page, const struct index_file *file);

/* One release that has a usable file. */
struct candidate {
	uint32_t release;  /* index for page_version */
	uint32_t file;	   /* the file that stands for it (page_file) */
	uint32_t stand_in; /* 1 + a wheel for another platform with, likely, an sdist's metadata; 0
			    */
	bool yanked;	   /* that file is yanked (none better could be had) */
	bool prerelease;
	bool wheel;
	bool hash_allowed; /* that file has one of the demanded hashes */
	bool hash_absent;  /* that file has no hash at all */
};

typedef struct Candidates { /* best first: the order in which pip tries them */
	struct candidate *list;
	size_t count;
	bool hashes; /* some hash was demanded */
} Candidates;

/* hashes: "sha256:hex", NULL-terminated; NULL when none are demanded. Failures of
 * --uploaded-prior-to for want of an upload time are ERROR_NO_MATCH. */
Candidates *candidates_new(const IndexPage *page, const struct candidate_options *options,
	const char *const *hashes, GError **error);
void candidates_free(Candidates *candidates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Candidates, candidates_free)

/* For messages; new strings: "1.0, 1.1" ascending ("" if there are none), and pip's
 * "1.2 Requires-Python >=3.12; …" of what was left out for the interpreter's sake. */
char *candidates_versions(
	const IndexPage *page, const struct candidate_options *options, bool yanked);
char *candidates_other_python(const IndexPage *page, const struct candidate_options *options);
/* pip's Requires-Python rule: an unreadable specifier allows everything. */
bool candidate_python_allowed(
	CandidateCache *cache, const char *requires_python, const Version *python);
