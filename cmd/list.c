/* SPDX-License-Identifier: MIT */
/* `xpip list`: installed distributions as a table, requirements or JSON. */
#include "cmd/listing.h"
#include "cmd/lookup.h"
#include "lib/json.h"
#include "resolver/requirement.h"

#include <string.h>

/* What one line shows. */
struct row {
	Installed *dist;
	char *latest;	  /* newest version of the index; NULL unless asked for and found */
	const char *type; /* "wheel" or "sdist" */
};

static void
row_free(void *data)
{
	struct row *row = data;
	g_free(row->latest);
	g_free(row);
}

/* --- which ---------------------------------------------------------------------------------- */

/* Names that some distribution of the listing depends on in this environment. */
static bool
add_required(struct xpip *x, Installed *dist, GHashTable *required, GError **error)
{
	const Metadata *metadata = installed_metadata(dist, NULL);
	struct marker_env env;
	memcpy(env.values, x->python->markers, sizeof env.values);
	for (char **text = metadata ? metadata->requires_dist : NULL; text && *text; text++) {
		g_autoptr(Requirement) requirement = requirement_parse(*text, strlen(*text), error);
		if (!requirement)
			return false;
		if (marker_applies(requirement->marker, &env, NULL, 0))
			g_hash_table_add(required, g_strdup(requirement->normalized_name));
	}
	return true;
}

static GHashTable *
find_required(struct xpip *x, const Listing *listing, GError **error)
{
	g_autoptr(GHashTable) required =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < listing->dists->len; i++)
		if (!add_required(x, g_ptr_array_index(listing->dists, i), required, error))
			return NULL;
	return g_steal_pointer(&required);
}

static bool
is_shown(const struct xpip *x, const Listing *listing, Installed *dist, GHashTable *required)
{
	const Options *options = x->options;
	bool only = options_flag(options, OPT_EDITABLE_ONLY);
	bool without = options_flag(options, OPT_EXCLUDE_EDITABLE);
	if (listing_is_stdlib(dist) ||
		(required && g_hash_table_contains(required, dist->normalized_name)) ||
		g_strv_contains(options_list(options, OPT_EXCLUDE), dist->normalized_name))
		return false;
	if (!only && !without)
		return true;
	bool editable = installed_editable(listing->set, dist, x->log) != NULL;
	return editable ? !without : !only;
}

/* The rows, or NULL. */
static GPtrArray *
select_rows(struct xpip *x, const Listing *listing, GError **error)
{
	g_autoptr(GHashTable) required = NULL;
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	if (options_flag(x->options, OPT_NOT_REQUIRED)) {
		required = find_required(x, listing, error);
		if (!required)
			return NULL;
	}
	for (guint i = 0; i < listing->dists->len; i++) {
		Installed *dist = g_ptr_array_index(listing->dists, i);
		if (!is_shown(x, listing, dist, required))
			continue;
		installed_spell(dist);
		struct row *row = g_new0(struct row, 1);
		row->dist = dist;
		g_ptr_array_add(rows, row);
	}
	return g_steal_pointer(&rows);
}

/* --- --outdated, --uptodate ----------------------------------------------------------------- */

/* Whether a row stays, given the newest release of the index. */
static bool
compare_row(
	struct row *row, const Lookup *lookup, const IndexPage *page, bool outdated, GError **error)
{
	struct latest latest;
	if (!lookup_latest(lookup, row->dist->normalized_name, page, &latest, error) ||
		!latest.version)
		return false;
	g_autoptr(Version) installed = version_parse_string(row->dist->version);
	if (!installed)
		return error_set(error, ERROR_INVALID_INPUT, "Invalid version: '%s'",
			row->dist->raw_version);
	int order = version_compare(latest.version, installed);
	row->latest = g_strdup(version_text(latest.version));
	row->type = latest.wheel ? "wheel" : "sdist";
	return outdated ? order > 0 : order == 0;
}

static bool
keep_by_index(struct xpip *x, GPtrArray **rows, GError **error)
{
	bool outdated = options_flag(x->options, OPT_OUTDATED);
	g_autoptr(Lookup) lookup = lookup_new(x, error);
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(row_free);
	if (!lookup)
		return false;
	struct source *source = lookup_source(lookup);
	for (guint i = 0; i < (*rows)->len; i++)
		source->prefetch_page(source->user,
			((struct row *)g_ptr_array_index(*rows, i))->dist->normalized_name);
	for (guint i = 0; i < (*rows)->len; i++) {
		struct row *row = g_ptr_array_index(*rows, i);
		g_autoptr(GError) problem = NULL;
		const IndexPage *page =
			source->page(source->user, row->dist->normalized_name, &problem);
		if (page && compare_row(row, lookup, page, outdated, &problem)) {
			struct row *copy = g_new0(struct row, 1);
			*copy = *row;
			row->latest = NULL;
			g_ptr_array_add(kept, copy);
		}
		if (problem) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
	g_ptr_array_unref(*rows);
	*rows = g_steal_pointer(&kept);
	return true;
}

/* --- columns -------------------------------------------------------------------------------- */

/* The build tag that WHEEL tells of: new string or NULL. */
static char *
build_tag(const Installed *dist)
{
	g_autofree char *text = installed_read(dist, "WHEEL", NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **line = lines; *line && **line && **line != '\r'; line++)
		if (g_ascii_strncasecmp(*line, "Build:", 6) == 0)
			return g_strdup(g_strstrip(*line + 6));
	return NULL;
}

enum column { PACKAGE, VERSION, LATEST, TYPE, BUILD, EDITABLE, LOCATION, INSTALLER, COLUMNS };

static const char *const titles[COLUMNS] = {"Package", "Version", "Latest", "Type", "Build",
	"Editable project location", "Location", "Installer"};

struct table {
	GPtrArray *cells; /* COLUMNS texts a row, the titles first; NULL is empty */
	bool used[COLUMNS];
	glong width[COLUMNS];
};

static void
fill_row(struct xpip *x, const Listing *listing, const struct row *row, struct table *table)
{
	Installed *dist = row->dist;
	bool verbose = table->used[LOCATION];
	const char *editable = installed_editable(listing->set, dist, x->log);
	char *cells[COLUMNS] = {
		[PACKAGE] = g_strdup(dist->name),
		[VERSION] = g_strdup(dist->raw_version),
		[LATEST] = g_strdup(row->latest),
		[TYPE] = g_strdup(row->type),
		[BUILD] = build_tag(dist),
		[EDITABLE] = g_strdup(editable),
		[LOCATION] = verbose ? g_strdup(dist->location) : NULL,
		[INSTALLER] = verbose ? installed_installer(dist) : NULL,
	};
	table->used[BUILD] |= cells[BUILD] && *cells[BUILD];
	table->used[EDITABLE] |= editable != NULL;
	for (int c = 0; c < COLUMNS; c++)
		g_ptr_array_add(table->cells, cells[c]);
}

static void
print_line(struct xpip *x, const struct table *table, char *const *cells)
{
	g_autoptr(GString) line = g_string_new(NULL);
	for (int c = 0; c < COLUMNS; c++) {
		if (!table->used[c])
			continue;
		const char *cell = cells[c] ? cells[c] : "";
		g_string_append(line, cell);
		for (glong pad = g_utf8_strlen(cell, -1); pad <= table->width[c]; pad++)
			g_string_append_c(line, ' ');
	}
	log_info(x->log, "%s", g_strchomp(line->str));
}

static void
print_columns(struct xpip *x, const Listing *listing, const GPtrArray *rows)
{
	bool outdated = options_flag(x->options, OPT_OUTDATED);
	bool verbose = options_count(x->options, OPT_VERBOSE) > 0;
	struct table table = {.cells = g_ptr_array_new_with_free_func(g_free),
		.used = {[PACKAGE] = true,
			[VERSION] = true,
			[LATEST] = outdated,
			[TYPE] = outdated,
			[LOCATION] = verbose,
			[INSTALLER] = verbose}};
	g_autoptr(GPtrArray) cells = table.cells;
	g_autoptr(GPtrArray) dashes = g_ptr_array_new_with_free_func(g_free);
	if (!rows->len)
		return;
	for (int c = 0; c < COLUMNS; c++)
		g_ptr_array_add(cells, g_strdup(titles[c]));
	for (guint i = 0; i < rows->len; i++)
		fill_row(x, listing, g_ptr_array_index(rows, i), &table);
	for (guint i = 0; i < cells->len; i++) {
		const char *cell = g_ptr_array_index(cells, i);
		glong width = cell ? g_utf8_strlen(cell, -1) : 0;
		table.width[i % COLUMNS] = MAX(table.width[i % COLUMNS], width);
	}
	for (int c = 0; c < COLUMNS; c++)
		g_ptr_array_add(dashes, g_strnfill((gsize)table.width[c], '-'));
	for (guint i = 0; i < cells->len; i += COLUMNS) {
		print_line(x, &table, (char *const *)cells->pdata + i);
		if (i == 0)
			print_line(x, &table, (char *const *)dashes->pdata);
	}
}

/* --- freeze, json --------------------------------------------------------------------------- */

static void
print_requirements(struct xpip *x, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const Installed *dist = ((const struct row *)g_ptr_array_index(rows, i))->dist;
		bool legacy;
		g_autofree char *version = listing_version(dist, &legacy);
		const char *equals = legacy ? "===" : "==";
		if (options_count(x->options, OPT_VERBOSE) > 0)
			log_info(
				x->log, "%s%s%s (%s)", dist->name, equals, version, dist->location);
		else
			log_info(x->log, "%s%s%s", dist->name, equals, version);
	}
}

static void
put_member(JsonWriter *writer, const char *key, const char *value)
{
	json_key(writer, key);
	json_put_string(writer, value);
}

static void
print_json(struct xpip *x, const Listing *listing, const GPtrArray *rows)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	json_begin(writer, '[');
	for (guint i = 0; i < rows->len; i++) {
		const struct row *row = g_ptr_array_index(rows, i);
		g_autofree char *version = listing_version(row->dist, NULL);
		const char *editable = installed_editable(listing->set, row->dist, x->log);
		json_begin(writer, '{');
		put_member(writer, "name", row->dist->name);
		put_member(writer, "version", version);
		if (options_count(x->options, OPT_VERBOSE) > 0) {
			g_autofree char *installer = installed_installer(row->dist);
			put_member(writer, "location", row->dist->location);
			put_member(writer, "installer", installer);
		}
		if (options_flag(x->options, OPT_OUTDATED)) {
			put_member(writer, "latest_version", row->latest);
			put_member(writer, "latest_filetype", row->type);
		}
		if (editable)
			put_member(writer, "editable_project_location", editable);
		json_end(writer);
	}
	json_end(writer);
	g_autofree char *text = json_writer_take(writer);
	log_info(x->log, "%s", text);
}

/* --- the command ---------------------------------------------------------------------------- */

static bool
run(struct xpip *x, GError **error)
{
	const char *format = options_string(x->options, OPT_FORMAT);
	bool outdated = options_flag(x->options, OPT_OUTDATED);
	bool uptodate = options_flag(x->options, OPT_UPTODATE);
	if (outdated && uptodate)
		return error_set(error, ERROR_INVALID_INPUT,
			"Options --outdated and --uptodate cannot be combined.");
	if (outdated && strcmp(format, "freeze") == 0)
		return error_set(error, ERROR_INVALID_INPUT,
			"List format 'freeze' cannot be used with the --outdated option.");
	g_autoptr(Listing) listing = listing_new(x, error);
	g_autoptr(GPtrArray) rows = listing ? select_rows(x, listing, error) : NULL;
	if (!rows || ((outdated || uptodate) && !keep_by_index(x, &rows, error)))
		return false;
	if (strcmp(format, "freeze") == 0)
		print_requirements(x, rows);
	else if (strcmp(format, "json") == 0)
		print_json(x, listing, rows);
	else
		print_columns(x, listing, rows);
	return true;
}

static const enum option own_options[] = {OPT_OUTDATED, OPT_UPTODATE, OPT_EDITABLE_ONLY, OPT_LOCAL,
	OPT_USER, OPT_PATH, OPT_FORMAT, OPT_NOT_REQUIRED, OPT_EXCLUDE_EDITABLE,
	OPT_INCLUDE_EDITABLE, OPT_EXCLUDE, OPTIONS_SELECTION, OPTIONS_INDEX, OPTION_COUNT};

const struct command list_command = {
	.name = "list",
	.summary = "List installed packages.",
	.usage = "[options]",
	.description = "List installed packages, editable ones included, sorted by name.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
