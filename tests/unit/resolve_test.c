/* SPDX-License-Identifier: MIT */
/* resolver/resolve.h on small made-up indexes. An answer is written as `b-1.0 a-2.0`, in
 * installation order; `=` behind one that is kept, `~` behind one that replaces another. */
#include "resolver/resolve.h"

#include <glib/gstdio.h>
#include <string.h>

struct release {
	const char *name, *version;
	const char *headers; /* of its metadata: "Requires-Dist: b>=1\n" */
	const char *yanked, *python;
	int64_t upload_time;
	bool sdist;
	const char *tag; /* of a wheel; NULL: py3-none-any */
	bool unbuilt;	 /* the sdist's metadata is not to be had */
};

/* clang-format off */
#define RELEASE(n, v, h) {.name = (n), .version = (v), .headers = (h)}
/* clang-format on */

struct place { /* of a URL requirement */
	const char *url, *name, *version, *headers;
};

struct world {
	const struct release *releases; /* up to one without a name */
	const struct place *places;
	GHashTable *pages;	 /* name -> IndexPage */
	GHashTable *metadata;	 /* "name version" -> Metadata */
	GPtrArray *found;	 /* Metadata of places */
	unsigned pages_asked;	 /* how many pages were waited for */
	unsigned metadata_asked; /* how many releases' */
};

static Metadata *
make_metadata(const char *name, const char *version, const char *headers)
{
	g_autofree char *text = g_strdup_printf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s",
		name, version, headers ? headers : "");
	g_autoptr(GError) error = NULL;
	Metadata *metadata = metadata_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	return metadata;
}

static char *
file_name(const struct release *release)
{
	return release->sdist ? g_strdup_printf("%s-%s.tar.gz", release->name, release->version)
			      : g_strdup_printf("%s-%s-%s.whl", release->name, release->version,
					release->tag ? release->tag : "py3-none-any");
}

static void
add_file(PageBuilder *builder, const struct release *release)
{
	g_autofree char *filename = file_name(release);
	g_autofree char *url = g_strconcat("http://127.0.0.1/", filename, NULL);
	struct page_link link = {.filename = filename,
		.url = url,
		.requires_python = release->python,
		.yanked = release->yanked,
		.source = "http://127.0.0.1/simple/",
		.size = -1,
		.upload_time = release->upload_time ? release->upload_time : INT64_MIN};
	page_builder_add(builder, &link);
}

static const IndexPage *
world_page(void *user, const char *name, GError **error)
{
	(void)error;
	struct world *world = user;
	world->pages_asked++;
	IndexPage *page = g_hash_table_lookup(world->pages, name);
	if (page)
		return page;
	PageBuilder *builder = page_builder_new(name);
	for (const struct release *r = world->releases; r && r->name; r++)
		if (strcmp(r->name, name) == 0)
			add_file(builder, r);
	page = page_builder_finish(builder);
	g_hash_table_insert(world->pages, g_strdup(name), page);
	return page;
}

static const Metadata *
world_metadata(void *user, const IndexPage *page, const struct index_file *file, GError **error)
{
	(void)error;
	struct world *world = user;
	world->metadata_asked++;
	const char *filename = page_text(page, file->filename);
	Metadata *metadata = g_hash_table_lookup(world->metadata, filename);
	for (const struct release *r = world->releases; !metadata && r->name; r++) {
		g_autofree char *own = file_name(r);
		if (strcmp(own, filename) != 0)
			continue;
		if (r->unbuilt)
			return NULL;
		metadata = make_metadata(r->name, r->version, r->headers);
		g_hash_table_insert(world->metadata, g_strdup(filename), metadata);
	}
	return metadata;
}

static bool
world_direct(void *user, const struct direct_request *request, struct direct *out, GError **error)
{
	struct world *world = user;
	for (const struct place *place = world->places; place && place->url; place++) {
		if (strcmp(place->url, request->url) != 0)
			continue;
		Metadata *metadata = make_metadata(place->name, place->version, place->headers);
		g_ptr_array_add(world->found, metadata);
		out->handle = (void *)place->url;
		out->metadata = metadata;
		return true;
	}
	return error_set(error, ERROR_NETWORK, "%s: not there", request->url);
}

static void
no_listener(void *user, const struct source_listener *listener)
{
	(void)user, (void)listener;
}

static void
no_page(void *user, const char *name)
{
	(void)user, (void)name;
}

static void
no_metadata(void *user, const IndexPage *page, const struct index_file *file)
{
	(void)user, (void)page, (void)file;
}

static void
free_page(void *page)
{
	page_free(page);
}

static void
free_metadata(void *metadata)
{
	metadata_free(metadata);
}

static const char *const markers[MARKER_VARIABLES] = {"cpython", "3.12.1", "posix", "x86_64",
	"CPython", "6.1.0", "Linux", "#1", "3.12.1", "3.12", "linux"};

static GArray *
make_roots(const char *const *texts, GPtrArray *requirements)
{
	GArray *roots = g_array_new(FALSE, TRUE, sizeof(struct root_requirement));
	for (; texts && *texts; texts++) {
		g_autoptr(GError) error = NULL;
		Requirement *requirement = requirement_parse(*texts, strlen(*texts), &error);
		g_assert_no_error(error);
		g_ptr_array_add(requirements, requirement);
		struct root_requirement root = {.text = *texts,
			.requirement = requirement,
			.url = requirement->url,
			.user_requested = true};
		g_array_append_val(roots, root);
	}
	return roots;
}

static void
free_requirement(void *requirement)
{
	requirement_free(requirement);
}

static char *
describe(const Resolution *answer)
{
	GString *text = g_string_new(NULL);
	size_t places = 0;
	for (size_t i = 0; i < resolution_count(answer); i++) {
		const struct resolved *it = resolution_get(answer, i);
		places += it->decided;
		g_assert_true(resolution_find(answer, it->name) == it);
		g_string_append_printf(text, "%s%s-%s%s", i ? " " : "", it->name,
			version_text(it->version),
			it->action == RESOLVED_KEEP	 ? "="
			: it->action == RESOLVED_REPLACE ? "~"
							 : "");
		for (const char *const *extra = it->extras; *extra; extra++)
			g_string_append_printf(text, "[%s]", *extra);
	}
	/* Decisions are numbered from 0. */
	g_assert_cmpuint(places * 2, ==, resolution_count(answer) * (resolution_count(answer) - 1));
	return g_string_free(text, FALSE);
}

/* The answer, or `error: …`. options: what differs from a plain run; may be NULL. */
static char *
solve_in(struct world *world, const struct resolve_options *changes, const char *const *wanted,
	const char *const *constraints)
{
	struct source source = {
		world, no_listener, no_page, no_metadata, world_page, world_metadata};
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN};
	if (changes)
		options = *changes;
	options.markers = markers;
	options.python_version = "3.12.1";
	options.source = &source;
	options.direct = world_direct;
	options.user = world;
	world->pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_page);
	world->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_metadata);
	world->found = g_ptr_array_new_with_free_func(free_metadata);
	g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(free_requirement);
	g_autoptr(GArray) roots = make_roots(wanted, owned);
	g_autoptr(GArray) limits = make_roots(constraints, owned);
	g_autoptr(GError) error = NULL;
	Resolution *answer = resolve(&options, (struct root_requirement *)(void *)roots->data,
		roots->len, (struct root_requirement *)(void *)limits->data, limits->len, &error);
	char *text = answer ? describe(answer) : g_strdup_printf("error: %s", error->message);
	resolution_free(answer);
	g_hash_table_unref(world->pages);
	g_hash_table_unref(world->metadata);
	g_ptr_array_unref(world->found);
	return text;
}

static void
check_with(const struct release *releases, const struct resolve_options *changes,
	const char *wanted, const char *constraints, const char *expected)
{
	struct world world = {.releases = releases};
	g_auto(GStrv) list = g_strsplit(wanted, "|", -1);
	g_auto(GStrv) limits = constraints ? g_strsplit(constraints, "|", -1) : NULL;
	g_autofree char *got =
		solve_in(&world, changes, (const char *const *)list, (const char *const *)limits);
	g_assert_cmpstr(got, ==, expected);
}

static void
check(const struct release *releases, const char *wanted, const char *expected)
{
	check_with(releases, NULL, wanted, NULL, expected);
}

static void
test_plain(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: c<2\n"),
		RELEASE("a", "2.0", "Requires-Dist: b\nRequires-Dist: c<2\n"),
		RELEASE("b", "1.0", "Requires-Dist: c>=1\n"),
		RELEASE("b", "2.0", "Requires-Dist: c>=2\n"), RELEASE("c", "1.0", NULL),
		RELEASE("c", "1.5", NULL), RELEASE("c", "2.0", NULL), {0}};
	check(releases, "a", "c-1.5 b-1.0 a-2.0");
	check(releases, "a<2", "c-1.5 a-1.0");
	check(releases, "A|c==1.0", "c-1.0 b-1.0 a-2.0");
	check(releases, "b; python_version < '3'|c", "c-2.0");
}

static void
test_failures(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: b==1\n"),
		RELEASE("b", "1.0", NULL), RELEASE("b", "2.0", NULL),
		{.name = "new", .version = "1.0", .python = ">=3.13"}, {0}};
	check(releases, "nothing", "error: No matching distribution found for nothing");
	check(releases, "b>5", "error: No matching distribution found for b>5");
	check(releases, "new", "error: No matching distribution found for new");
	check(releases, "a|b==2",
		"error: ResolutionImpossible: for help visit "
		"https://pip.pypa.io/en/latest/topics/dependency-resolution/"
		"#dealing-with-dependency-conflicts");
}

static void
test_extras(void)
{
	static const struct release releases[] = {
		RELEASE("a", "1.0",
			"Provides-Extra: x\nProvides-Extra: all\nProvides-Extra: Y_z\n"
			"Requires-Dist: b; extra == 'x'\n"
			"Requires-Dist: c<2; extra == 'y-z'\n"
			"Requires-Dist: a[x,y.z]; extra == 'all'\n"),
		RELEASE("b", "1.0",
			"Requires-Dist: a[Y-z]\nProvides-Extra: loop\n"
			"Requires-Dist: b[loop]; extra == 'loop'\n"),
		RELEASE("c", "1.0", NULL), RELEASE("c", "2.0", NULL), {0}};
	check(releases, "a", "a-1.0");
	check(releases, "a[Y.Z]", "c-1.0 a-1.0[y-z]");
	check(releases, "a[all]", "c-1.0 a-1.0[all][x][y-z] b-1.0");
	check(releases, "a[unknown]", "a-1.0[unknown]");
	check(releases, "b[loop]", "c-1.0 a-1.0[y-z] b-1.0[loop]");
}

static void
test_constraints(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: b\n"),
		RELEASE("a", "2.0", "Requires-Dist: b>=2\n"), RELEASE("b", "1.0", NULL),
		RELEASE("b", "2.0", NULL), RELEASE("b", "3.0", NULL), {0}};
	check_with(releases, NULL, "a", "b<3", "b-2.0 a-2.0");
	check_with(releases, NULL, "a", "b<2|unused==7", "b-1.0 a-1.0");
	check_with(releases, NULL, "b", "b!=3|b<3", "b-2.0");
}

static void
test_prereleases(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", NULL),
		RELEASE("a", "2.0rc1", NULL), RELEASE("only", "1.0b1", NULL),
		RELEASE("only", "1.0b2", NULL), {0}};
	check(releases, "a", "a-1.0");
	check(releases, "a>=2.0b1", "a-2.0rc1");
	check(releases, "only", "only-1.0b2");
	g_autoptr(NameControl) control = name_control_new();
	g_assert_true(name_control_add(control, NAME_CONTROL_FIRST, ":all:", "--pre", NULL));
	struct resolve_options pre = {.uploaded_prior_to = INT64_MIN, .releases = control};
	check_with(releases, &pre, "a", NULL, "a-2.0rc1");
	g_assert_true(name_control_add(control, NAME_CONTROL_SECOND, "only", "--only-final", NULL));
	check_with(releases, &pre, "only", NULL, "error: No matching distribution found for only");
}

/* PEP 592: only a pin brings a yanked release. */
static void
test_yanked(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", NULL),
		{.name = "a", .version = "2.0", .yanked = "broken"},
		{.name = "gone", .version = "1.0", .yanked = ""}, {0}};
	check(releases, "a", "a-1.0");
	check(releases, "a>1", "error: No matching distribution found for a>1");
	check(releases, "a==2.0", "a-2.0");
	check(releases, "gone===1.0", "gone-1.0");
	check(releases, "gone", "error: No matching distribution found for gone");
}

static void
test_uploaded_prior_to(void)
{
	static const struct release releases[] = {
		{.name = "a", .version = "1.0", .upload_time = 100},
		{.name = "a", .version = "2.0", .upload_time = 200},
		RELEASE("undated", "1.0", NULL), {0}};
	struct resolve_options options = {.uploaded_prior_to = 200};
	check_with(releases, &options, "a", NULL, "a-1.0");
	options.uploaded_prior_to = 201;
	check_with(releases, &options, "a", NULL, "a-2.0");
	check_with(releases, &options, "undated", NULL,
		"error: Index http://127.0.0.1/simple/ does not provide upload-time metadata.");
}

static void
test_formats(void)
{
	static const struct release releases[] = {
		RELEASE("a", "1.0", NULL), {.name = "a", .version = "2.0", .sdist = true}, {0}};
	check(releases, "a", "a-2.0");
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .prefer_binary = true};
	check_with(releases, &options, "a", NULL, "a-1.0");
	g_autoptr(NameControl) control = name_control_new();
	g_assert_true(name_control_add(control, NAME_CONTROL_SECOND, "a", "", NULL));
	options = (struct resolve_options){.uploaded_prior_to = INT64_MIN, .formats = control};
	check_with(releases, &options, "a", NULL, "a-1.0");
	g_assert_true(name_control_add(control, NAME_CONTROL_FIRST, ":all:", "", NULL));
	check_with(
		releases, &options, "a<2", NULL, "error: No matching distribution found for a<2");
}

static void
test_dependency_modes(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: b\n"),
		RELEASE("b", "1.0", "Requires-Dist: c\n"), RELEASE("c", "1.0", NULL), {0}};
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .no_deps = true};
	check_with(releases, &options, "a", NULL, "a-1.0");
	options = (struct resolve_options){.uploaded_prior_to = INT64_MIN, .only_deps = true};
	check_with(releases, &options, "a", NULL, "c-1.0 b-1.0");
	check_with(releases, &options, "a|b", NULL, "c-1.0");
}

static void
test_ignored_python(void)
{
	static const struct release releases[] = {{.name = "a",
							  .version = "1.0",
							  .headers = "Requires-Python: >=3.13\n",
							  .python = ">=3.13"},
		{.name = "b", .version = "1.0", .headers = "Requires-Python: <3\n"},
		{.name = "b", .version = "0.9"}, {0}};
	struct resolve_options options = {
		.uploaded_prior_to = INT64_MIN, .ignore_requires_python = true};
	check_with(releases, &options, "a", NULL, "a-1.0");
	/* The page says nothing, the metadata does. */
	check(releases, "b", "b-0.9");
	check(releases, "b==1.0",
		"error: Package 'b' requires a different Python: 3.12.1 not in '<3'");
}

static void
test_urls(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", NULL),
		RELEASE("a", "2.0", NULL), RELEASE("user", "1.0", "Requires-Dist: a<2\n"),
		RELEASE("linker", "1.0", "Requires-Dist: a @ http://127.0.0.1/a.zip\n"), {0}};
	static const struct place places[] = {
		{"http://127.0.0.1/a.zip", "A", "1.5",
			"Provides-Extra: x\nRequires-Dist: user; extra == 'x'\n"},
		{"http://127.0.0.1/a9.zip", "a", "9", ""}, {0}};
	static const struct {
		const char *wanted[3], *constraint, *expected;
	} cases[] = {
		{{"a @ http://127.0.0.1/a.zip", "user"}, NULL, "a-1.5 user-1.0"},
		{{"a[x] @ http://127.0.0.1/a.zip"}, NULL, "a-1.5[x] user-1.0"},
		{{"linker"}, NULL, "a-1.5 linker-1.0"},
		{{"linker", "a"}, NULL, "a-1.5 linker-1.0"},
		{{"a"}, "a @ http://127.0.0.1/a.zip", "a-1.5"},
		{{"a @ http://127.0.0.1/lost.zip"}, NULL,
			"error: http://127.0.0.1/lost.zip: not there"},
		{{"a @ http://127.0.0.1/a9.zip", "user"}, NULL,
			"error: ResolutionImpossible: for help visit "
			"https://pip.pypa.io/en/latest/topics/dependency-resolution/"
			"#dealing-with-dependency-conflicts"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct world world = {.releases = releases, .places = places};
		const char *const limits[] = {cases[i].constraint, NULL};
		g_autofree char *got = solve_in(&world, NULL, cases[i].wanted, limits);
		g_assert_cmpstr(got, ==, cases[i].expected);
	}
}

/* --- with something installed --- */

struct site {
	char *folder;
	GPtrArray *infos;
	InstalledSet *set;
};

static void
site_add(struct site *site, const char *name, const char *version, const char *headers)
{
	g_autofree char *info = g_strdup_printf("%s/%s-%s.dist-info", site->folder, name, version);
	g_autofree char *file = g_strconcat(info, "/METADATA", NULL);
	g_autofree char *text = g_strdup_printf(
		"Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s", name, version, headers);
	g_assert_cmpint(g_mkdir(info, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
	g_ptr_array_add(site->infos, g_steal_pointer(&file));
	g_ptr_array_add(site->infos, g_steal_pointer(&info));
}

static void
site_scan(struct site *site)
{
	char *nowhere[] = {NULL};
	Python python = {.sys_path = nowhere,
		.prefix = site->folder,
		.scheme = {.purelib = site->folder, .platlib = site->folder}};
	const char *folders[] = {site->folder, NULL};
	site->set = installed_scan(&python, folders, NULL, NULL);
}

static void
site_clear(struct site *site)
{
	installed_free(site->set);
	for (guint i = 0; i < site->infos->len; i++)
		g_assert_cmpint(g_remove(site->infos->pdata[i]), ==, 0);
	g_assert_cmpint(g_rmdir(site->folder), ==, 0);
	g_ptr_array_unref(site->infos);
	g_free(site->folder);
}

static void
test_installed(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: b\n"),
		RELEASE("a", "2.0", "Requires-Dist: b>=1\n"), RELEASE("b", "1.0", NULL),
		RELEASE("b", "2.0", NULL), {0}};
	struct site site = {.folder = g_dir_make_tmp("xpip-test-XXXXXX", NULL),
		.infos = g_ptr_array_new_with_free_func(g_free)};
	site_add(&site, "a", "1.0", "Requires-Dist: b\n");
	site_add(&site, "b", "1.0", "");
	site_scan(&site);
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .installed = site.set};
	check_with(releases, &options, "a", NULL, "b-1.0= a-1.0=");
	check_with(releases, &options, "a>1", NULL, "b-1.0= a-2.0~");
	check_with(releases, &options, "a", "b>=2", "b-2.0~ a-1.0=");
	options.upgrade = UPGRADE_ONLY_IF_NEEDED;
	check_with(releases, &options, "a", NULL, "b-1.0= a-2.0~");
	options.upgrade = UPGRADE_EAGER;
	check_with(releases, &options, "a", NULL, "b-2.0~ a-2.0~");
	options.upgrade = UPGRADE_TO_SATISFY_ONLY;
	options.force_reinstall = true;
	check_with(releases, &options, "a", NULL, "b-2.0~ a-2.0~");
	site_clear(&site);
}

/* What is installed and will do costs no look at the index. */
static void
test_installed_is_offline(void)
{
	static const struct release releases[] = {RELEASE("a", "2.0", NULL), {0}};
	struct site site = {.folder = g_dir_make_tmp("xpip-test-XXXXXX", NULL),
		.infos = g_ptr_array_new_with_free_func(g_free)};
	site_add(&site, "a", "1.0", "");
	site_scan(&site);
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .installed = site.set};
	struct world world = {.releases = releases};
	const char *const wanted[] = {"a", NULL};
	g_autofree char *got = solve_in(&world, &options, wanted, NULL);
	g_assert_cmpstr(got, ==, "a-1.0=");
	g_assert_cmpuint(world.pages_asked, ==, 0);
	site_clear(&site);
}

static void
test_bad_metadata(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", NULL),
		RELEASE("a", "2.0", "Requires-Dist: b => 1\n"),
		RELEASE("a", "3.0", "Requires-Dist: c; nonsense\n"), {0}};
	check(releases, "a", "a-1.0");
}

/* Checks that the sentences are in the log of a run that fails. */
static void
check_reason(const struct release *releases, const char *wanted, const char *reason)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("xpip-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "log", NULL);
	const struct log_options quiet = {.verbosity = -3, .file = path};
	Log *log = log_new(&quiet, &error);
	g_assert_no_error(error);
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .log = log};
	struct world world = {.releases = releases};
	g_auto(GStrv) list = g_strsplit(wanted, "|", -1);
	g_autofree char *got = solve_in(&world, &options, (const char *const *)list, NULL);
	g_assert_true(g_str_has_prefix(got, "error: "));
	log_free(log);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_test_message("%s", text);
	g_assert_nonnull(strstr(text, reason));
	g_assert_cmpint(g_remove(path), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_reasons(void)
{
	static const struct release releases[] = {RELEASE("a", "1.0", "Requires-Dist: c<2\n"),
		RELEASE("a", "2.0", "Requires-Dist: c<2\n"),
		RELEASE("b", "1.0", "Requires-Dist: c>=2\n"),
		RELEASE("d", "1.0", "Requires-Dist: c>7\n"), RELEASE("c", "1.0", NULL),
		RELEASE("c", "2.0", NULL), {.name = "new", .version = "3.0", .python = ">=3.13"},
		{.name = "bad", .version = "1.0", .yanked = ""}, {0}};
	check_reason(releases, "none", "You ask for none, but there is no none to be found.");
	check_reason(releases, "new>1",
		"You ask for new>1, but new 3.0 needs Python >=3.13 and this is Python 3.12.1.");
	check_reason(releases, "bad", "You ask for bad, which only yanked versions meet.");
	check_reason(releases, "b>1", "You ask for b>1, but the only usable version is 1.0.");
	check_reason(releases, "c>2",
		"You ask for c>2, which none of its 2 usable versions meets (the newest is 2.0).");
	check_reason(releases, "d",
		"Because you ask for d and d depends on c>7, which none of its "
		"2 usable versions meets (the newest is 2.0), your requirements "
		"cannot be met.");
	check_reason(releases, "a|b",
		"1. Because every version of a depends on c<2 and b depends on c>=2, a and b "
		"cannot be "
		"used together.");
	check_reason(releases, "a|b",
		"3. Because you ask for b and b cannot be used (2), your "
		"requirements cannot be met.");
}

/* Where pip's search is stopped at once, PubGrub finds the answer; or says that there is none. */
static void
test_solver(void)
{
	static const struct release releases[] = {
		RELEASE("a", "1.0", "Requires-Dist: c<2\n"),
		RELEASE("a", "2.0", "Requires-Dist: b[x]\nRequires-Dist: c<2\n"),
		RELEASE("b", "1.0", "Provides-Extra: x\nRequires-Dist: d; extra == 'x'\n"),
		RELEASE("b", "2.0", "Requires-Dist: c>=2\n"),
		RELEASE("b", "3.0", "Requires-Dist: c>=2\n"),
		RELEASE("c", "1.0", NULL),
		RELEASE("c", "1.5", NULL),
		RELEASE("c", "2.0", NULL),
		RELEASE("d", "1.0b1", NULL),
		RELEASE("d", "2.0", NULL),
		RELEASE("d", "3.0", NULL),
		RELEASE("e", "1.0", "Requires-Dist: d!=2.0\n"),
		RELEASE("f", "1.0", "Requires-Dist: d!=3.0\n"),
		RELEASE("g", "1.0", "Requires-Dist: d>=2\n"),
		{0},
	};
	const struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .max_rounds = 1};
	check_with(releases, &options, "a|c", NULL, "d-3.0 c-1.5 b-1.0[x] a-2.0");
	check_with(releases, &options, "a", "b>1", "c-1.5 a-1.0");
	check_with(releases, &options, "e|f", NULL, "d-1.0b1 f-1.0 e-1.0");
	check(releases, "e|f", "d-1.0b1 f-1.0 e-1.0");
	check_with(releases, &options, "e|f|g", NULL,
		"error: The requirements have conflicting dependencies: no set of versions "
		"satisfies them all");
}

/* An sdist's metadata may be that of a wheel for another platform, if the caller wants that. */
static void
test_assumed(void)
{
	static const struct release releases[] = {
		{.name = "a", .version = "2.0", .sdist = true, .unbuilt = true},
		{.name = "a",
			.version = "2.0",
			.tag = "cp312-cp312-win_amd64",
			.headers = "Requires-Dist: w\n"},
		{.name = "a",
			.version = "2.0",
			.tag = "cp312-cp312-linux_s390x",
			.headers = "Requires-Dist: b\n"},
		{.name = "c", .version = "1.0", .sdist = true, .headers = "Requires-Dist: w\n"},
		{.name = "c",
			.version = "1.0",
			.tag = "cp312-cp312-win_amd64",
			.headers = "Requires-Dist: b\n"},
		RELEASE("b", "1.0", NULL),
		RELEASE("w", "1.0", NULL),
		{0},
	};
	struct log_options quiet = {.verbosity = -3};
	struct python_options own = {0};
	static const char *const platforms[] = {"manylinux_2_17_x86_64", NULL};
	g_autoptr(Log) log = log_new(&quiet, NULL);
	g_autoptr(Python) python = python_find(&own, log, NULL);
	g_assert_nonnull(python);
	g_autoptr(Tags) tags = tags_for_target(python, platforms, "312", NULL, NULL);
	struct resolve_options options = {.uploaded_prior_to = INT64_MIN, .tags = tags};
	check_with(
		releases, &options, "a", NULL, "error: a-2.0.tar.gz: its metadata cannot be had");
	check_with(releases, &options, "c", NULL, "w-1.0 c-1.0");
	options.assume_wheels = true;
	check_with(releases, &options, "a", NULL, "b-1.0 a-2.0");
	/* What can be had from the sdist itself counts more. */
	check_with(releases, &options, "c", NULL, "w-1.0 c-1.0");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/resolve/plain", test_plain);
	g_test_add_func("/resolve/failures", test_failures);
	g_test_add_func("/resolve/extras", test_extras);
	g_test_add_func("/resolve/constraints", test_constraints);
	g_test_add_func("/resolve/prereleases", test_prereleases);
	g_test_add_func("/resolve/yanked", test_yanked);
	g_test_add_func("/resolve/uploaded-prior-to", test_uploaded_prior_to);
	g_test_add_func("/resolve/formats", test_formats);
	g_test_add_func("/resolve/dependency-modes", test_dependency_modes);
	g_test_add_func("/resolve/python", test_ignored_python);
	g_test_add_func("/resolve/urls", test_urls);
	g_test_add_func("/resolve/installed", test_installed);
	g_test_add_func("/resolve/installed-is-offline", test_installed_is_offline);
	g_test_add_func("/resolve/bad-metadata", test_bad_metadata);
	g_test_add_func("/resolve/reasons", test_reasons);
	g_test_add_func("/resolve/solver", test_solver);
	g_test_add_func("/resolve/assumed", test_assumed);
	return g_test_run();
}
