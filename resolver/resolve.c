/* SPDX-License-Identifier: MIT */
/* From requirements to an ordered list of distributions.
 *
 * 1. universe.h holds what the source says. 2. search.h looks for an answer as pip would. 3. If
 * that wanders, pubgrub.h decides. 4. The graph of the answer gives pip's installation order. A
 * failure is told by report.h. */
#include "resolver/resolve.h"
#include "lib/texts.h"

#include "resolver/report.h"
#include "resolver/search.h"
#include "resolver/solve.h"

#include <string.h>

enum {
	SOLVE_STEPS = 200000,
	VISITS_MAX = 5,	 /* of a node of a cycle, as in pip */
	CHAIN_MAX = 100, /* links of "who asked for it" */
};

/* Beyond this pip would need minutes, and its users rather not wait for its answer. */
static const struct search_effort search_effort = {
	.demands = 500000,
	.given_up = 500,
	.unbuilt = 8,
};

struct Resolution {
	Universe *universe;
	GPtrArray *list; /* struct resolved */
	GHashTable *names;
};

static void
resolved_free(void *data)
{
	struct resolved *resolved = data;
	g_free((void *)resolved->extras);
	g_free((void *)resolved->parents);
	g_free(resolved->asked);
	g_free(resolved);
}

void
resolution_free(Resolution *resolution)
{
	if (resolution == NULL)
		return;
	g_hash_table_unref(resolution->names);
	g_ptr_array_unref(resolution->list);
	universe_free(resolution->universe);
	g_free(resolution);
}

size_t
resolution_count(const Resolution *resolution)
{
	return resolution->list->len;
}

const struct resolved *
resolution_get(const Resolution *resolution, size_t index)
{
	return resolution->list->pdata[index];
}

const struct resolved *
resolution_find(const Resolution *resolution, const char *normalized_name)
{
	return g_hash_table_lookup(resolution->names, normalized_name);
}

/* --- the graph of an answer ------------------------------------------------------------------- */

struct vertex {
	struct node *node;
	candidate_id pin;
	GArray *children; /* size_t: vertices, each once */
	GArray *parents;
	long weight; /* -1: none yet */
	unsigned visits;
	bool pruned, on_path;
};

struct graph {
	GPtrArray *vertices; /* struct vertex; 0 is the user */
	GArray *by_node;     /* size_t + 1 by node id; 0: not there */
};

static void
vertex_free(void *data)
{
	struct vertex *vertex = data;
	g_array_unref(vertex->children);
	g_array_unref(vertex->parents);
	g_free(vertex);
}

static size_t
graph_vertex(struct graph *graph, struct node *node, candidate_id pin)
{
	if (node != NULL && node->id >= graph->by_node->len)
		g_array_set_size(graph->by_node, node->id + 1);
	size_t *place = node == NULL ? NULL : &g_array_index(graph->by_node, size_t, node->id);
	if (place != NULL && *place != 0)
		return *place - 1;
	struct vertex *vertex = g_new0(struct vertex, 1);
	vertex->node = node;
	vertex->pin = pin;
	vertex->weight = -1;
	vertex->children = g_array_new(FALSE, FALSE, sizeof(size_t));
	vertex->parents = g_array_new(FALSE, FALSE, sizeof(size_t));
	g_ptr_array_add(graph->vertices, vertex);
	if (place != NULL)
		*place = graph->vertices->len;
	return graph->vertices->len - 1;
}

static void
graph_connect(struct graph *graph, size_t from, size_t to)
{
	struct vertex *parent = graph->vertices->pdata[from], *child = graph->vertices->pdata[to];
	for (guint i = 0; i < parent->children->len; i++)
		if (g_array_index(parent->children, size_t, i) == to)
			return;
	g_array_append_val(parent->children, to);
	g_array_append_val(child->parents, from);
}

static void
graph_clear(struct graph *graph)
{
	g_ptr_array_unref(graph->vertices);
	g_array_unref(graph->by_node);
}

/* All that the roots reach. What the search pinned and then lost the need for stays out. */
static bool
graph_build(struct graph *graph, Universe *universe, const GArray *pins, GError **error)
{
	graph->vertices = g_ptr_array_new_with_free_func(vertex_free);
	graph->by_node = g_array_new(FALSE, TRUE, sizeof(size_t));
	graph_vertex(graph, NULL, CANDIDATE_NONE);
	const struct demand *list = (const struct demand *)(void *)universe->root_demands->data;
	size_t count = universe->root_demands->len;
	for (size_t from = 0; from < graph->vertices->len; from++) {
		const struct vertex *vertex = graph->vertices->pdata[from];
		if (vertex->node != NULL) {
			const struct dependencies *dependencies =
				node_dependencies(universe, vertex->node, vertex->pin, error);
			if (dependencies == NULL)
				return false;
			list = dependencies->list;
			count = dependencies->count;
		}
		for (size_t i = 0; i < count; i++) {
			struct node *node = list[i].node;
			candidate_id pin = node->id < pins->len
						   ? g_array_index(pins, candidate_id, node->id)
						   : CANDIDATE_NONE;
			g_assert(pin != CANDIDATE_NONE);
			graph_connect(graph, from, graph_vertex(graph, node, pin));
		}
	}
	return true;
}

/* --- pip's installation order ----------------------------------------------------------------- */

static bool
is_leaf(const struct graph *graph, const struct vertex *vertex)
{
	for (guint i = 0; i < vertex->children->len; i++) {
		const struct vertex *child =
			graph->vertices->pdata[g_array_index(vertex->children, size_t, i)];
		if (!child->pruned)
			return false;
	}
	return true;
}

/* Leaves weigh most; they are taken away, again and again, until only cycles are left. */
static void
weigh_leaves(struct graph *graph)
{
	size_t left = graph->vertices->len;
	for (;;) {
		g_autoptr(GPtrArray) leaves = g_ptr_array_new();
		for (guint i = 1; i < graph->vertices->len; i++) {
			struct vertex *vertex = graph->vertices->pdata[i];
			if (!vertex->pruned && is_leaf(graph, vertex))
				g_ptr_array_add(leaves, vertex);
		}
		if (leaves->len == 0)
			return;
		for (guint i = 0; i < leaves->len; i++) {
			struct vertex *vertex = leaves->pdata[i];
			vertex->weight = (long)left - 1;
			vertex->pruned = true;
		}
		left -= leaves->len;
	}
}

struct visit {
	struct vertex *vertex;
	guint child;
};

/* What is left weighs as much as the longest path from the user, of the first few that are found;
 * with its own stack: the depth is the metadata's to say. */
static void
weigh_cycles(struct graph *graph)
{
	g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(struct visit));
	struct visit root = {graph->vertices->pdata[0], 0};
	root.vertex->on_path = true;
	g_array_append_val(path, root);
	while (path->len > 0) {
		struct visit *top = &g_array_index(path, struct visit, path->len - 1);
		struct vertex *vertex = top->vertex;
		if (top->child < vertex->children->len) {
			size_t id = g_array_index(vertex->children, size_t, top->child++);
			struct visit next = {graph->vertices->pdata[id], 0};
			if (next.vertex->pruned || next.vertex->on_path ||
				next.vertex->visits >= VISITS_MAX)
				continue;
			next.vertex->on_path = true;
			g_array_append_val(path, next);
			continue;
		}
		g_array_set_size(path, path->len - 1);
		vertex->on_path = false;
		vertex->visits++;
		vertex->weight = MAX(vertex->weight, (long)path->len);
	}
}

/* Descending by weight, then by name: pip's _req_set_item_sorter, reversed. */
static int
compare_vertices(const void *a, const void *b)
{
	const struct vertex *x = *(const struct vertex *const *)a;
	const struct vertex *y = *(const struct vertex *const *)b;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return strcmp(y->node->name, x->node->name);
}

/* --- the result ------------------------------------------------------------------------------- */

static enum resolved_action
choose_action(const struct resolve_options *options, const struct resolved *resolved,
	const struct direct *direct)
{
	const Installed *installed = resolved->installed;
	if (resolved->kind == RESOLVED_INSTALLED)
		return RESOLVED_KEEP;
	if (installed == NULL)
		return RESOLVED_INSTALL;
	if (options->force_reinstall || resolved->editable || installed->editable_location != NULL)
		return RESOLVED_REPLACE;
	g_autoptr(Version) version =
		installed->version == NULL ? NULL : version_parse_string(installed->version);
	if (version == NULL || version_compare(version, resolved->version) != 0)
		return RESOLVED_REPLACE;
	bool local_source = direct != NULL
				    ? direct->local
				    : resolved->file->local && resolved->file->kind == FILE_SDIST;
	return local_source ? RESOLVED_REPLACE : RESOLVED_KEEP;
}

static void
add_origin(const Universe *universe, const struct package *package, struct resolved *resolved)
{
	resolved->root = SIZE_MAX;
	for (guint i = 0; i < universe->root_demands->len; i++) {
		const struct demand *demand =
			&g_array_index(universe->root_demands, struct demand, i);
		if (demand->node->package != package)
			continue;
		size_t root = g_array_index(universe->root_of_demand, size_t, i);
		resolved->root = MIN(resolved->root, root);
		resolved->requested |= universe->roots[root].user_requested;
	}
}

static bool
add_extra(GPtrArray *names, char *extra)
{
	for (guint i = 0; i < names->len; i++)
		if (g_str_equal(names->pdata[i], extra))
			return false;
	g_ptr_array_add(names, extra);
	return true;
}

/* The extras under which the graph reaches the package; strings are the nodes'. */
static const char *const *
collect_extras(const struct graph *graph, const struct package *package)
{
	GPtrArray *names = g_ptr_array_new();
	for (guint i = 1; i < graph->vertices->len; i++) {
		const struct vertex *vertex = graph->vertices->pdata[i];
		if (vertex->node->package != package)
			continue;
		for (size_t n = 0; vertex->node->extras != NULL && vertex->node->extras[n] != NULL;
			n++)
			add_extra(names, vertex->node->extras[n]);
	}
	g_ptr_array_sort(names, texts_compare);
	g_ptr_array_add(names, NULL);
	return (const char *const *)g_ptr_array_free(names, FALSE);
}

/* pip's chain: `six>=1.5 (from python-dateutil>=2.7->pandas->-r x.txt (line 1))`. */
static char *
describe_demand(const Universe *universe, const struct package *package, candidate_id candidate)
{
	GString *text = g_string_new(NULL);
	const struct template *template = package_template(package, candidate);
	for (unsigned depth = 0; template != NULL && depth < CHAIN_MAX; depth++) {
		const struct demand *demand = template->demand;
		g_autofree char *asked = demand->requirement != NULL
						 ? requirement_text(demand->requirement)
						 : demand_text(demand);
		g_string_append_printf(text, "%s%s",
			depth == 0   ? ""
			: depth == 1 ? " (from "
				     : "->",
			asked);
		const char *origin = template->parent == NULL && template->root != SIZE_MAX
					     ? universe->roots[template->root].origin
					     : NULL;
		if (origin != NULL)
			g_string_append_printf(text, "%s%s", depth == 0 ? " (from " : "->", origin);
		if (depth > 0 || origin != NULL)
			g_string_append_c(text, ')');
		if (template->parent == NULL || template->parent->package == NULL)
			return g_string_free(text, FALSE);
		if (depth > 0)
			g_string_truncate(text, text->len - 1);
		template = package_template(template->parent->package, template->parent_candidate);
	}
	if (strchr(text->str, '(') != NULL)
		g_string_append_c(text, ')');
	return g_string_free(text, FALSE);
}

static struct resolved *
describe(Universe *universe, const struct graph *graph, const struct vertex *vertex, GError **error)
{
	const struct resolve_options *options = universe->options;
	struct package *package = vertex->node->package;
	const Metadata *metadata = package_metadata(universe, package, vertex->pin, error);
	if (metadata == NULL)
		return NULL;
	struct resolved *resolved = g_new0(struct resolved, 1);
	const struct direct *direct = NULL;
	resolved->name = package->name;
	resolved->display_name = metadata->name;
	resolved->version = package_version(package, vertex->pin);
	resolved->metadata = metadata;
	resolved->asked = describe_demand(universe, package, vertex->pin);
	const struct template *template = package_template(package, vertex->pin);
	resolved->asked_name = template != NULL && template->demand->requirement != NULL
				       ? template->demand->requirement->name
				       : metadata->name;
	resolved->installed = options->installed == NULL
				      ? NULL
				      : installed_find(options->installed, package->name);
	resolved->hashes = (const char *const *)package->hashes;
	if (vertex->pin >= CANDIDATE_DIRECT) {
		const struct direct_candidate *found = &g_array_index(
			package->directs, struct direct_candidate, vertex->pin - CANDIDATE_DIRECT);
		direct = &found->found;
		resolved->kind = RESOLVED_DIRECT;
		resolved->direct = found->found.handle;
		resolved->editable = found->editable;
		if (found->root != SIZE_MAX && universe->roots[found->root].hashes != NULL)
			resolved->hashes = universe->roots[found->root].hashes;
	} else if (vertex->pin == CANDIDATE_INSTALLED) {
		resolved->kind = RESOLVED_INSTALLED;
	} else {
		resolved->kind = RESOLVED_INDEX;
		resolved->page = package->page;
		resolved->file =
			page_file(package->page, package->candidates->list[vertex->pin - 1].file);
		resolved->assumed =
			g_hash_table_contains(package->assumed, GINT_TO_POINTER(vertex->pin));
		resolved->yanked = page_text(package->page, resolved->file->yanked);
	}
	resolved->extras = collect_extras(graph, package);
	add_origin(universe, package, resolved);
	resolved->action = choose_action(options, resolved, direct);
	return resolved;
}

/* Parents by place in the list; nodes with extras stand for their package. */
static void
add_parents(const Resolution *resolution, const struct graph *graph)
{
	g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < resolution->list->len; i++) {
		struct resolved *resolved = resolution->list->pdata[i];
		g_hash_table_insert(places, (char *)resolved->name, GUINT_TO_POINTER(i + 1));
	}
	g_autofree GArray **parents = g_new0(GArray *, resolution->list->len + 1);
	for (guint i = 1; i < graph->vertices->len; i++) {
		const struct vertex *child = graph->vertices->pdata[i];
		unsigned to = child->node->package == NULL
				      ? 0
				      : GPOINTER_TO_UINT(g_hash_table_lookup(
						places, child->node->package->name));
		for (guint n = 0; to != 0 && n < child->parents->len; n++) {
			const struct vertex *parent =
				graph->vertices->pdata[g_array_index(child->parents, size_t, n)];
			size_t from = parent->node == NULL
					      ? 0
					      : GPOINTER_TO_UINT(g_hash_table_lookup(
							places, parent->node->package->name));
			if (from == 0 || from == to)
				continue;
			if (parents[to - 1] == NULL)
				parents[to - 1] = g_array_new(FALSE, FALSE, sizeof(size_t));
			bool known = false;
			from--;
			for (guint k = 0; k < parents[to - 1]->len && !known; k++)
				known = g_array_index(parents[to - 1], size_t, k) == from;
			if (!known)
				g_array_append_val(parents[to - 1], from);
		}
	}
	for (guint i = 0; i < resolution->list->len; i++) {
		struct resolved *resolved = resolution->list->pdata[i];
		if (parents[i] == NULL)
			continue;
		resolved->parent_count = parents[i]->len;
		resolved->parents = (size_t *)(void *)g_array_free(parents[i], FALSE);
	}
}

static void
warn_yanked(const struct resolve_options *options, const struct resolved *resolved)
{
	if (resolved->yanked == NULL || resolved->action == RESOLVED_KEEP || options->log == NULL)
		return;
	log_warning(options->log,
		"The candidate selected for download or install is a yanked version: '%s' "
		"candidate (version %s at %s)\nReason for being yanked: %s",
		resolved->name, version_text(resolved->version),
		page_text(resolved->page, resolved->file->url),
		resolved->yanked[0] == '\0' ? "<none given>" : resolved->yanked);
}

static int
compare_decided(const void *a, const void *b)
{
	const struct resolved *x = *(const struct resolved *const *)a;
	const struct resolved *y = *(const struct resolved *const *)b;
	return x->decided < y->decided ? -1 : x->decided > y->decided;
}

/* Numbers what is in the answer; what was never pinned by the search comes last. */
static void
number_decisions(const Universe *universe, const Resolution *resolution, const GArray *order)
{
	for (guint i = 0; i < resolution->list->len; i++)
		((struct resolved *)resolution->list->pdata[i])->decided = SIZE_MAX;
	for (guint i = 0; i < order->len; i++) {
		const struct node *node = universe->nodes->pdata[g_array_index(order, uint32_t, i)];
		struct resolved *resolved =
			node->package == NULL || node->base != NULL
				? NULL
				: g_hash_table_lookup(resolution->names, node->package->name);
		if (resolved != NULL)
			resolved->decided = i;
	}
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	for (guint i = 0; i < resolution->list->len; i++)
		g_ptr_array_add(sorted, resolution->list->pdata[i]);
	g_ptr_array_sort(sorted, compare_decided);
	for (guint i = 0; i < sorted->len; i++)
		((struct resolved *)sorted->pdata[i])->decided = i;
}

static Resolution *
make_resolution(Universe *universe, const struct search_result *result, GError **error)
{
	const GArray *pins = result->pins;
	struct graph graph = {0};
	bool ok = graph_build(&graph, universe, pins, error);
	g_autoptr(Resolution) resolution = g_new0(Resolution, 1);
	resolution->list = g_ptr_array_new_with_free_func(resolved_free);
	resolution->names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	if (ok) {
		weigh_leaves(&graph);
		weigh_cycles(&graph);
	}
	for (guint i = 1; ok && i < graph.vertices->len; i++) {
		struct vertex *vertex = graph.vertices->pdata[i];
		if (vertex->node->package != NULL && vertex->node->base == NULL)
			g_ptr_array_add(order, vertex);
	}
	g_ptr_array_sort(order, compare_vertices);
	for (guint i = 0; ok && i < order->len; i++) {
		struct resolved *resolved = describe(universe, &graph, order->pdata[i], error);
		ok = resolved != NULL;
		if (!ok)
			break;
		if (universe->options->only_deps && resolved->requested) {
			resolved_free(resolved);
			continue;
		}
		warn_yanked(universe->options, resolved);
		g_ptr_array_add(resolution->list, resolved);
		g_hash_table_insert(resolution->names, (char *)resolved->name, resolved);
	}
	if (ok)
		add_parents(resolution, &graph);
	number_decisions(universe, resolution, result->order);
	graph_clear(&graph);
	if (!ok)
		return NULL;
	resolution->universe = universe;
	return g_steal_pointer(&resolution);
}

Resolution *
resolve(const struct resolve_options *options, const struct root_requirement *roots,
	size_t root_count, const struct root_requirement *constraints, size_t constraint_count,
	GError **error)
{
	g_autoptr(Universe) universe =
		universe_new(options, roots, root_count, constraints, constraint_count, error);
	if (universe == NULL)
		return NULL;
	struct search_result result = {0};
	Resolution *resolution = NULL;
	switch (search_run(universe, &search_effort, &result, error)) {
	case SEARCH_FOUND:
		resolution = make_resolution(universe, &result, error);
		break;
	case SEARCH_IMPOSSIBLE:
		report_failure(universe, result.causes, error);
		break;
	case SEARCH_TOO_LONG:
		if (solve_run(universe, SOLVE_STEPS, result.pins, error))
			resolution = make_resolution(universe, &result, error);
		break;
	case SEARCH_ERROR:
		break;
	}
	search_result_clear(&result);
	universe_finish(universe);
	if (resolution != NULL)
		(void)g_steal_pointer(&universe);
	return resolution;
}
