/* SPDX-License-Identifier: MIT */
/* Projects, candidates and their demands, fetched when a solver asks; and ahead of it, when pages
 * and metadata arrive: the page of a requirement as soon as it is known, the metadata of the
 * likeliest candidate as soon as its page is there, and so on. */
#include "resolver/universe.h"
#include "lib/texts.h"

#include "wheel/name.h"

#include <string.h>

enum { LOOK_AHEAD_MAX = 64 }; /* releases of one package that are asked for ahead of a solver */

enum asked { /* has a candidate's metadata been asked for before a solver wanted it? */
	ASKED_NOT,
	ASKED_AHEAD,  /* yes, and that is all */
	ASKED_LIKELY, /* yes, and for the pages of what it demands */
};

static void
range_free(void *data)
{
	struct range *range = data;
	specifier_free(range->set);
	g_free(range->known);
	g_free(range);
}

static void
direct_clear(void *data)
{
	struct direct_candidate *direct = data;
	version_free(direct->version);
	g_free(direct->url);
}

static void
package_free(void *data)
{
	struct package *package = data;
	g_free(package->name);
	candidates_free(package->candidates);
	version_free(package->installed_version);
	g_array_unref(package->directs);
	g_hash_table_unref(package->ranges);
	g_ptr_array_unref(package->hints);
	if (package->constraint_directs != NULL)
		g_array_unref(package->constraint_directs);
	if (package->constraint_urls != NULL)
		g_array_unref(package->constraint_urls);
	g_strfreev(package->hashes);
	g_hash_table_unref(package->metadata);
	g_hash_table_unref(package->bad);
	g_hash_table_unref(package->assumed);
	g_hash_table_unref(package->templates);
	g_free(package->asked);
	g_free(package->given_up);
	g_free(package);
}

static void
dependencies_free(void *data)
{
	struct dependencies *dependencies = data;
	for (size_t i = 0; i < dependencies->count; i++)
		g_free(dependencies->list[i].text);
	g_free(dependencies->list);
	g_free(dependencies);
}

static void
node_free(void *data)
{
	struct node *node = data;
	g_free(node->name);
	g_strfreev(node->extras);
	g_hash_table_unref(node->dependencies);
	g_free(node);
}

static struct package *
universe_package(Universe *universe, const char *name)
{
	struct package *package = g_hash_table_lookup(universe->packages, name);
	if (package != NULL)
		return package;
	const struct resolve_options *options = universe->options;
	package = g_new0(struct package, 1);
	package->name = g_strdup(name);
	package->directs = g_array_new(FALSE, TRUE, sizeof(struct direct_candidate));
	g_array_set_clear_func(package->directs, direct_clear);
	package->ranges = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, range_free);
	package->hints = g_ptr_array_new();
	package->metadata = g_hash_table_new(NULL, NULL);
	package->bad = g_hash_table_new(NULL, NULL);
	package->assumed = g_hash_table_new(NULL, NULL);
	package->templates = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	enum name_control control = name_control_get(options->releases, name, NAME_CONTROL_FIRST);
	package->prereleases = control == NAME_CONTROL_FIRST	? PRERELEASES_ALLOW
			       : control == NAME_CONTROL_SECOND ? PRERELEASES_DENY
								: PRERELEASES_DEFAULT;
	if (options->installed != NULL && !options->force_reinstall) {
		Installed *installed = installed_find(options->installed, name);
		if (installed != NULL && installed->version != NULL)
			package->installed_version = version_parse_string(installed->version);
		if (package->installed_version != NULL)
			package->installed = installed;
	}
	g_hash_table_insert(universe->packages, package->name, package);
	return package;
}

static struct node *
node_add(Universe *universe, char *name, struct package *package, struct node *base, char **extras)
{
	struct node *node = g_new0(struct node, 1);
	node->id = universe->nodes->len;
	node->name = name;
	node->package = package;
	node->base = base;
	node->extras = extras;
	node->order = SIZE_MAX;
	node->dependencies = g_hash_table_new_full(NULL, NULL, NULL, dependencies_free);
	g_ptr_array_add(universe->nodes, node);
	g_hash_table_insert(universe->node_names, node->name, node);
	return node;
}

/* Normalised, sorted, without repeats. */
static char **
normalize_extras(const char *const *extras)
{
	GPtrArray *names = g_ptr_array_new();
	for (size_t i = 0; extras != NULL && extras[i] != NULL; i++) {
		char *name = name_normalize(extras[i]);
		bool known = false;
		for (guint n = 0; n < names->len && !known; n++)
			known = g_str_equal(names->pdata[n], name);
		if (known)
			g_free(name);
		else
			g_ptr_array_add(names, name);
	}
	g_ptr_array_sort(names, texts_compare);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

struct node *
universe_node(Universe *universe, const char *name, const char *const *extras)
{
	struct node *base = g_hash_table_lookup(universe->node_names, name);
	if (base == NULL)
		base = node_add(
			universe, g_strdup(name), universe_package(universe, name), NULL, NULL);
	if (extras == NULL || extras[0] == NULL)
		return base;
	char **names = normalize_extras(extras);
	g_autofree char *joined = g_strjoinv(",", names);
	char *identifier = g_strdup_printf("%s[%s]", name, joined);
	struct node *node = g_hash_table_lookup(universe->node_names, identifier);
	if (node == NULL)
		return node_add(universe, identifier, base->package, base, names);
	g_free(identifier);
	g_strfreev(names);
	return node;
}

struct node *
universe_python(const Universe *universe)
{
	return universe->nodes->pdata[0];
}

candidate_id
package_releases_end(const struct package *package)
{
	return 1 + (candidate_id)(package->candidates == NULL ? 0 : package->candidates->count);
}

static struct direct_candidate *
package_direct(const struct package *package, candidate_id candidate)
{
	return &g_array_index(
		package->directs, struct direct_candidate, candidate - CANDIDATE_DIRECT);
}

const Version *
package_version(const struct package *package, candidate_id candidate)
{
	if (candidate >= CANDIDATE_DIRECT)
		return package_direct(package, candidate)->version;
	if (candidate == CANDIDATE_INSTALLED)
		return package->installed_version;
	return page_version(package->page, package->candidates->list[candidate - 1].release);
}

const char *
node_version_text(const struct node *node, candidate_id candidate)
{
	return version_text(package_version(node->package, candidate));
}

struct range *
package_range(Universe *universe, struct package *package, SpecifierSet *set)
{
	(void)universe;
	const char *text = specifier_text(set);
	struct range *range = g_hash_table_lookup(package->ranges, text);
	if (range != NULL)
		return range;
	range = g_new0(struct range, 1);
	range->set = specifier_ref(set);
	range->pinned = specifier_pin(set) != NULL;
	range->upper_bounded = specifier_has_upper_bound(set);
	range->free = specifier_is_empty(set);
	range->names_prerelease = specifier_prereleases(set) == PRERELEASES_ALLOW;
	g_hash_table_insert(package->ranges, (char *)specifier_text(range->set), range);
	return range;
}

bool
range_has(struct range *range, const struct package *package, candidate_id candidate)
{
	if (range->free)
		return true;
	if (candidate >= CANDIDATE_DIRECT)
		return specifier_matches(range->set, package_version(package, candidate));
	if ((size_t)candidate >= range->known_size) {
		size_t size = (size_t)package_releases_end(package);
		range->known = g_realloc(range->known, size);
		memset(range->known + range->known_size, 0, size - range->known_size);
		range->known_size = size;
	}
	uint8_t *known = &range->known[candidate];
	if (*known == 0)
		*known = specifier_matches(range->set, package_version(package, candidate)) ? 2 : 1;
	return *known == 2;
}

/* --- prefetching ------------------------------------------------------------------------------ */

static bool
hints_allow(struct package *package, candidate_id candidate)
{
	if (package->constraint != NULL && !range_has(package->constraint, package, candidate))
		return false;
	for (guint i = 0; i < package->hints->len; i++)
		if (!range_has(package->hints->pdata[i], package, candidate))
			return false;
	return true;
}

static bool
hints_name_prerelease(const struct package *package)
{
	for (guint i = 0; i < package->hints->len; i++)
		if (((const struct range *)package->hints->pdata[i])->names_prerelease)
			return true;
	return package->prereleases == PRERELEASES_ALLOW;
}

static void arrival_add(Universe *universe, struct package *package, candidate_id candidate);

static void
ask_metadata(
	Universe *universe, struct package *package, candidate_id candidate, enum asked purpose)
{
	const struct source *source = universe->options->source;
	uint8_t *asked = &package->asked[candidate];
	if (*asked >= purpose)
		return;
	bool fresh = *asked == ASKED_NOT;
	*asked = (uint8_t)purpose;
	if (g_hash_table_contains(package->metadata, GINT_TO_POINTER(candidate))) {
		if (purpose == ASKED_LIKELY)
			arrival_add(universe, package, candidate);
	} else if (fresh) {
		const struct candidate *release = &package->candidates->list[candidate - 1];
		source->prefetch_metadata(source->user, package->page,
			page_file(package->page,
				release->stand_in == 0 ? release->file : release->stand_in - 1));
	}
}

void
package_prefetch(Universe *universe, struct package *package, candidate_id candidate)
{
	if (package->page != NULL && candidate > CANDIDATE_INSTALLED &&
		candidate < CANDIDATE_DIRECT)
		ask_metadata(universe, package, candidate, ASKED_LIKELY);
}

/* What the user demands stays; what other packages demand may go when their versions do. */
static bool
root_ranges_allow(struct package *package, candidate_id candidate)
{
	if (package->constraint != NULL && !range_has(package->constraint, package, candidate))
		return false;
	for (guint i = 0; i < package->hints->len; i++) {
		struct range *range = package->hints->pdata[i];
		if (range->root && !range_has(range, package, candidate))
			return false;
	}
	return true;
}

void
package_look_ahead(Universe *universe, struct package *package, candidate_id failed)
{
	if (package->page == NULL || failed <= CANDIDATE_INSTALLED || failed >= CANDIDATE_DIRECT)
		return;
	if (package->given_up[failed] != 0)
		return;
	package->given_up[failed] = 1;
	universe->given_up++;
	package->tried++;
	unsigned count = package->tried < 6 ? 1u << package->tried : LOOK_AHEAD_MAX;
	bool prereleases = hints_name_prerelease(package);
	candidate_id end = package_releases_end(package);
	for (candidate_id id = failed + 1; id < end && count > 0; id++) {
		const struct candidate *candidate = &package->candidates->list[id - 1];
		if (candidate->yanked || (candidate->prerelease && !prereleases) ||
			!root_ranges_allow(package, id))
			continue;
		count--;
		ask_metadata(universe, package, id, ASKED_AHEAD);
	}
}

static bool
package_settle(Universe *universe, struct package *package, const IndexPage *page, GError **error)
{
	if (package->page != NULL)
		return true;
	Candidates *candidates = candidates_new(
		page, &universe->candidate_options, (const char *const *)package->hashes, error);
	if (candidates == NULL)
		return false;
	package->page = page;
	package->candidates = candidates;
	package->asked = g_new0(uint8_t, (gsize)package_releases_end(package));
	package->given_up = g_new0(uint8_t, (gsize)package_releases_end(package));
	return true;
}

/* The likeliest candidate's metadata, unless something installed will do. */
static void
package_hint(Universe *universe, struct package *package)
{
	if (package->hinted || package->page == NULL)
		return;
	package->hinted = true;
	if (package->directs->len > 0)
		return;
	bool prereleases = hints_name_prerelease(package);
	candidate_id end = package_releases_end(package);
	for (candidate_id id = 1; id < end; id++) {
		const struct candidate *candidate = &package->candidates->list[id - 1];
		if (!candidate->yanked && (!candidate->prerelease || prereleases) &&
			hints_allow(package, id)) {
			package_prefetch(universe, package, id);
			return;
		}
	}
}

void
want_page(Universe *universe, struct node *node, struct range *range)
{
	struct package *package = node->package;
	const struct source *source = universe->options->source;
	if (range != NULL && !range->free) {
		bool known = false;
		for (guint i = 0; i < package->hints->len && !known; i++)
			known = package->hints->pdata[i] == range;
		if (!known)
			g_ptr_array_add(package->hints, range);
	}
	if (package->page != NULL || package->directs->len > 0)
		return;
	/* An installed distribution that will do needs no page. */
	if (package->installed != NULL && node_prefers_installed(universe, node) &&
		hints_allow(package, CANDIDATE_INSTALLED))
		return;
	source->prefetch_page(source->user, package->name);
}

/* Arrivals are worked off by one loop, whichever call they come in from: a cached page may be
 * announced from inside prefetch_page, and recursion would be as deep as the dependencies. */
struct arrival {
	struct package *package;
	candidate_id candidate; /* CANDIDATE_NONE: the page */
};

static void
arrivals_drain(Universe *universe)
{
	if (universe->draining)
		return;
	universe->draining = true;
	while (universe->queue->len > 0) {
		g_autofree struct arrival *arrival =
			g_ptr_array_steal_index(universe->queue, universe->queue->len - 1);
		struct package *package = arrival->package;
		if (arrival->candidate == CANDIDATE_NONE) {
			package_hint(universe, package);
			continue;
		}
		for (guint i = 0; i < universe->nodes->len; i++) {
			struct node *node = universe->nodes->pdata[i];
			if (node->package == package)
				demand_prefetch(universe, node,
					g_hash_table_lookup(package->metadata,
						GINT_TO_POINTER(arrival->candidate)));
		}
	}
	universe->draining = false;
}

static void
arrival_add(Universe *universe, struct package *package, candidate_id candidate)
{
	struct arrival *arrival = g_new(struct arrival, 1);
	*arrival = (struct arrival){package, candidate};
	g_ptr_array_add(universe->queue, arrival);
	arrivals_drain(universe);
}

static void
on_page(void *user, const char *name, const IndexPage *page)
{
	Universe *universe = user;
	struct package *package = g_hash_table_lookup(universe->packages, name);
	if (package == NULL || package->page != NULL)
		return;
	/* An error shows again when a solver asks for the page. */
	if (package_settle(universe, package, page, NULL))
		arrival_add(universe, package, CANDIDATE_NONE);
}

static void
on_metadata(
	void *user, const IndexPage *page, const struct index_file *file, const Metadata *metadata)
{
	Universe *universe = user;
	struct package *package = g_hash_table_lookup(universe->packages, page_name(page));
	if (package == NULL || package->page != page || metadata == NULL)
		return;
	uint32_t index = (uint32_t)(file - page_file(page, 0));
	for (size_t i = 0; i < package->candidates->count; i++) {
		if (package->candidates->list[i].file != index)
			continue;
		void *key = GINT_TO_POINTER((candidate_id)i + 1);
		if (g_hash_table_contains(package->metadata, key))
			return;
		g_hash_table_insert(package->metadata, key, (void *)metadata);
		if (package->asked[i + 1] == ASKED_LIKELY)
			arrival_add(universe, package, (candidate_id)i + 1);
		return;
	}
}

/* An explanation is not worth a long wait. */
static bool
spend(Universe *universe, GError **error)
{
	if (universe->budget == 0)
		return error_set(error, ERROR_CONFLICT, "this would take too many requests");
	if (universe->budget != SIZE_MAX)
		universe->budget--;
	return true;
}

bool
package_load(Universe *universe, struct package *package, GError **error)
{
	if (package->page != NULL)
		return true;
	if (!spend(universe, error))
		return false;
	const struct source *source = universe->options->source;
	const IndexPage *page = source->page(source->user, package->name, error);
	return page != NULL && package_settle(universe, package, page, error);
}

const struct template *
package_template(const struct package *package, candidate_id candidate)
{
	return g_hash_table_lookup(package->templates, GINT_TO_POINTER(candidate));
}

void
package_set_template(
	struct package *package, candidate_id candidate, const struct template *template)
{
	if (!g_hash_table_contains(package->templates, GINT_TO_POINTER(candidate)))
		g_hash_table_insert(package->templates, GINT_TO_POINTER(candidate),
			g_memdup2(template, sizeof *template));
}

bool
node_prefers_installed(const Universe *universe, const struct node *node)
{
	switch (universe->options->upgrade) {
	case UPGRADE_EAGER:
		return false;
	case UPGRADE_ONLY_IF_NEEDED:
		return node->order == SIZE_MAX &&
		       (node->base == NULL || node->base->order == SIZE_MAX);
	case UPGRADE_TO_SATISFY_ONLY:
		break;
	}
	return true;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* That of a wheel for another platform in an sdist's place; NULL without an error if there is none
 * that could be taken for it. */
static const Metadata *
assume_metadata(Universe *universe, struct package *package, candidate_id candidate, GError **error)
{
	const struct source *source = universe->options->source;
	const struct candidate *release = &package->candidates->list[candidate - 1];
	if (release->stand_in == 0)
		return NULL;
	g_autoptr(GError) problem = NULL;
	const Metadata *metadata = source->metadata(source->user, package->page,
		page_file(package->page, release->stand_in - 1), &problem);
	if (g_error_matches(problem, XPIP_ERROR, ERROR_INTERRUPTED))
		g_propagate_error(error, g_steal_pointer(&problem));
	if (metadata == NULL || !name_equal(metadata->name, package->name))
		return NULL;
	g_autoptr(Version) version = version_parse_string(metadata->version);
	if (version == NULL || version_compare(version, package_version(package, candidate)) != 0)
		return NULL;
	g_hash_table_add(package->assumed, GINT_TO_POINTER(candidate));
	return metadata;
}

static const Metadata *
fetch_metadata(Universe *universe, struct package *package, candidate_id candidate, GError **error)
{
	const struct resolve_options *options = universe->options;
	if (candidate >= CANDIDATE_DIRECT)
		return package_direct(package, candidate)->found.metadata;
	if (candidate == CANDIDATE_INSTALLED)
		return installed_metadata(package->installed, error);
	if (!spend(universe, error))
		return NULL;
	const struct index_file *file =
		page_file(package->page, package->candidates->list[candidate - 1].file);
	g_autoptr(GError) problem = NULL;
	const Metadata *metadata =
		options->source->metadata(options->source->user, package->page, file, &problem);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (metadata == NULL)
		metadata = assume_metadata(universe, package, candidate, &problem);
	if (problem != NULL) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (metadata != NULL)
		return metadata;
	if (options->build_metadata == NULL || universe->budget != SIZE_MAX) {
		error_set(error, ERROR_INVALID_INPUT, "%s: its metadata cannot be had",
			page_text(package->page, file->filename));
		return NULL;
	}
	return options->build_metadata(options->user, package->page, file, error);
}

void
package_show(const Universe *universe, const struct package *package, size_t decided)
{
	const struct resolve_options *options = universe->options;
	if (options->progress != NULL)
		options->progress(options->user, decided, package->name, package->tried);
}

bool
package_must_build(const struct package *package, candidate_id candidate)
{
	if (candidate <= CANDIDATE_INSTALLED || candidate >= CANDIDATE_DIRECT ||
		g_hash_table_contains(package->metadata, GINT_TO_POINTER(candidate)))
		return false;
	const struct candidate *release = &package->candidates->list[candidate - 1];
	return !release->wheel && release->stand_in == 0 &&
	       !page_file(package->page, release->file)->has_metadata;
}

const Metadata *
package_metadata(
	Universe *universe, struct package *package, candidate_id candidate, GError **error)
{
	void *key = GINT_TO_POINTER(candidate);
	const Metadata *metadata = g_hash_table_lookup(package->metadata, key);
	if (metadata != NULL)
		return metadata;
	metadata = fetch_metadata(universe, package, candidate, error);
	if (metadata != NULL)
		g_hash_table_insert(package->metadata, key, (void *)metadata);
	return metadata;
}

/* --- life ------------------------------------------------------------------------------------- */

/* Requires-Python looks at major.minor.micro only: a release candidate counts as the release. */
static Version *
python_release(const char *version)
{
	size_t length = strspn(version, "0123456789.");
	while (length > 0 && version[length - 1] == '.')
		length--;
	return version_parse(version, length, NULL);
}

Universe *
universe_new(const struct resolve_options *options, const struct root_requirement *roots,
	size_t root_count, const struct root_requirement *constraints, size_t constraint_count,
	GError **error)
{
	g_autoptr(Universe) universe = g_new0(Universe, 1);
	universe->own = *options;
	universe->budget = SIZE_MAX;
	universe->options = &universe->own;
	universe->roots = roots;
	universe->root_count = root_count;
	universe->constraints = constraints;
	universe->constraint_count = constraint_count;
	universe->cache = candidate_cache_new();
	universe->python = python_release(options->python_version);
	universe->candidate_options = (struct candidate_options){
		.tags = options->tags,
		.python = universe->python,
		.ignore_requires_python = options->ignore_requires_python,
		.prefer_binary = options->prefer_binary,
		.assume_wheels = options->assume_wheels,
		.formats = options->formats,
		.uploaded_prior_to = options->uploaded_prior_to,
		.cache = universe->cache,
	};
	for (size_t i = 0; i < MARKER_VARIABLES; i++)
		universe->env.values[i] = options->markers[i];
	universe->packages = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, package_free);
	universe->nodes = g_ptr_array_new_with_free_func(node_free);
	universe->node_names = g_hash_table_new(g_str_hash, g_str_equal);
	universe->queue = g_ptr_array_new_with_free_func(g_free);
	node_add(universe, g_strdup("<Python from Requires-Python>"), NULL, NULL, NULL);
	universe->listener = (struct source_listener){on_page, on_metadata, universe};
	options->source->set_listener(options->source->user, &universe->listener);
	if (!demand_collect_roots(universe, error)) {
		universe_finish(universe);
		return NULL;
	}
	return g_steal_pointer(&universe);
}

void
universe_finish(Universe *universe)
{
	const struct source *source = universe->options->source;
	source->set_listener(source->user, NULL);
}

void
universe_free(Universe *universe)
{
	if (universe == NULL)
		return;
	demand_free_tables(universe);
	g_ptr_array_unref(universe->queue);
	g_hash_table_unref(universe->node_names);
	g_ptr_array_unref(universe->nodes);
	g_hash_table_unref(universe->packages);
	candidate_cache_free(universe->cache);
	version_free(universe->python);
	g_free(universe);
}
