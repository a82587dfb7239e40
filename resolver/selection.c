/* SPDX-License-Identifier: MIT */
/* pip's find_candidates: everything here is decided over all demands at once, because pip's
 * pre-release rule (none unless named, allowed, or nothing else matches) isn't one of single
 * versions. Versions are looked at lazily, best first. */
#include "resolver/selection.h"

#include <string.h>

static bool
contains(const candidate_id *list, size_t count, candidate_id candidate)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == candidate)
			return true;
	return false;
}

static bool
ranges_have(const Selection *selection, candidate_id candidate)
{
	for (size_t i = 0; i < selection->range_count; i++)
		if (!range_has(selection->ranges[i], selection->node->package, candidate))
			return false;
	return true;
}

static void
add_range(Selection *selection, struct range *range)
{
	for (size_t i = 0; i < selection->range_count; i++)
		if (selection->ranges[i] == range) /* NOLINT(clang-analyzer-core.*) */
			return;
	selection->ranges[selection->range_count++] = range;
}

/* The candidates that demands name outright: at most one can satisfy them all. */
struct named {
	candidate_id first;
	bool any, several;
};

static void
name(struct named *named, candidate_id candidate)
{
	named->several |= named->any && named->first != candidate;
	if (!named->any)
		named->first = candidate;
	named->any = true;
}

static size_t
gather(Selection *selection, const struct demand *const *demands, size_t count, struct named *named)
{
	size_t ranges = 0;
	for (size_t i = 0; i < count; i++) {
		const struct demand *demand = demands[i];
		if (demand->kind == DEMAND_EXACT) {
			name(named, demand->candidate);
		} else if (demand->kind == DEMAND_PYTHON && demand->satisfied) {
			name(named, CANDIDATE_INSTALLED);
		} else if (demand->kind == DEMAND_RANGE) {
			add_range(selection, demand->range);
			ranges++;
		}
	}
	return ranges;
}

/* A named candidate is taken as it is: no pre-release or yank rule, but it must satisfy all. */
static void
select_named(Selection *selection, const struct named *named,
	const struct selection_demands *demands, const candidate_id *bad, size_t bad_count)
{
	const struct package *package = selection->node->package;
	selection->fixed = named->first;
	selection->empty = named->several || contains(bad, bad_count, named->first);
	for (size_t i = 0; i < demands->own_count && !selection->empty; i++)
		selection->empty = !demand_has(demands->own[i], named->first);
	if (package == NULL || selection->empty)
		return;
	selection->empty = g_hash_table_contains(package->bad, GINT_TO_POINTER(named->first)) ||
			   (package->constraint != NULL &&
				   !range_has(package->constraint, package, named->first));
	const GArray *links = package->constraint_directs;
	for (guint i = 0; links != NULL && i < links->len && !selection->empty; i++)
		selection->empty = g_array_index(links, candidate_id, i) != named->first;
}

static bool
release_counts(const Selection *selection, const struct candidate *release)
{
	return (selection->prereleases || !release->prerelease) &&
	       (selection->yanked || !release->yanked) &&
	       (!selection->hashed || release->hash_allowed || release->hash_absent);
}

/* Applies the rules that look at all matching releases. */
static void
choose_rules(Selection *selection)
{
	const struct package *package = selection->node->package;
	bool named = package->prereleases == PRERELEASES_ALLOW, pinned = false;
	for (size_t i = 0; i < selection->range_count; i++) {
		named |= selection->ranges[i]->names_prerelease;
		pinned |= selection->ranges[i]->pinned;
	}
	candidate_id end = package_releases_end(package);
	selection->yanked = true; /* while looking */
	selection->prereleases = package->prereleases != PRERELEASES_DENY && named;
	if (!selection->prereleases && package->prereleases != PRERELEASES_DENY) {
		bool final = false;
		for (candidate_id id = 1; id < end && !final; id++)
			final = !package->candidates->list[id - 1].prerelease &&
				ranges_have(selection, id);
		selection->prereleases = !final;
	}
	bool clean = false, allowed = false;
	for (candidate_id id = 1; id < end; id++) {
		const struct candidate *release = &package->candidates->list[id - 1];
		if (clean && !package->candidates->hashes)
			break;
		if (!release_counts(selection, release) || !ranges_have(selection, id))
			continue;
		clean |= !release->yanked;
		allowed |= release->hash_allowed;
	}
	selection->hashed = allowed;
	if (allowed) { /* then only those with the right hash decide what is yanked */
		clean = false;
		for (candidate_id id = 1; id < end && !clean; id++) {
			const struct candidate *release = &package->candidates->list[id - 1];
			clean = !release->yanked && release_counts(selection, release) &&
				ranges_have(selection, id);
		}
	}
	/* PEP 592: only a pin that nothing else satisfies gets a yanked release. */
	selection->yanked = pinned && !clean;
}

bool
selection_make(Universe *universe, struct node *node, const struct selection_demands *demands,
	const candidate_id *bad, size_t bad_count, Selection *out, GError **error)
{
	struct package *package = node->package;
	*out = (Selection){.node = node, .fixed = CANDIDATE_NONE};
	out->ranges = g_new(struct range *, demands->own_count + demands->base_count + 1);
	struct named named = {0};
	size_t ranges = gather(out, demands->own, demands->own_count, &named) +
			gather(out, demands->base, demands->base_count, &named);
	if (package != NULL && (ranges > 0 || named.any) && package->constraint_urls != NULL) {
		if (!package_constraint_directs(universe, package, error))
			return false;
		out->empty = package->constraint_unsupported;
		const GArray *links = package->constraint_directs;
		for (guint i = 0; links != NULL && ranges > 0 && i < links->len; i++)
			name(&named, g_array_index(links, candidate_id, i));
	}
	if (out->empty)
		return true;
	if (named.any) {
		select_named(out, &named, demands, bad, bad_count);
		return true;
	}
	if (ranges == 0) {
		out->empty = true;
		return true;
	}
	g_assert(package != NULL); /* only packages have ranges */
	if (package->constraint != NULL)
		add_range(out, package->constraint);
	out->installed = package->installed != NULL && ranges_have(out, CANDIDATE_INSTALLED) &&
			 !contains(bad, bad_count, CANDIDATE_INSTALLED);
	out->installed_first = out->installed && node_prefers_installed(universe, node);
	out->pending = true;
	if (out->installed_first)
		return true; /* the page is fetched only if a solver goes on */
	if (!selection_complete(universe, out, error))
		return false;
	struct selection_cursor cursor = {0};
	out->empty = selection_next(out, &cursor, bad, bad_count) == CANDIDATE_NONE;
	return true;
}

bool
selection_complete(Universe *universe, Selection *selection, GError **error)
{
	if (!selection->pending)
		return true;
	if (!package_load(universe, selection->node->package, error))
		return false;
	choose_rules(selection);
	selection->pending = false;
	return true;
}

void
selection_clear(Selection *selection)
{
	g_clear_pointer(&selection->ranges, g_free);
}

candidate_id
selection_next(const Selection *selection, struct selection_cursor *cursor, const candidate_id *bad,
	size_t bad_count)
{
	const struct package *package = selection->node->package;
	if (selection->empty)
		return CANDIDATE_NONE;
	if (selection->fixed != CANDIDATE_NONE) {
		bool first = cursor->next == 0;
		cursor->next = 1;
		return first ? selection->fixed : CANDIDATE_NONE;
	}
	if (selection->installed_first && !cursor->installed_done) {
		cursor->installed_done = true;
		return CANDIDATE_INSTALLED;
	}
	if (selection->pending)
		return CANDIDATE_NONE;
	candidate_id end = package_releases_end(package);
	for (cursor->next = MAX(cursor->next, 1); cursor->next < end; cursor->next++) {
		candidate_id id = cursor->next;
		if (!release_counts(selection, &package->candidates->list[id - 1]) ||
			!ranges_have(selection, id))
			continue;
		if (selection->installed) {
			int order = version_compare(
				package->installed_version, package_version(package, id));
			if (order >= 0 && !cursor->installed_done) {
				cursor->installed_done = true;
				return CANDIDATE_INSTALLED;
			}
			if (order == 0) /* what is installed stands for this release */
				continue;
		}
		if (contains(bad, bad_count, id) ||
			g_hash_table_contains(package->bad, GINT_TO_POINTER(id)))
			continue;
		cursor->next++;
		return id;
	}
	if (selection->installed && !cursor->installed_done) {
		cursor->installed_done = true;
		return CANDIDATE_INSTALLED;
	}
	return CANDIDATE_NONE;
}
