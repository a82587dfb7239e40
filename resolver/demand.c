/* SPDX-License-Identifier: MIT */
/* From requirement texts to demands on nodes: markers, extras, URLs, Requires-Python; the root
 * requirements and constraints. The splitting into several demands is pip's: `name[extra]>=1` asks
 * for `name>=1` as well as for `name[extra]>=1`. */
#include "resolver/universe.h"

#include "resolver/link.h"
#include "wheel/filename.h"
#include "wheel/name.h"

#include <string.h>

/* A requirement text, parsed and looked up once however many releases repeat it. */
struct parsed {
	Requirement *requirement;
	struct node *base, *node; /* node: with the extras; the same as base without */
	struct range *range;
	bool mentions_extra;
	int8_t applies; /* without extras: 0, 1; -1: not asked yet */
};

/* What a direct requirement turned out to be. */
struct direct_found {
	struct package *package;
	candidate_id candidate;
};

static void
parsed_free(void *data)
{
	struct parsed *parsed = data;
	requirement_free(parsed->requirement);
	g_free(parsed);
}

static void
demand_clear(void *data)
{
	g_free(((struct demand *)data)->text);
}

void
demand_free_tables(Universe *universe)
{
	g_clear_pointer(&universe->parsed, g_hash_table_unref);
	g_clear_pointer(&universe->direct_urls, g_hash_table_unref);
	g_clear_pointer(&universe->root_demands, g_array_unref);
	g_clear_pointer(&universe->root_of_demand, g_array_unref);
}

static struct parsed *
parse(Universe *universe, const char *text, GError **error)
{
	struct parsed *parsed = g_hash_table_lookup(universe->parsed, text);
	if (parsed != NULL)
		return parsed;
	Requirement *requirement = requirement_parse(text, strlen(text), error);
	if (requirement == NULL)
		return NULL;
	parsed = g_new0(struct parsed, 1);
	parsed->requirement = requirement;
	parsed->applies = -1;
	parsed->mentions_extra =
		requirement->marker != NULL && marker_mentions_extra(requirement->marker);
	g_hash_table_insert(universe->parsed, g_strdup(text), parsed);
	return parsed;
}

/* Nodes are made only for what applies: the rest would never be looked at. */
static void
look_up(Universe *universe, struct parsed *parsed)
{
	if (parsed->node != NULL)
		return;
	const Requirement *requirement = parsed->requirement;
	g_assert(requirement != NULL);
	parsed->base = universe_node(universe, requirement->normalized_name, NULL);
	parsed->node = universe_node(
		universe, requirement->normalized_name, (const char *const *)requirement->extras);
	parsed->range = package_range(universe, parsed->base->package, requirement->specifier);
}

static bool
evaluate(const Universe *universe, const Requirement *requirement, const char *extra)
{
	bool result = false;
	return requirement->marker == NULL ||
	       (marker_evaluate(requirement->marker, &universe->env, extra, &result) == MARKER_OK &&
		       result);
}

/* pip evaluates with each of the extras; with none of them only if there are none. */
static bool
applies(const Universe *universe, struct parsed *parsed, const GPtrArray *extras)
{
	if (parsed->mentions_extra && extras->len > 0) {
		for (guint i = 0; i < extras->len; i++)
			if (evaluate(universe, parsed->requirement, extras->pdata[i]))
				return true;
		return false;
	}
	if (parsed->applies < 0)
		parsed->applies = evaluate(universe, parsed->requirement, "");
	return parsed->applies == 1;
}

/* The node's extras that the metadata provides; strings are the node's. */
static GPtrArray *
valid_extras(const struct node *node, const Metadata *metadata, GPtrArray *unknown)
{
	GPtrArray *valid = g_ptr_array_new();
	for (size_t i = 0; node->extras != NULL && node->extras[i] != NULL; i++) {
		bool provided = false;
		for (size_t n = 0; metadata->provides_extra[n] != NULL && !provided; n++)
			provided = name_equal(metadata->provides_extra[n], node->extras[i]);
		if (provided || unknown != NULL)
			g_ptr_array_add(provided ? valid : unknown, node->extras[i]);
	}
	return valid;
}

/* --- direct requirements ---------------------------------------------------------------------- */

/* A wheel for another platform cannot be had from anywhere: pip stops at once. */
static bool
check_wheel_tags(const Universe *universe, const char *url, GError **error)
{
	g_autofree char *path = g_strndup(url, strcspn(url, "?#"));
	if (!g_str_has_suffix(path, ".whl") || universe->options->tags == NULL)
		return true;
	const char *slash = strrchr(path, '/');
	g_autofree char *name = g_uri_unescape_string(slash == NULL ? path : slash + 1, NULL);
	struct wheel_filename wheel = {0};
	if (name == NULL || !filename_parse_wheel(name, &wheel, NULL))
		return true; /* whoever fetches it says what is wrong with the name */
	int rank = tags_rank(
		universe->options->tags, wheel.python_tags, wheel.abi_tags, wheel.platform_tags);
	wheel_filename_clear(&wheel);
	return rank >= 0 || error_set(error, ERROR_INVALID_INPUT,
				    "%s is not a supported wheel on this platform.", name);
}

static struct direct_found *
direct_add(Universe *universe, const struct direct_request *request, GError **error)
{
	struct direct_candidate direct = {.editable = request->editable, .root = request->root};
	if (!universe->options->direct(universe->options->user, request, &direct.found, error))
		return NULL;
	const Metadata *metadata = direct.found.metadata;
	direct.version = version_parse(metadata->version, strlen(metadata->version), error);
	if (direct.version == NULL) {
		g_prefix_error(error, "%s: ", request->url);
		return NULL;
	}
	direct.url = g_strdup(request->url);
	g_autofree char *name = name_normalize(metadata->name);
	struct package *package = universe_node(universe, name, NULL)->package;
	g_array_append_val(package->directs, direct);
	struct direct_found *found = g_new(struct direct_found, 1);
	found->package = package;
	found->candidate = CANDIDATE_DIRECT + (candidate_id)package->directs->len - 1;
	return found;
}

static struct direct_found *
direct_find(Universe *universe, const struct direct_request *request, GError **error)
{
	g_autofree char *link = link_key(request->url);
	g_autofree char *key = g_strconcat(request->editable ? "-e " : "", link, NULL);
	struct direct_found *found = g_hash_table_lookup(universe->direct_urls, key);
	if (found == NULL && !request->editable) { /* the same place, though editable */
		g_autofree char *editable = g_strconcat("-e ", link, NULL);
		found = g_hash_table_lookup(universe->direct_urls, editable);
	}
	if (found != NULL)
		return found;
	if (!check_wheel_tags(universe, request->url, error))
		return NULL;
	found = direct_add(universe, request, error);
	if (found != NULL)
		g_hash_table_insert(universe->direct_urls, g_steal_pointer(&key), found);
	return found;
}

/* --- demands ---------------------------------------------------------------------------------- */

static void
add_range_demands(struct parsed *parsed, GArray *demands)
{
	struct demand demand = {
		.kind = DEMAND_RANGE,
		.range = parsed->range,
		.requirement = parsed->requirement,
	};
	if (parsed->node != parsed->base && !parsed->range->free) {
		demand.node = parsed->base;
		demand.without_extras = true;
		g_array_append_val(demands, demand);
		demand.without_extras = false;
	}
	demand.node = parsed->node;
	g_array_append_val(demands, demand);
}

static bool
add_direct_demands(Universe *universe, const struct direct_request *request,
	const Requirement *requirement, const char *const *extras, GArray *demands, GError **error)
{
	const struct direct_found *found = direct_find(universe, request, error);
	if (found == NULL)
		return false;
	struct demand demand = {.kind = DEMAND_EXACT, .requirement = requirement};
	if (request->name != NULL && !g_str_equal(request->name, found->package->name)) {
		/* MetadataInconsistent in pip: the name can't be satisfied. */
		if (universe->options->log != NULL)
			log_warning(universe->options->log,
				"Discarding %s: its metadata says that it is `%s`, not `%s`",
				request->url, found->package->name, request->name);
		demand.kind = DEMAND_IMPOSSIBLE;
		demand.node = universe_node(universe, request->name, NULL);
		g_array_append_val(demands, demand);
		return true;
	}
	demand.candidate = found->candidate;
	demand.node = universe_node(universe, found->package->name, NULL);
	g_array_append_val(demands, demand);
	if (extras != NULL && extras[0] != NULL) {
		demand.node = universe_node(universe, found->package->name, extras);
		g_array_append_val(demands, demand);
	}
	return true;
}

static void
add_python_demand(Universe *universe, const Metadata *metadata, GArray *demands)
{
	const char *text = metadata->requires_python;
	if (text == NULL || universe->options->ignore_requires_python)
		return;
	g_autoptr(SpecifierSet) set = specifier_parse(text, strlen(text), NULL);
	if (set == NULL || specifier_is_empty(set))
		return;
	struct demand demand = {
		.kind = DEMAND_PYTHON,
		.node = universe_python(universe),
		.satisfied = candidate_python_allowed(universe->cache, text, universe->python),
		.text = g_strdup(specifier_text(set)),
	};
	g_array_append_val(demands, demand);
}

static bool
add_metadata_demands(Universe *universe, struct node *node, candidate_id candidate,
	const Metadata *metadata, GArray *demands, GError **error)
{
	g_autoptr(GPtrArray) unknown = g_ptr_array_new();
	g_autoptr(GPtrArray) extras = valid_extras(node, metadata, unknown);
	const char *version = version_text(package_version(node->package, candidate));
	for (guint i = 0; i < unknown->len && universe->options->log != NULL; i++)
		log_warning(universe->options->log, "%s %s does not provide the extra '%s'",
			node->package->name, version, (const char *)unknown->pdata[i]);
	for (size_t i = 0; metadata->requires_dist[i] != NULL; i++) {
		struct parsed *parsed = parse(universe, metadata->requires_dist[i], error);
		if (parsed == NULL)
			return false;
		if (!applies(universe, parsed, extras))
			continue;
		look_up(universe, parsed);
		const Requirement *requirement = parsed->requirement;
		if (requirement->url == NULL) {
			add_range_demands(parsed, demands);
			continue;
		}
		g_autofree char *parent = g_strdup_printf("%s %s", node->name, version);
		struct direct_request request = {
			.name = requirement->normalized_name,
			.url = requirement->url,
			.root = SIZE_MAX,
			.constraint = SIZE_MAX,
			.parent = parent,
		};
		if (!add_direct_demands(universe, &request, requirement,
			    (const char *const *)requirement->extras, demands, error))
			return false;
	}
	return true;
}

/* pip skips a release whose metadata is about something else or can't be read, and says so. */
static bool
metadata_is_sound(Universe *universe, struct package *package, candidate_id candidate,
	const Metadata *metadata, GError **error)
{
	for (size_t i = 0; metadata->requires_dist[i] != NULL; i++) {
		if (parse(universe, metadata->requires_dist[i], error) != NULL)
			continue;
		g_prefix_error(error, "Requested %s==%s has invalid metadata: ", package->name,
			version_text(package_version(package, candidate)));
		return false;
	}
	if (candidate >= CANDIDATE_DIRECT || candidate == CANDIDATE_INSTALLED)
		return true;
	const Version *expected = package_version(package, candidate);
	if (!name_equal(metadata->name, package->name))
		return error_set(error, ERROR_INVALID_INPUT,
			"Requested %s has inconsistent name: expected '%s', but metadata has '%s'",
			package->name, package->name, metadata->name);
	g_autoptr(Version) version = version_parse_string(metadata->version);
	if (version == NULL || version_compare(version, expected) != 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"Requested %s has inconsistent version: expected '%s', but metadata has "
			"'%s'",
			package->name, version_text(expected), metadata->version);
	return true;
}

static void
skip_candidate(Universe *universe, struct package *package, candidate_id candidate, const char *why)
{
	g_hash_table_add(package->bad, GINT_TO_POINTER(candidate));
	universe->generation++;
	if (universe->options->log != NULL)
		log_warning(universe->options->log, "Ignoring version %s of %s: %s",
			version_text(package_version(package, candidate)), package->name, why);
}

const struct dependencies *
node_dependencies(Universe *universe, struct node *node, candidate_id candidate, GError **error)
{
	void *key = GINT_TO_POINTER(candidate);
	struct dependencies *dependencies = g_hash_table_lookup(node->dependencies, key);
	if (dependencies != NULL)
		return dependencies;
	g_autoptr(GArray) demands = g_array_new(FALSE, TRUE, sizeof(struct demand));
	struct package *package = node->package;
	if (package != NULL) {
		const Metadata *metadata = package_metadata(universe, package, candidate, error);
		if (metadata == NULL)
			return NULL;
		g_autoptr(GError) problem = NULL;
		if (!metadata_is_sound(universe, package, candidate, metadata, &problem)) {
			if (candidate >= CANDIDATE_DIRECT || candidate == CANDIDATE_INSTALLED)
				g_propagate_error(error, g_steal_pointer(&problem));
			else
				skip_candidate(universe, package, candidate, problem->message);
			return NULL;
		}
		if (node->base != NULL) {
			struct demand exact = {
				.kind = DEMAND_EXACT, .node = node->base, .candidate = candidate};
			g_array_append_val(demands, exact);
		} else if (candidate != CANDIDATE_INSTALLED) {
			add_python_demand(universe, metadata, demands);
		}
		if (!universe->options->no_deps && !add_metadata_demands(universe, node, candidate,
							   metadata, demands, error)) {
			for (guint i = 0; i < demands->len; i++)
				demand_clear(&g_array_index(demands, struct demand, i));
			return NULL;
		}
	}
	for (guint i = 0; i < demands->len; i++) {
		const struct demand *demand = &g_array_index(demands, struct demand, i);
		if (demand->kind == DEMAND_RANGE)
			want_page(universe, demand->node, demand->range);
	}
	dependencies = g_new(struct dependencies, 1);
	dependencies->count = demands->len;
	dependencies->list = (struct demand *)g_array_free(g_steal_pointer(&demands), FALSE);
	g_hash_table_insert(node->dependencies, key, dependencies);
	return dependencies;
}

void
demand_prefetch(Universe *universe, struct node *node, const Metadata *metadata)
{
	if (metadata == NULL || universe->options->no_deps)
		return;
	g_autoptr(GPtrArray) extras = valid_extras(node, metadata, NULL);
	for (size_t i = 0; metadata->requires_dist[i] != NULL; i++) {
		struct parsed *parsed = parse(universe, metadata->requires_dist[i], NULL);
		if (parsed == NULL || parsed->requirement->url != NULL ||
			!applies(universe, parsed, extras))
			continue;
		look_up(universe, parsed);
		want_page(universe, parsed->node, parsed->range);
	}
}

/* --- roots and constraints -------------------------------------------------------------------- */

/* Only hashes that both sides name; an empty side allows all of the other's. */
static void
demand_hashes(struct package *package, const char *const *hashes)
{
	if (hashes == NULL || hashes[0] == NULL)
		return;
	if (package->hashes == NULL) {
		package->hashes = g_strdupv((char **)hashes);
		return;
	}
	char **kept = g_new0(char *, g_strv_length(package->hashes) + 1);
	for (size_t i = 0, n = 0; package->hashes[i] != NULL; i++)
		if (g_strv_contains(hashes, package->hashes[i]))
			kept[n++] = g_strdup(package->hashes[i]);
	g_strfreev(package->hashes);
	package->hashes = kept;
}

static bool
root_applies(const Universe *universe, const struct root_requirement *root)
{
	if (root->requirement == NULL || evaluate(universe, root->requirement, ""))
		return true;
	if (universe->options->log != NULL) {
		g_autofree char *marker = marker_text(root->requirement->marker);
		log_info(universe->options->log,
			"Ignoring %s: markers '%s' don't match your environment",
			root->requirement->name, marker);
	}
	return false;
}

static bool
collect_constraint(Universe *universe, size_t index, GError **error)
{
	const struct root_requirement *constraint = &universe->constraints[index];
	const Requirement *requirement = constraint->requirement;
	if (requirement == NULL)
		return error_set(error, ERROR_INVALID_INPUT,
			"Unnamed requirements are not allowed as constraints");
	if (requirement->extras[0] != NULL)
		return error_set(error, ERROR_INVALID_INPUT, "Constraints cannot have extras");
	if (!root_applies(universe, constraint))
		return true;
	struct package *package =
		universe_node(universe, requirement->normalized_name, NULL)->package;
	g_autoptr(SpecifierSet) both =
		specifier_and(package->constraint == NULL ? NULL : package->constraint->set,
			requirement->specifier);
	package->constraint = package_range(universe, package, both);
	demand_hashes(package, constraint->hashes);
	if (constraint->url != NULL) {
		if (package->constraint_urls == NULL)
			package->constraint_urls = g_array_new(FALSE, FALSE, sizeof(size_t));
		g_array_append_val(package->constraint_urls, index);
	}
	return true;
}

bool
package_constraint_directs(Universe *universe, struct package *package, GError **error)
{
	if (package->constraint_urls == NULL || package->constraint_directs != NULL ||
		package->constraint_unsupported)
		return true;
	g_autoptr(GArray) directs = g_array_new(FALSE, FALSE, sizeof(candidate_id));
	for (guint i = 0; i < package->constraint_urls->len; i++) {
		size_t index = g_array_index(package->constraint_urls, size_t, i);
		const struct root_requirement *constraint = &universe->constraints[index];
		struct direct_request request = {
			.name = package->name,
			.url = constraint->url,
			.hashes = (const char *const *)package->hashes, /* of roots, too */
			.root = SIZE_MAX,
			.constraint = index,
		};
		/* A wheel for another platform: no candidate will ever be valid. */
		if (!check_wheel_tags(universe, constraint->url, NULL)) {
			package->constraint_unsupported = true;
			return true;
		}
		const struct direct_found *found = direct_find(universe, &request, error);
		if (found == NULL)
			return false;
		if (found->package == package)
			g_array_append_val(directs, found->candidate);
	}
	package->constraint_directs = g_steal_pointer(&directs);
	return true;
}

static bool
collect_root(Universe *universe, size_t index, GArray *demands, GError **error)
{
	const struct root_requirement *root = &universe->roots[index];
	const Requirement *requirement = root->requirement;
	if (!root_applies(universe, root))
		return true;
	if (root->url == NULL) {
		struct parsed parsed = {.requirement = root->requirement == NULL
							       ? NULL
							       : (Requirement *)requirement};
		look_up(universe, &parsed);
		demand_hashes(parsed.base->package, root->hashes);
		add_range_demands(&parsed, demands);
		return true;
	}
	struct direct_request request = {
		.name = requirement == NULL ? NULL : requirement->normalized_name,
		.url = root->url,
		.editable = root->editable,
		.hashes = root->hashes,
		.root = index,
		.constraint = SIZE_MAX,
	};
	return add_direct_demands(universe, &request, requirement,
		requirement == NULL ? root->extras : (const char *const *)requirement->extras,
		demands, error);
}

/* Requirements with extras come last: the releases of their base are then already narrowed. */
static void
order_roots(Universe *universe, GArray *demands, GArray *roots)
{
	universe->root_demands = g_array_new(FALSE, TRUE, sizeof(struct demand));
	g_array_set_clear_func(universe->root_demands, demand_clear);
	universe->root_of_demand = g_array_new(FALSE, FALSE, sizeof(size_t));
	for (int extras = 0; extras < 2; extras++)
		for (guint i = 0; i < demands->len; i++) {
			struct demand demand = g_array_index(demands, struct demand, i);
			if ((demand.node->base != NULL) != (extras == 1))
				continue;
			size_t root = g_array_index(roots, size_t, i);
			g_array_append_val(universe->root_demands, demand);
			g_array_append_val(universe->root_of_demand, root);
		}
}

bool
demand_collect_roots(Universe *universe, GError **error)
{
	universe->parsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, parsed_free);
	universe->direct_urls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (size_t i = 0; i < universe->constraint_count; i++)
		if (!collect_constraint(universe, i, error))
			return false;
	g_autoptr(GArray) demands = g_array_new(FALSE, TRUE, sizeof(struct demand));
	g_autoptr(GArray) roots = g_array_new(FALSE, FALSE, sizeof(size_t));
	for (size_t i = 0; i < universe->root_count; i++) {
		guint first = demands->len;
		if (!collect_root(universe, i, demands, error))
			return false;
		for (guint n = first; n < demands->len; n++)
			g_array_append_val(roots, i);
		if (first == demands->len || !universe->roots[i].user_requested)
			continue;
		struct node *node = g_array_index(demands, struct demand, first).node;
		if (node->order == SIZE_MAX)
			node->order = i;
	}
	order_roots(universe, demands, roots);
	for (guint i = 0; i < universe->root_demands->len; i++) {
		const struct demand *demand =
			&g_array_index(universe->root_demands, struct demand, i);
		if (demand->kind != DEMAND_RANGE)
			continue;
		demand->range->root = true;
		want_page(universe, demand->node, demand->range);
	}
	return true;
}

/* --- questions -------------------------------------------------------------------------------- */

bool
demand_has(const struct demand *demand, candidate_id candidate)
{
	switch (demand->kind) {
	case DEMAND_RANGE:
		return range_has(demand->range, demand->node->package, candidate);
	case DEMAND_EXACT:
		return demand->candidate == candidate;
	case DEMAND_PYTHON:
		return demand->satisfied;
	case DEMAND_IMPOSSIBLE:
		break;
	}
	return false;
}

/* `name[extras]<specifier>; marker`, with the extras taken off where the demand is on the base. */
static char *
requirement_demand_text(const struct demand *demand)
{
	g_assert(demand->requirement != NULL);
	if (!demand->without_extras)
		return requirement_text(demand->requirement);
	char *none = NULL;
	Requirement bare = *demand->requirement;
	bare.extras = &none;
	return requirement_text(&bare);
}

char *
demand_text(const struct demand *demand)
{
	const struct package *package = demand->node->package;
	switch (demand->kind) {
	case DEMAND_RANGE:
		return requirement_demand_text(demand);
	case DEMAND_EXACT:
		return g_strdup_printf("%s %s", demand->node->name,
			version_text(package_version(package, demand->candidate)));
	case DEMAND_PYTHON:
		return g_strdup_printf("Python %s", demand->text);
	case DEMAND_IMPOSSIBLE:
		break;
	}
	return g_strdup_printf("%s (unavailable)", demand->node->name);
}

char *
demand_text_without_marker(const struct demand *demand)
{
	if (demand->requirement == NULL)
		return demand_text(demand);
	Requirement unmarked = *demand->requirement;
	unmarked.marker = NULL;
	struct demand plain = *demand;
	plain.requirement = &unmarked;
	return demand_text(&plain);
}

/* `a, b, c` as `a, b and c`, for people. */
static char *
join_for_people(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	guint count = g_strv_length(parts);
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < count; i++)
		g_string_append_printf(out, "%s%s",
			i == 0		 ? ""
			: i + 1 == count ? " and "
					 : ", ",
			g_strstrip(parts[i]));
	return g_string_free(out, FALSE);
}

char *
demand_text_for_error(const struct demand *demand)
{
	g_autofree char *text = demand_text(demand);
	if (demand->kind == DEMAND_RANGE)
		return join_for_people(text);
	if (demand->kind != DEMAND_EXACT)
		return g_steal_pointer(&text);
	if (demand->candidate == CANDIDATE_INSTALLED)
		return g_strdup_printf("%s (Installed)", text);
	if (demand->candidate < CANDIDATE_DIRECT)
		return g_steal_pointer(&text);
	const struct direct_candidate *direct = &g_array_index(demand->node->package->directs,
		struct direct_candidate, demand->candidate - CANDIDATE_DIRECT);
	return g_strdup_printf(
		"%s (from %s%s)", text, direct->editable ? "editable " : "", direct->url);
}
