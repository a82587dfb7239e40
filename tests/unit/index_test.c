/* SPDX-License-Identifier: MIT */
/* The index client against tests/server: pages, metadata by every way, several indexes, caches. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "resolver/index.h"
#include "tests/unit/server.h"

#include <glib/gstdio.h>

/* Wheels foo 1.0 (small), foo 2.0 (larger than the tail that is asked for), other 1.0, foo 1.0 as
 * sdist; a yanked foo 1.5. */
static const char make_wheels[] =
	"import sys, os, zipfile\n"
	"root = sys.argv[1]\n"
	"def wheel(name, version, size, python='>=3.8'):\n"
	"    path = os.path.join(root, '%s-%s-py3-none-any.whl' % (name, version))\n"
	"    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:\n"
	"        meta = 'Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\nRequires-Python: %s\\n'\n"
	"        z.writestr('%s-%s.dist-info/METADATA' % (name, version), meta % (name, version, "
	"python))\n"
	"        z.writestr(zipfile.ZipInfo('big'), bytes(i * i % 251 for i in range(size)))\n"
	"        z.writestr('%s-%s.dist-info/RECORD' % (name, version), '')\n"
	"wheel('foo', '1.0', 10)\n"
	"wheel('foo', '1.5', 10)\n"
	"wheel('foo', '2.0', 200000)\n"
	"wheel('other', '1.0', 10)\n"
	"open(os.path.join(root, 'foo-1.5-py3-none-any.whl.yanked'), 'w').write('bad')\n"
	"open(os.path.join(root, 'foo-1.0.tar.gz'), 'w').write('no tar')\n"
	"open(os.path.join(root, 'broken-1.0-py3-none-any.whl'), 'w').write('no zip')\n";

struct fixture {
	struct server server;
	Loop *loop;
	Log *log;
	Http *http;
	Jobs *jobs;
	Index *index;
	struct source *source;
	char *scratch, *wheels, *log_file;
	const char *cache_dir;
	bool threads;
};

static struct fixture *
setup(void)
{
	struct fixture *f = g_new0(struct fixture, 1);
	g_autoptr(GError) error = NULL;
	f->scratch = g_dir_make_tmp("xpip-index-XXXXXX", &error);
	g_assert_no_error(error);
	f->wheels = g_build_filename(f->scratch, "wheels", NULL);
	f->log_file = g_build_filename(f->scratch, "log", NULL);
	g_assert_cmpint(g_mkdir(f->wheels, 0700), ==, 0);
	char *argv[] = {(char *)"python3", (char *)"-c", (char *)make_wheels, f->wheels, NULL};
	int status = -1;
	g_spawn_sync(
		NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
	server_start(&f->server,
		(const char *const[]){"--root", f->wheels, "--static", f->scratch, NULL});
	f->loop = loop_new(&error);
	g_assert_no_error(error);
	f->log = log_new(&(struct log_options){.verbosity = -3, .file = f->log_file}, &error);
	g_assert_no_error(error);
	return f;
}

/* A new client, as a new process would have. `roots` and `links` may be NULL; paths that begin with
 * `/+` or `/simple` are the server's. */
static void
client(struct fixture *f, const char *const *roots, const char *const *links)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) urls = g_new0(char *, 8), places = g_new0(char *, 8);
	for (int i = 0; roots && roots[i]; i++)
		urls[i] = *roots[i] == '/' ? g_strconcat(f->server.url, roots[i], NULL)
					   : g_strdup(roots[i]);
	for (int i = 0; links && links[i]; i++)
		places[i] =
			g_str_has_prefix(links[i], "/+") || g_str_has_prefix(links[i], "/static")
				? g_strconcat(f->server.url, links[i], NULL)
				: g_strdup(links[i]);
	index_free(f->index);
	jobs_free(f->jobs);
	http_free(f->http);
	struct http_options http = {.timeout_s = 20,
		.retries = 0,
		.resume_retries = 0,
		.no_input = true,
		.no_proxy_env = true,
		.keyring_provider = "disabled"};
	f->http = http_new(f->loop, f->log, &http, &error);
	g_assert_no_error(error);
	f->jobs = f->threads ? jobs_new(f->loop, 2) : NULL;
	struct index_options options = {.index_url = urls[0],
		.extra_index_urls = urls[0] ? (const char *const *)urls + 1 : NULL,
		.find_links = (const char *const *)places,
		.cache_dir = f->cache_dir,
		.jobs = f->jobs};
	f->index = index_new(f->loop, f->http, f->log, &options);
	f->source = index_source(f->index);
}

static void
teardown(struct fixture *f)
{
	index_free(f->index);
	jobs_free(f->jobs);
	http_free(f->http);
	loop_free(f->loop);
	log_free(f->log);
	server_stop(&f->server);
	fs_remove_tree(f->scratch, NULL);
	g_free(f->scratch);
	g_free(f->wheels);
	g_free(f->log_file);
	g_free(f);
}

static const IndexPage *
get_page(struct fixture *f, const char *name)
{
	g_autoptr(GError) error = NULL;
	const IndexPage *page = f->source->page(f->source->user, name, &error);
	g_assert_no_error(error);
	g_assert_nonnull(page);
	return page;
}

static char *
versions(const IndexPage *page)
{
	GString *text = g_string_new(NULL);
	for (size_t i = 0; i < page_release_count(page); i++)
		g_string_append_printf(text, "%s%s*%u", i ? " " : "",
			version_text(page_version(page, i)), page_release(page, i)->count);
	return g_string_free(text, FALSE);
}

static void
check_versions(struct fixture *f, const char *name, const char *expected)
{
	g_autofree char *text = versions(get_page(f, name));
	g_assert_cmpstr(text, ==, expected);
}

static const struct index_file *
find_file(const IndexPage *page, const char *filename)
{
	for (size_t i = 0; i < page_file_count(page); i++)
		if (strcmp(page_text(page, page_file(page, i)->filename), filename) == 0)
			return page_file(page, i);
	g_error("no file %s", filename);
}

static const Metadata *
metadata(struct fixture *f, const char *filename, GError **error)
{
	g_autofree char *name = g_strndup(filename, strcspn(filename, "-"));
	const IndexPage *page = get_page(f, name);
	return f->source->metadata(f->source->user, page, find_file(page, filename), error);
}

static bool
logged(struct fixture *f, const char *text)
{
	g_autofree char *log = NULL;
	g_assert_true(g_file_get_contents(f->log_file, &log, NULL, NULL));
	return strstr(log, text) != NULL;
}

/* "path path" of the requests since the last call, without the mode prefix. */
static char *
requests(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *list = g_strconcat(f->server.url, "/requests", NULL);
	g_autofree char *reset = g_strconcat(f->server.url, "/reset", NULL);
	g_autoptr(HttpResponse) r = http_fetch(f->http, list, NULL, HTTP_CACHE_NONE, &error);
	g_assert_no_error(error);
	gsize length;
	const char *bytes = g_bytes_get_data(r->body, &length);
	g_autoptr(Json) json = json_parse(bytes, length, NULL);
	GString *text = g_string_new(NULL);
	struct json_iter iter = json_iter(json_root(json));
	struct json item;
	while (json_next(&iter, NULL, &item)) {
		const char *path = json_string(json_get(item, "path"), NULL);
		const char *range = json_string(json_get(json_get(item, "headers"), "range"), NULL);
		path = g_str_has_prefix(path, "/+") ? strchr(path + 1, '/') : path;
		g_string_append_printf(text, "%s%s%s%s", text->len ? " " : "", path,
			range ? "@" : "", range ? range + 6 : "");
	}
	g_autoptr(HttpResponse) done = http_fetch(f->http, reset, NULL, HTTP_CACHE_NONE, &error);
	g_assert_no_error(error);
	return g_string_free(text, FALSE);
}

static void
check_requests(struct fixture *f, const char *expected)
{
	g_autofree char *text = requests(f);
	g_assert_cmpstr(text, ==, expected);
}

#define ROOT(path)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		path, NULL                                                                         \
	}

/* --- pages --------------------------------------------------------------------------------- */

static void
test_forms(void)
{
	struct fixture *f = setup();
	static const char *const roots[] = {"/simple", "/simple/", "/+html/simple", "/+json/simple",
		"/+gzip/simple", "/+html+gzip+chunked/simple", "/+nosize+no658/simple",
		"/+maxage=0/simple"};
	for (size_t i = 0; i < G_N_ELEMENTS(roots); i++) {
		g_test_message("%s", roots[i]);
		f->threads = i % 2;
		client(f, ROOT(roots[i]), NULL);
		check_versions(f, "foo", "2.0*1 1.5*1 1.0*2");
		const IndexPage *page = get_page(f, "foo");
		const struct index_file *file = find_file(page, "foo-1.5-py3-none-any.whl");
		g_assert_cmpstr(page_text(page, file->yanked), ==, "bad");
		g_assert_cmpstr(page_text(page, file->requires_python), ==, ">=3.8");
		g_assert_cmpstr(page_text(page, file->hash_name), ==, "sha256");
		g_assert_cmpint(file->has_metadata, ==, strstr(roots[i], "no658") ? 0 : 1);
		check_versions(f, "nothing", "");
	}
	teardown(f);
}

/* What an index may answer instead of a page: a warning that names it, and no file. */
static void
test_bad_pages(void)
{
	struct fixture *f = setup();
	static const struct {
		const char *root, *part;
	} cases[] = {
		{"/+status=500/simple", "500 Server Error"},
		{"/+status=403/simple", "403 Client Error"},
		{"/+type=text%2Fplain/simple", "got Content-Type: text/plain"},
		{"/+type=application%2Fjson/simple", "got Content-Type: application/json"},
		{"/+truncate/simple", "connection error"},
		{"/+short/simple", "JSON"},
		{"/+auth/simple", "401 Client Error"},
		{"http://127.0.0.1:1/simple", "connection error"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		client(f, ROOT(cases[i].root), NULL);
		check_versions(f, "foo", "");
		g_test_message("%s", cases[i].root);
		g_assert_true(logged(f, cases[i].part));
	}
	/* An open line to another machine is not used at all. */
	client(f, ROOT("http://index.example/simple"), NULL);
	check_versions(f, "foo", "");
	g_assert_true(logged(f, "is not a trusted or secure host and is being ignored"));
	teardown(f);
}

/* Pages and metadata that break off anywhere: never taken for whole ones. */
static void
test_truncated(void)
{
	struct fixture *f = setup();
	static const char *const modes[] = {"", "+html", "+gzip", "+chunked", "+html+chunked"};
	for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
		for (int percent = 1; percent < 100; percent += 7) {
			g_autofree char *root =
				g_strdup_printf("/+truncate=%d%s/simple", percent, modes[m]);
			client(f, ROOT(root), NULL);
			check_versions(f, "foo", "");
		}
	}
	g_assert_true(logged(f, "connection error"));
	teardown(f);
}

static void
test_several(void)
{
	struct fixture *f = setup();
	const char *const roots[] = {"/+html/simple", "/simple", "/nowhere", "/simple", NULL};
	client(f, roots, NULL);
	check_versions(f, "foo", "2.0*2 1.5*2 1.0*4");
	g_assert_true(logged(f, "foo stands on more than one index"));
	g_assert_false(logged(f, "other stands"));
	g_autofree char *seen = requests(f);
	g_assert_cmpuint(strlen(seen), ==, strlen("/simple/foo/ /simple/foo/ /nowhere/foo/"));
	teardown(f);
}

static void
test_credentials(void)
{
	struct fixture *f = setup();
	g_autofree char *root = g_strdup_printf(
		"http://user:secret@%s/+auth+no658/simple", strstr(f->server.url, "//") + 2);
	f->cache_dir = f->scratch;
	client(f, ROOT(root), NULL);
	check_versions(f, "foo", "2.0*1 1.5*1 1.0*2");
	g_autoptr(GError) error = NULL;
	g_assert_nonnull(metadata(f, "foo-2.0-py3-none-any.whl", &error));
	g_assert_no_error(error);
	const IndexPage *page = get_page(f, "foo");
	for (size_t i = 0; i < page_file_count(page); i++)
		g_assert_null(strstr(page_text(page, page_file(page, i)->url), "user"));
	/* Neither the log nor a file of the cache has the password. */
	index_say_where(f->index);
	g_assert_true(logged(f, "Looking in indexes: http://user:****@127.0.0.1"));
	char *argv[] = {(char *)"grep", (char *)"-rl", (char *)"secret", f->scratch, NULL};
	g_autofree char *found = NULL;
	g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &found, NULL, NULL, NULL);
	g_assert_cmpstr(found, ==, "");
	teardown(f);
}

/* --- metadata ------------------------------------------------------------------------------ */

static void
test_metadata(void)
{
	struct fixture *f = setup();
	static const struct {
		const char *root, *file, *requests;
		bool whole;
	} cases[] = {
		{"/simple", "foo-2.0-py3-none-any.whl", "/files/foo-2.0-py3-none-any.whl.metadata",
			false},
		{"/+gone658/simple", "foo-1.0-py3-none-any.whl",
			"/files/foo-1.0-py3-none-any.whl.metadata "
			"/files/foo-1.0-py3-none-any.whl@0-SIZE",
			true},
		{"/+no658/simple", "foo-1.0-py3-none-any.whl",
			"/files/foo-1.0-py3-none-any.whl@0-SIZE", true},
		{"/+no658/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE "
			"/files/foo-2.0-py3-none-any.whl@0-MEMBER",
			false},
		{"/+no658+nosize/simple", "foo-1.0-py3-none-any.whl",
			"/files/foo-1.0-py3-none-any.whl@-32768", true},
		{"/+no658+html/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@-32768 "
			"/files/foo-2.0-py3-none-any.whl@0-MEMBER",
			false},
		{"/+no658+norange/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE", true},
		{"/+no658+nosuffix+html/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@-32768", true},
		{"/+no658+refuse/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE /files/foo-2.0-py3-none-any.whl",
			true},
		{"/+no658+refuse=501/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE /files/foo-2.0-py3-none-any.whl",
			true},
		{"/+no658+shift+html/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@-32768 /files/foo-2.0-py3-none-any.whl",
			true},
		{"/+no658+noheader/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE /files/foo-2.0-py3-none-any.whl",
			true},
		{"/+no658+norange+chunked/simple", "foo-2.0-py3-none-any.whl",
			"/files/foo-2.0-py3-none-any.whl@TAIL-SIZE", true},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].root, cases[i].file);
		g_autoptr(GError) error = NULL;
		g_autofree char *path = g_build_filename(f->wheels, cases[i].file, NULL);
		g_autofree char *bytes = NULL;
		gsize size;
		g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
		client(f, ROOT(cases[i].root), NULL);
		const IndexPage *page = get_page(f, "foo");
		g_free(requests(f));
		const Metadata *m = metadata(f, cases[i].file, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(m->name, ==, "foo");
		g_assert_cmpstr(m->requires_python, ==, ">=3.8");
		g_assert_true(m == metadata(f, cases[i].file, NULL));
		g_autofree char *seen = requests(f);
		g_autoptr(GString) expected = g_string_new(cases[i].requests);
		g_autofree char *last = g_strdup_printf("%" G_GSIZE_FORMAT, size - 1);
		g_autofree char *tail = g_strdup_printf("%" G_GSIZE_FORMAT, size - 32768);
		g_string_replace(expected, "SIZE", last, 0);
		g_string_replace(expected, "TAIL", tail, 0);
		const char *member = strstr(seen, "@0-");
		g_autofree char *end = member ? g_strdup(member + 3) : g_strdup("");
		g_string_replace(expected, "MEMBER", end, 0);
		g_assert_cmpstr(seen, ==, expected->str);
		/* What came whole is not asked for again. */
		const char *url = page_text(page, find_file(page, cases[i].file)->url);
		g_autoptr(HttpResponse) file =
			http_fetch(f->http, url, NULL, HTTP_CACHE_NONE, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(g_bytes_get_size(file->body), ==, size);
		g_assert_true(memcmp(g_bytes_get_data(file->body, NULL), bytes, size) == 0);
		g_autofree char *after = requests(f);
		g_assert_cmpint(*after == '\0', ==, cases[i].whole);
	}
	teardown(f);
}

static void
test_bad_metadata(void)
{
	struct fixture *f = setup();
	static const struct {
		const char *root, *file, *part;
		int kind;
	} cases[] = {
		{"/+bad658/simple", "foo-1.0-py3-none-any.whl", "the index promises 0000",
			ERROR_INTEGRITY},
		{"/+no658/simple", "broken-1.0-py3-none-any.whl", "not a zip archive",
			ERROR_INVALID_INPUT},
		{"/+no658+truncate+norange+html/simple", "foo-2.0-py3-none-any.whl", NULL, 0},
	};
	for (size_t i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		client(f, ROOT(cases[i].root), NULL);
		g_assert_null(metadata(f, cases[i].file, &error));
		g_assert_error(error, XPIP_ERROR, cases[i].kind);
		g_assert_nonnull(strstr(error->message, cases[i].part));
		g_assert_nonnull(strstr(error->message, cases[i].file));
		/* Asked again it says the same. */
		g_autoptr(GError) again = NULL;
		g_assert_null(metadata(f, cases[i].file, &again));
		g_assert_cmpstr(again->message, ==, error->message);
	}
	/* An sdist without announced metadata: only building can tell. */
	g_autoptr(GError) error = NULL;
	g_assert_null(metadata(f, "foo-1.0.tar.gz", &error));
	g_assert_no_error(error);
	/* A file that is listed but gone. */
	client(f, ROOT("/+no658/simple"), NULL);
	get_page(f, "other");
	g_autofree char *path = g_build_filename(f->wheels, "other-1.0-py3-none-any.whl", NULL);
	g_assert_cmpint(g_remove(path), ==, 0);
	g_assert_null(metadata(f, "other-1.0-py3-none-any.whl", &error));
	g_assert_error(error, XPIP_ERROR, ERROR_NETWORK);
	g_assert_cmpint(http_error_status(error), ==, 404);
	teardown(f);
}

/* --- find-links, folders ------------------------------------------------------------------- */

static void
test_find_links(void)
{
	struct fixture *f = setup();
	g_autofree char *file = g_build_filename(f->wheels, "foo-1.0.tar.gz", NULL);
	g_autofree char *page = g_build_filename(f->wheels, "links.html", NULL);
	g_autofree char *folder_url = fs_path_to_url(f->wheels), *page_url = fs_path_to_url(page);
	g_autofree char *file_url = fs_path_to_url(file);
	g_assert_true(g_file_set_contents(page,
		"<a href=\"foo-3.0.tar.gz\"></a><a href=\"https://f.example/foo-4.0.tar.gz\"></a>",
		-1, NULL));
	const char *html = "/static/wheels/links.html";
	const struct {
		const char *link, *versions;
	} cases[] = {
		{f->wheels, "4.0*1 3.0*1 2.0*1 1.5*1 1.0*2"},
		{folder_url, "4.0*1 3.0*1 2.0*1 1.5*1 1.0*2"},
		{page, "4.0*1 3.0*1"},
		{page_url, "4.0*1 3.0*1"},
		{html, "4.0*1 3.0*1"},
		{file, "1.0*1"},
		{file_url, "1.0*1"},
		{"/nonexistent/folder", ""},
		{"file:///nonexistent/folder", ""},
		{"/static/nothing.html", ""},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].link);
		client(f, NULL, ROOT(cases[i].link));
		check_versions(f, "foo", cases[i].versions);
	}
	g_assert_true(logged(f, "Location '/nonexistent/folder' is ignored: it is either a "
				"non-existing path or lacks a specific scheme."));
	g_assert_true(logged(f, "Location 'file:///nonexistent/folder' is ignored: it is neither a "
				"file nor a directory."));
	/* Beside an index: its links come first. Metadata of a local wheel needs no network. */
	client(f, ROOT("/simple"), ROOT(f->wheels));
	check_versions(f, "foo", "4.0*1 3.0*1 2.0*2 1.5*2 1.0*4");
	g_free(requests(f));
	g_autoptr(GError) error = NULL;
	const IndexPage *merged = get_page(f, "foo");
	const struct index_file *local = page_file(merged, page_release(merged, 2)->first);
	g_assert_cmpint(local->local, ==, 1);
	const Metadata *m = f->source->metadata(f->source->user, merged, local, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(m->version, ==, "2.0");
	check_requests(f, "");
	teardown(f);
}

static void
test_folder_index(void)
{
	struct fixture *f = setup();
	g_autofree char *folder = g_build_filename(f->scratch, "simple", "foo", NULL);
	g_autofree char *page = g_build_filename(folder, "index.html", NULL);
	g_autofree char *root = g_build_filename(f->scratch, "simple", NULL);
	g_autofree char *url = fs_path_to_url(root);
	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(
		page, "<a href=\"../../wheels/foo-1.0-py3-none-any.whl\">x</a>", -1, NULL));
	const char *const roots[] = {root, url};
	for (size_t i = 0; i < G_N_ELEMENTS(roots); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *expanded =
			i == 0 ? g_strdup_printf("file://%s", root) : g_strdup(roots[i]);
		client(f, ROOT(expanded), NULL);
		check_versions(f, "foo", "1.0*1");
		check_versions(f, "bar", "");
		g_assert_nonnull(metadata(f, "foo-1.0-py3-none-any.whl", &error));
		g_assert_no_error(error);
	}
	teardown(f);
}

/* --- caches -------------------------------------------------------------------------------- */

static void
test_page_cache(void)
{
	struct fixture *f = setup();
	f->cache_dir = f->scratch;
	static const struct {
		const char *root, *first, *second;
	} cases[] = {
		{"/simple", "/simple/foo/", ""},
		{"/+maxage=0/simple", "/simple/foo/", "/simple/foo/"},
		{"/+nocache+html/simple", "/simple/foo/", "/simple/foo/"},
		{"/+nostore/simple", "/simple/foo/", "/simple/foo/"},
		{"/+json+gzip/simple", "/simple/foo/", ""},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].root);
		f->threads = i % 2;
		for (int k = 0; k < 2; k++) {
			client(f, ROOT(cases[i].root), NULL);
			check_versions(f, "foo", "2.0*1 1.5*1 1.0*2");
			check_requests(f, k ? cases[i].second : cases[i].first);
		}
	}
	/* A page that the server refuses now is not used any more. */
	client(f, ROOT("/+maxage=0+fail=2:403/simple"), NULL);
	check_versions(f, "foo", "");
	teardown(f);
}

static void
test_offline(void)
{
	struct fixture *f = setup();
	f->cache_dir = f->scratch;
	g_autofree char *root = g_strconcat(f->server.url, "/+maxage=0/simple", NULL);
	client(f, ROOT(root), NULL);
	check_versions(f, "foo", "2.0*1 1.5*1 1.0*2");
	server_stop(&f->server);
	client(f, ROOT(root), NULL);
	check_versions(f, "foo", "2.0*1 1.5*1 1.0*2");
	g_assert_true(logged(f, "using the page that was kept"));
	teardown(f);
}

static void
test_metadata_cache(void)
{
	struct fixture *f = setup();
	f->cache_dir = f->scratch;
	static const char *const files[] = {"foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl"};
	for (int k = 0; k < 2; k++) {
		client(f, ROOT("/+no658/simple"), NULL);
		for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
			g_autoptr(GError) error = NULL;
			g_assert_nonnull(metadata(f, files[i], &error));
			g_assert_no_error(error);
		}
		g_autofree char *seen = requests(f);
		g_assert_cmpint(*seen != '\0', ==, k == 0);
	}
	/* The same bytes under another URL are asked for: another index may say other things. */
	client(f, ROOT("/+no658+html/simple"), NULL);
	get_page(f, "foo");
	g_free(requests(f));
	g_assert_nonnull(metadata(f, files[0], NULL));
	check_requests(f, "/files/foo-1.0-py3-none-any.whl@-32768");
	teardown(f);
}

/* --- prefetch, freeing --------------------------------------------------------------------- */

struct arrivals {
	unsigned pages, metadata;
};

static void
page_ready(void *user, const char *name, const IndexPage *page)
{
	struct arrivals *a = user;
	g_assert_nonnull(name);
	g_assert_nonnull(page);
	a->pages++;
}

static void
metadata_ready(
	void *user, const IndexPage *page, const struct index_file *file, const Metadata *metadata)
{
	struct arrivals *a = user;
	g_assert_nonnull(page);
	g_assert_nonnull(file);
	g_assert_nonnull(metadata);
	a->metadata++;
}

static void
test_prefetch(void)
{
	struct fixture *f = setup();
	struct arrivals a = {0};
	f->threads = true;
	client(f, ROOT("/simple"), NULL);
	f->source->set_listener(
		f->source->user, &(struct source_listener){page_ready, metadata_ready, &a});
	f->source->prefetch_page(f->source->user, "foo");
	f->source->prefetch_page(f->source->user, "other");
	f->source->prefetch_page(f->source->user, "foo");
	get_page(f, "foo");
	get_page(f, "other");
	g_assert_cmpuint(a.pages, ==, 2);
	const IndexPage *page = get_page(f, "foo");
	for (size_t i = 0; i < page_file_count(page); i++)
		f->source->prefetch_metadata(f->source->user, page, page_file(page, i));
	metadata(f, "foo-2.0-py3-none-any.whl", NULL);
	metadata(f, "foo-1.0-py3-none-any.whl", NULL);
	metadata(f, "foo-1.5-py3-none-any.whl", NULL);
	g_assert_cmpuint(a.metadata, ==, 3);
	g_autofree char *seen = requests(f);
	g_auto(GStrv) asked = g_strsplit(seen, " ", -1);
	g_assert_cmpuint(g_strv_length(asked), ==, 5); /* nothing twice, in any order */
	/* Freed in the midst of everything. */
	for (int turns = 0; turns < 8; turns++) {
		client(f, ROOT("/+slow=100000+gzip/simple"), ROOT("/static/wheels/x.html"));
		f->source->prefetch_page(f->source->user, "foo");
		f->source->prefetch_page(f->source->user, "other");
		for (int i = 0; i < turns; i++)
			g_assert_true(loop_turn(f->loop, 5, NULL));
	}
	teardown(f);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_setenv("NETRC", "/nonexistent/netrc", TRUE);
	g_test_add_func("/index/forms", test_forms);
	g_test_add_func("/index/bad-pages", test_bad_pages);
	g_test_add_func("/index/truncated", test_truncated);
	g_test_add_func("/index/several", test_several);
	g_test_add_func("/index/credentials", test_credentials);
	g_test_add_func("/index/metadata", test_metadata);
	g_test_add_func("/index/bad-metadata", test_bad_metadata);
	g_test_add_func("/index/find-links", test_find_links);
	g_test_add_func("/index/folder-index", test_folder_index);
	g_test_add_func("/index/page-cache", test_page_cache);
	g_test_add_func("/index/offline", test_offline);
	g_test_add_func("/index/metadata-cache", test_metadata_cache);
	g_test_add_func("/index/prefetch", test_prefetch);
	return g_test_run();
}
