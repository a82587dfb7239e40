/* SPDX-License-Identifier: MIT */
/* `xpip search QUERY`: asks an index that still answers XML-RPC searches. */
#include "cmd/lookup.h"
#include "cmd/usage.h"
#include "lib/wrap.h"
#include "resolver/xmlrpc.h"
#include "wheel/name.h"

#include <string.h>
#include <unistd.h>

enum { MAX_ANSWER = 16 << 20, LEAST_WIDTH = 10 };

/* One project with the newest of its releases that were found. */
struct project {
	const char *name, *summary, *latest; /* borrowed from the hits */
};

struct reply {
	bool done;
	HttpResponse *response;
	GError *error;
};

static void
on_reply(HttpResponse *response, const GError *error, void *user)
{
	struct reply *reply = user;
	reply->done = true;
	reply->response = response;
	reply->error = error ? g_error_copy(error) : NULL;
}

/* --index, or where the default index has its XML-RPC service: /pypi beside /simple. */
static char *
service_url(const struct xpip *x)
{
	const char *given = options_string(x->options, OPT_INDEX);
	if (given && *given)
		return g_strdup(given);
	g_autofree char *root = g_strdup(XPIP_INDEX_URL);
	size_t length = strlen(root);
	while (length && root[length - 1] == '/')
		root[--length] = '\0';
	if (g_str_has_suffix(root, "/simple"))
		root[length - strlen("/simple")] = '\0';
	return g_strconcat(root, "/pypi", NULL);
}

/* The hits, or NULL. */
static GPtrArray *
ask(struct xpip *x, const char *const *words, GError **error)
{
	Http *http = xpip_http(x, error);
	if (!http)
		return NULL;
	struct reply reply = {0};
	g_autofree char *url = service_url(x), *call = xmlrpc_search_request(words);
	struct http_request request = {.url = url,
		.accept = "text/xml",
		.cache = HTTP_CACHE_NONE,
		.max_size = MAX_ANSWER,
		.done = on_reply,
		.user = &reply,
		.post = call,
		.post_type = "text/xml"};
	unsigned id = http_get(http, &request);
	while (!reply.done)
		if (!loop_turn(x->loop, -1, error)) {
			http_cancel(http, id);
			return NULL;
		}
	g_autoptr(HttpResponse) response = reply.response;
	if (!response) {
		g_propagate_error(error, reply.error);
		return NULL;
	}
	size_t length = 0;
	const char *bytes = g_bytes_get_data(response->body, &length);
	return xmlrpc_parse_hits(bytes, length, error);
}

/* true if the version `a` is newer; what is no version is older than all others. */
static bool
is_newer(const char *a, const char *b)
{
	g_autoptr(Version) x = version_parse_string(a);
	g_autoptr(Version) y = version_parse_string(b);
	return x && (!y || version_compare(x, y) > 0);
}

/* The answer lists releases; array of struct project, in the order of the answer. */
static GArray *
group(const GPtrArray *hits)
{
	GArray *projects = g_array_new(FALSE, TRUE, sizeof(struct project));
	g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < hits->len; i++) {
		const struct xmlrpc_hit *hit = g_ptr_array_index(hits, i);
		struct project next = {hit->name, hit->summary, hit->version};
		void *place = NULL;
		if (!g_hash_table_lookup_extended(places, hit->name, NULL, &place)) {
			g_hash_table_insert(places, hit->name, GUINT_TO_POINTER(projects->len));
			g_array_append_val(projects, next);
			continue;
		}
		struct project *project =
			&g_array_index(projects, struct project, GPOINTER_TO_UINT(place));
		if (is_newer(hit->version, project->latest))
			*project = next;
	}
	return projects;
}

static size_t
columns(const struct project *project)
{
	return (size_t)g_utf8_strlen(project->name, -1) +
	       (size_t)g_utf8_strlen(project->latest, -1);
}

static void
print_project(struct xpip *x, const struct project *project, size_t width)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_string_printf(line, "%s (%s)", project->name, project->latest);
	for (size_t at = columns(project) + 3; at < width; at++)
		g_string_append_c(line, ' ');
	g_string_append(line, " - ");
	size_t terminal = isatty(STDOUT_FILENO) ? usage_width() : 0;
	if (terminal > width + 5 + LEAST_WIDTH)
		wrap_append(line, project->summary, terminal - width - 5, width + 3);
	else
		g_string_append(line, project->summary);
	log_info(x->log, "%s", line->str);
	g_autofree char *normalized = name_normalize(project->name);
	g_autofree char *installed = lookup_installed(x, normalized);
	if (installed)
		lookup_say_installed(x, installed, project->latest);
}

static bool
run(struct xpip *x, GError **error)
{
	const char *const *words = options_arguments(x->options);
	if (!*words)
		return error_set(
			error, ERROR_INVALID_INPUT, "Missing required argument (search query).");
	g_autoptr(GPtrArray) hits = ask(x, words, error);
	if (!hits)
		return false;
	g_autoptr(GArray) projects = group(hits);
	size_t width = 0;
	for (guint i = 0; i < projects->len; i++)
		width = MAX(width, columns(&g_array_index(projects, struct project, i)) + 4);
	for (guint i = 0; i < projects->len; i++)
		print_project(x, &g_array_index(projects, struct project, i), width);
	return projects->len || error_set(error, ERROR_NOT_FOUND, "nothing found");
}

static const enum option own_options[] = {OPT_INDEX, OPTION_COUNT};

const struct command search_command = {
	.name = "search",
	.summary = "Search an index for packages.",
	.usage = "[options] <query>",
	.description = "Search an index for packages whose name or summary contains the query. Few "
		       "indexes offer this.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
