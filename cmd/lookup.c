/* SPDX-License-Identifier: MIT */
#include "cmd/lookup.h"

#include "cmd/target.h"
#include "wheel/installed.h"

#include <string.h>

struct Lookup {
	Index *index;
	Tags *tags;
	Version *python;
	NameControl *formats, *releases;
	CandidateCache *cache;
	struct candidate_options options;
};

void
lookup_free(Lookup *lookup)
{
	if (!lookup)
		return;
	index_free(lookup->index);
	tags_free(lookup->tags);
	version_free(lookup->python);
	name_control_free(lookup->formats);
	name_control_free(lookup->releases);
	candidate_cache_free(lookup->cache);
	g_free(lookup);
}

Lookup *
lookup_new(struct xpip *x, GError **error)
{
	const Options *options = x->options;
	const Python *python = xpip_python(x, error);
	Http *http = python ? xpip_http(x, error) : NULL;
	if (!http)
		return NULL;
	g_autoptr(Lookup) lookup = g_new0(Lookup, 1);
	lookup->formats = name_control_new();
	lookup->releases = name_control_new();
	lookup->cache = candidate_cache_new();
	if (!target_controls(options, lookup->formats, lookup->releases, error))
		return NULL;
	lookup->tags = target_tags(options, python);
	g_autofree char *version = target_python_version(options, python);
	lookup->python = version_parse_string(version);
	struct index_options index = {
		.index_url = options_string(options, OPT_INDEX_URL),
		.extra_index_urls = options_list(options, OPT_EXTRA_INDEX_URL),
		.find_links = options_list(options, OPT_FIND_LINKS),
		.no_index = options_flag(options, OPT_NO_INDEX),
		.cache_dir = x->cache_dir,
		.jobs = xpip_jobs(x, NULL),
		.refresh = options_list(options, OPT_REFRESH_PACKAGE),
	};
	lookup->index = index_new(x->loop, http, x->log, &index);
	lookup->options = (struct candidate_options){
		.tags = lookup->tags,
		.python = lookup->python,
		.ignore_requires_python = options_allow(options, OPT_IGNORE_REQUIRES_PYTHON) &&
					  options_flag(options, OPT_IGNORE_REQUIRES_PYTHON),
		.prefer_binary = options_flag(options, OPT_PREFER_BINARY),
		.formats = lookup->formats,
		.uploaded_prior_to = target_uploaded_prior_to(options),
		.cache = lookup->cache,
	};
	return g_steal_pointer(&lookup);
}

struct source *
lookup_source(Lookup *lookup)
{
	return index_source(lookup->index);
}

Candidates *
lookup_candidates(
	const Lookup *lookup, const char *normalized_name, const IndexPage *page, GError **error)
{
	Candidates *candidates = candidates_new(page, &lookup->options, NULL, error);
	bool all = name_control_get(lookup->releases, normalized_name, NAME_CONTROL_SECOND) ==
		   NAME_CONTROL_FIRST;
	size_t kept = 0;
	for (size_t i = 0; candidates && i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];
		if (!candidate->yanked && (all || !candidate->prerelease))
			candidates->list[kept++] = *candidate;
	}
	if (candidates)
		candidates->count = kept;
	return candidates;
}

bool
lookup_latest(const Lookup *lookup, const char *normalized_name, const IndexPage *page,
	struct latest *latest, GError **error)
{
	g_autoptr(Candidates) candidates = lookup_candidates(lookup, normalized_name, page, error);
	if (!candidates)
		return false;
	*latest = (struct latest){0};
	if (candidates->count) {
		latest->version = page_version(page, candidates->list[0].release);
		latest->wheel = candidates->list[0].wheel;
	}
	return true;
}

char *
lookup_installed(struct xpip *x, const char *normalized_name)
{
	const Python *python = xpip_python(x, NULL);
	g_autoptr(InstalledSet) set = python ? installed_scan(python, NULL, x->log, NULL) : NULL;
	const Installed *dist = set ? installed_find(set, normalized_name) : NULL;
	g_autoptr(Version) version = dist ? version_parse_string(dist->version) : NULL;
	return version ? g_strdup(version_text(version)) : dist ? g_strdup(dist->version) : NULL;
}

/* A version with an a, b or rc part; a dev release is none in this sense. */
static bool
is_preview(const char *version)
{
	return strcspn(version, "abc") < strcspn(version, "+");
}

void
lookup_say_installed(struct xpip *x, const char *installed, const char *latest)
{
	log_indent(x->log, 1);
	log_info(x->log, "INSTALLED: %s", installed);
	log_info(x->log, "LATEST:    %s%s", latest,
		is_preview(latest) ? " (pre-release; install with `xpip install --pre`)" : "");
	log_indent(x->log, -1);
}
