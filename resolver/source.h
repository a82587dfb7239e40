/* SPDX-License-Identifier: MIT */
/* What the resolver asks for: pages and metadata. Implemented over HTTP (resolver/index.c) and by
 * the scenario runner from files. */
#pragma once
#include "resolver/simple.h"
#include "wheel/metadata.h"

struct source_listener { /* told on the main thread when something that was prefetched arrives */
	void (*page_ready)(void *user, const char *name, const IndexPage *page);
	void (*metadata_ready)(void *user, const IndexPage *page, const struct index_file *file,
		const Metadata *metadata);
	void *user;
};

struct source {
	void *user;
	void (*set_listener)(void *user, const struct source_listener *listener);
	/* Begin to fetch and return at once; repeated calls are free. */
	void (*prefetch_page)(void *user, const char *name);
	void (*prefetch_metadata)(void *user, const IndexPage *page, const struct index_file *file);
	/* Wait (running the loop) until it is there; borrowed until the source is freed. A project
	 * that no index knows is an empty page; failures are errors. */
	const IndexPage *(*page)(void *user, const char *name, GError **error);
	/* metadata: NULL without an error when only building the sdist can tell. */
	const Metadata *(*metadata)(
		void *user, const IndexPage *page, const struct index_file *file, GError **error);
};
