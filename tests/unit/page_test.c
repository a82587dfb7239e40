/* SPDX-License-Identifier: MIT */
/* Pages: which links count, in what order, both formats, the block in the cache. */
#include "lib/error.h"
#include "resolver/simple.h"
#include "resolver/simple_link.h"

#include <string.h>

#define BASE "https://index.example/simple/foo-bar/"

static IndexPage *
page_of(const char *name, const char *const *filenames)
{
	PageBuilder *builder = page_builder_new(name);
	for (; *filenames; filenames++) {
		g_autofree char *url = g_strconcat("https://files.example/", *filenames, NULL);
		struct page_link link = {.filename = *filenames,
			.url = url,
			.source = BASE,
			.size = -1,
			.upload_time = INT64_MIN};
		page_builder_add(builder, &link);
	}
	return page_builder_finish(builder);
}

/* "version: file file; version: file", as the page has them. */
static char *
summary(const IndexPage *page)
{
	GString *text = g_string_new(NULL);
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		g_string_append_printf(
			text, "%s%s:", i ? "; " : "", version_text(page_version(page, i)));
		for (uint32_t k = 0; k < release->count; k++)
			g_string_append_printf(text, " %s",
				page_text(page, page_file(page, release->first + k)->filename));
	}
	return g_string_free(text, FALSE);
}

static void
test_names(void)
{
	static const struct {
		const char *name, *filename, *version; /* NULL: no file of the project */
	} cases[] = {
		{"foo", "foo-1.0-py3-none-any.whl", "1.0"},
		{"foo", "FOO-1.0-py3-none-any.whl", "1.0"},
		{"foo-bar", "foo_bar-1.0-py3-none-any.whl", "1.0"},
		{"foo-bar", "foo.bar-1.0-py3-none-any.whl", "1.0"},
		{"foo-bar", "Foo_Bar-1.0-1build-cp311-cp311-linux_x86_64.whl", "1.0"},
		{"foo-bar", "foo_bar-1.0-cp311.cp312-abi3.none-a.b.whl", "1.0"},
		{"foo-bar", "foo-bar-1.0-py3-none-any.whl", NULL},
		{"foo-bar", "foo__bar-1.0-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-py3-none.whl", NULL},
		{"foo", "foo-1.0-build-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-3py-none-any.whl", NULL},
		{"foo", "foo-1.0-py3..py4-none-any.whl", NULL},
		{"foo", "foo--py3-none-any.whl", NULL},
		{"foo", "foo-bad-py3-none-any.whl", NULL},
		{"foo", "foobar-1.0-py3-none-any.whl", NULL},
		{"foo", "fo-1.0-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-py3-none-any.WHL", NULL},
		{"foo", "foo-1.0-1-2-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-1/../../x-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-1\\x-py3-none-any.whl", NULL},
		{"foo", "foo-1.0-1\n-py3-none-any.whl", NULL},
		{"foo", "../foo-1.0.tar.gz", NULL},
		{"foo", "foo-1.0/x.tar.gz", NULL},
		{"foo", "foo", NULL},
		{"foo", "", NULL},
		{"foo", ".whl", NULL},
		{"foo", "foo-.whl", NULL},
		{"foo", "foo-1.0.tar.gz", "1.0"},
		{"foo", "foo-1.0.zip", "1.0"},
		{"foo", "foo-1.0.tar.bz2", "1.0"},
		{"foo", "foo-1.0.tgz", "1.0"},
		{"foo-bar", "foo-bar-1.0.tar.gz", "1.0"},
		{"foo-bar", "foo_bar-1.0.tar.gz", "1.0"},
		{"foo-bar", "Foo.-_Bar-1.0.tar.gz", "1.0"},
		{"foo", "foo-1.0-1.tar.gz", "1.0.post1"},
		{"foo", "foo-bar-1.0.tar.gz", NULL},
		{"foo", "foo-.tar.gz", NULL},
		{"foo", "foo.tar.gz", NULL},
		{"foo", "foo-1.0.exe", NULL},
		{"foo", "foo-1.0.egg", NULL},
		{"foo", "foo-1.0", NULL},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const files[] = {cases[i].filename, NULL};
		g_autoptr(IndexPage) page = page_of(cases[i].name, files);
		g_test_message("%s", cases[i].filename);
		g_assert_cmpuint(page_file_count(page), ==, cases[i].version ? 1 : 0);
		if (!cases[i].version)
			continue;
		g_autoptr(Version) expected = version_parse_string(cases[i].version);
		g_assert_cmpint(version_compare(page_version(page, 0), expected), ==, 0);
	}
}

static void
test_order(void)
{
	static const char *const files[] = {"foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl",
		"foo-1.0-py3-none-any.whl", "foo-bad-py3-none-any.whl", "foo-1.10.tar.gz",
		"foo-2.0rc1.tar.gz", "foo-1.0.0-py2-none-any.whl", "other-9.tar.gz",
		"foo-2.0.tar.gz", NULL};
	g_autoptr(IndexPage) page = page_of("foo", files);
	g_autofree char *text = summary(page);
	g_assert_cmpstr(text, ==,
		"2.0: foo-2.0-py3-none-any.whl foo-2.0.tar.gz; 2.0rc1: foo-2.0rc1.tar.gz; "
		"1.10: foo-1.10.tar.gz; 1.0: foo-1.0.tar.gz foo-1.0-py3-none-any.whl "
		"foo-1.0.0-py2-none-any.whl");
	/* Merged behind another page: the same order, later links later. */
	static const char *const more[] = {"foo-3.0.tar.gz", "foo-1.0-cp311-none-any.whl", NULL};
	g_autoptr(IndexPage) second = page_of("foo", more);
	PageBuilder *builder = page_builder_new("foo");
	page_builder_add_page(builder, page);
	page_builder_add_page(builder, second);
	g_autoptr(IndexPage) merged = page_builder_finish(builder);
	g_autofree char *both = summary(merged);
	g_assert_cmpstr(both, ==,
		"3.0: foo-3.0.tar.gz; 2.0: foo-2.0-py3-none-any.whl foo-2.0.tar.gz; "
		"2.0rc1: foo-2.0rc1.tar.gz; 1.10: foo-1.10.tar.gz; 1.0: foo-1.0.tar.gz "
		"foo-1.0-py3-none-any.whl foo-1.0.0-py2-none-any.whl foo-1.0-cp311-none-any.whl");
	static const char *const none[] = {NULL};
	g_autoptr(IndexPage) empty = page_of("foo", none);
	g_assert_cmpuint(page_release_count(empty), ==, 0);
	g_assert_cmpstr(page_name(empty), ==, "foo");
	g_assert_cmpstr(page_status(empty), ==, "active");
}

/* --- JSON ---------------------------------------------------------------------------------- */

static IndexPage *
parse_json(const char *text, GError **error)
{
	PageBuilder *builder = page_builder_new("foo-bar");
	bool ok = simple_parse_json(builder, text, strlen(text), BASE, error);
	IndexPage *page = page_builder_finish(builder);
	if (!ok)
		g_clear_pointer(&page, page_free);
	return page;
}

#define CHECK_TEXT(field, expected)                                                                \
	g_assert_cmpstr(page_text(page, page_file(page, 0)->field), ==, expected)

static void
test_json(void)
{
	static const char text[] =
		"{\"meta\": {\"api-version\": \"1.4\", \"more\": 1}, \"name\": \"foo-bar\", "
		"\"project-status\": {\"status\": \"archived\", \"reason\": \"done\"}, "
		"\"versions\": [\"1.0\"], \"files\": [{\"filename\": "
		"\"foo_bar-1.0-py3-none-any.whl\", \"url\": "
		"\"../../f/foo_bar-1.0-py3-none-any.whl\", "
		"\"hashes\": {\"md5\": \"00\", \"sha256\": \"ab\"}, \"requires-python\": "
		"\">=3.8\", "
		"\"size\": 1234, \"upload-time\": \"2024-02-29T12:34:56.123456Z\", "
		"\"yanked\": \"b\\u00f6se\", \"core-metadata\": {\"sha256\": \"cd\"}}]}";
	g_autoptr(GError) error = NULL;
	g_autoptr(IndexPage) page = parse_json(text, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page_file_count(page), ==, 1);
	const struct index_file *file = page_file(page, 0);
	CHECK_TEXT(filename, "foo_bar-1.0-py3-none-any.whl");
	CHECK_TEXT(url, "https://index.example/f/foo_bar-1.0-py3-none-any.whl");
	CHECK_TEXT(requires_python, ">=3.8");
	CHECK_TEXT(yanked, "b\xc3\xb6se");
	CHECK_TEXT(hash_name, "sha256");
	CHECK_TEXT(hash, "ab");
	CHECK_TEXT(extra_hashes, "md5=00");
	CHECK_TEXT(metadata_hash, "sha256=cd");
	CHECK_TEXT(source, BASE);
	g_assert_cmpint(file->kind, ==, FILE_WHEEL);
	g_assert_cmpint(file->has_metadata, ==, 1);
	g_assert_cmpint(file->local, ==, 0);
	g_assert_cmpint(file->size, ==, 1234);
	g_assert_cmpint(file->upload_time, ==, 1709210096123456);
	g_assert_cmpstr(page_status(page), ==, "archived");
	g_assert_cmpstr(page_status_reason(page), ==, "done");
}

/* One file whose JSON has `member` in it. */
static IndexPage *
parse_member(const char *member)
{
	g_autofree char *text =
		g_strdup_printf("{\"files\": [{\"filename\": \"foo-bar-1.0.tar.gz\", "
				"\"url\": \"https://f.example/x.tar.gz\"%s%s}]}",
			*member ? ", " : "", member);
	g_autoptr(GError) error = NULL;
	IndexPage *page = parse_json(text, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page_file_count(page), ==, 1);
	return page;
}

static void
test_json_members(void)
{
	static const struct {
		const char *member, *yanked, *metadata, *python;
		int64_t size, time;
	} cases[] = {
		{"", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"yanked\": false", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"yanked\": true", "", NULL, NULL, -1, INT64_MIN},
		{"\"yanked\": \"\"", NULL, NULL, NULL, -1, INT64_MIN}, /* as pip: falsy */
		{"\"yanked\": null", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"core-metadata\": true", NULL, "", NULL, -1, INT64_MIN},
		{"\"core-metadata\": false", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"core-metadata\": {}", NULL, "", NULL, -1, INT64_MIN},
		{"\"core-metadata\": {\"md5\": \"x\"}", NULL, "", NULL, -1, INT64_MIN},
		{"\"dist-info-metadata\": {\"sha256\": \"x\"}", NULL, "sha256=x", NULL, -1,
			INT64_MIN},
		{"\"core-metadata\": false, \"dist-info-metadata\": true", NULL, NULL, NULL, -1,
			INT64_MIN},
		{"\"requires-python\": null", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"requires-python\": 3", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"requires-python\": \"<4\"", NULL, NULL, "<4", -1, INT64_MIN},
		{"\"size\": 0", NULL, NULL, NULL, 0, INT64_MIN},
		{"\"size\": -5", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"size\": 1e3", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"size\": 18446744073709551615", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"size\": 1, \"size\": 2", NULL, NULL, NULL, 1, INT64_MIN},
		{"\"upload-time\": \"1970-01-01T00:00:00Z\"", NULL, NULL, NULL, -1, 0},
		{"\"upload-time\": \"1970-01-01T00:00:00.5Z\"", NULL, NULL, NULL, -1, 500000},
		{"\"upload-time\": \"1970-01-01T01:00:00+01:00\"", NULL, NULL, NULL, -1, 0},
		{"\"upload-time\": \"yesterday\"", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"upload-time\": 7", NULL, NULL, NULL, -1, INT64_MIN},
		{"\"hashes\": [], \"url\": 5", NULL, NULL, NULL, -1, INT64_MIN},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].member);
		g_autoptr(IndexPage) page = parse_member(cases[i].member);
		CHECK_TEXT(yanked, cases[i].yanked);
		CHECK_TEXT(metadata_hash, cases[i].metadata);
		CHECK_TEXT(requires_python, cases[i].python);
		g_assert_cmpint(page_file(page, 0)->has_metadata, ==, cases[i].metadata != NULL);
		g_assert_cmpint(page_file(page, 0)->size, ==, cases[i].size);
		g_assert_cmpint(page_file(page, 0)->upload_time, ==, cases[i].time);
	}
}

static void
test_json_bad(void)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "JSON"},
		{"{", "JSON"},
		{"{\"files\": [}", "JSON"},
		{"[]", "no files"},
		{"{}", "no files"},
		{"{\"files\": {}}", "no files"},
		{"\"files\"", "no files"},
		{"{\"meta\": {\"api-version\": \"2.0\"}, \"files\": []}", "version 2.0"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(parse_json(cases[i].text, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_nonnull(strstr(error->message, cases[i].part));
		g_assert_nonnull(strstr(error->message, BASE));
	}
	/* Too deep, and rows that are no files. */
	g_autoptr(GString) deep = g_string_new("{\"files\": ");
	for (int i = 0; i < 100000; i++)
		g_string_append_c(deep, '[');
	g_autoptr(GError) error = NULL;
	g_assert_null(parse_json(deep->str, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	g_autoptr(IndexPage) page = parse_json("{\"files\": [1, null, [], {}, {\"filename\": 1}, "
					       "{\"filename\": \"foo-bar-1.tar.gz\"}, "
					       "{\"filename\": \"a\", \"url\": \"b\"}]}",
		NULL);
	g_assert_nonnull(page);
	g_assert_cmpuint(page_file_count(page), ==, 0);
}

/* --- HTML ---------------------------------------------------------------------------------- */

static IndexPage *
parse_html(const char *text, const char *charset, GError **error)
{
	PageBuilder *builder = page_builder_new("foo-bar");
	bool ok = simple_parse_html(builder, text, strlen(text), BASE, charset, error);
	IndexPage *page = page_builder_finish(builder);
	if (!ok)
		g_clear_pointer(&page, page_free);
	return page;
}

static void
test_html(void)
{
	static const struct {
		const char *text, *url, *hash, *python, *yanked, *metadata;
	} cases[] = {
		{"<a href=\"foo_bar-1.tar.gz\">", BASE "foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<A HREF='/f/foo_bar-1.tar.gz#sha256=ab'>x</A>",
			"https://index.example/f/foo_bar-1.tar.gz", "ab", NULL, NULL, NULL},
		{"<a href=foo_bar-1.tar.gz#md5=cd>", BASE "foo_bar-1.tar.gz", "cd", NULL, NULL,
			NULL},
		{"<a href=\"foo_bar-1.tar.gz#md5=cd&amp;sha256=ef\">", BASE "foo_bar-1.tar.gz",
			"ef", NULL, NULL, NULL},
		{"<a data-requires-python=\"&gt;=3, &lt;4\" href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, ">=3, <4", NULL, NULL},
		{"<a data-yanked href=\"foo_bar-1.tar.gz\">", BASE "foo_bar-1.tar.gz", NULL, NULL,
			"", NULL},
		{"<a data-yanked=\"why &#38; &#x27;how&#39;\" href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, NULL, "why & 'how'", NULL},
		{"<a data-core-metadata=\"sha256=aa\" href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, NULL, NULL, "sha256=aa"},
		{"<a data-dist-info-metadata=\"true\" href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, NULL, NULL, ""},
		{"<a data-core-metadata=\"false\" href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<base href=\"https://b.example/d/\"><a href=\"foo_bar-1.tar.gz\">",
			"https://b.example/d/foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<base href=\"/d/\"><base href=\"/e/\"><a href=\"foo_bar-1.tar.gz\">",
			"https://index.example/d/foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<!-- <a href=\"foo_bar-2.tar.gz\"> --><a href=\"foo_bar-1.tar.gz\">",
			BASE "foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<a href=\"  foo_bar-1.tar.gz\n\">", BASE "foo_bar-1.tar.gz", NULL, NULL, NULL,
			NULL},
		{"<a href=\"foo_bar-1%2Bx.tar.gz\">", BASE "foo_bar-1%2Bx.tar.gz", NULL, NULL, NULL,
			NULL},
		{"<a href=\"../../x/../f/foo_bar-1.tar.gz\">",
			"https://index.example/f/foo_bar-1.tar.gz", NULL, NULL, NULL, NULL},
		{"<meta name=\"pypi:repository-version\" content=\"1.9\"><a "
		 "href=\"foo_bar-1.tar.gz?x=1\">",
			BASE "foo_bar-1.tar.gz?x=1", NULL, NULL, NULL, NULL},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].text);
		g_autoptr(GError) error = NULL;
		g_autoptr(IndexPage) page = parse_html(cases[i].text, NULL, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(page_file_count(page), ==, 1);
		CHECK_TEXT(url, cases[i].url);
		CHECK_TEXT(hash, cases[i].hash);
		CHECK_TEXT(requires_python, cases[i].python);
		CHECK_TEXT(yanked, cases[i].yanked);
		CHECK_TEXT(metadata_hash, cases[i].metadata);
	}
}

static void
test_html_bad(void)
{
	static const char *const empty[] = {"", "<", "<a", "<a href", "<a href=", "<a href=\"",
		"<a href=\"foo_bar-1.tar.gz", "<a>", "<a href=\"\">", "<a href=\"#\">", "<!--",
		"<a href=\"file:///foo_bar-1.tar.gz\">", "<a href=\"javascript:foo_bar-1.tar.gz\">",
		"<a href=\"foo_bar-1%2f..%2f.tar.gz\">", "<a href=\"foo_bar-1%00.tar.gz\">",
		"<base href><a href=x>", "&#", "<a href=\"&#xffffffffff;\">"};
	for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(IndexPage) page = parse_html(empty[i], NULL, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(page_file_count(page), ==, 0);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(parse_html(
		"<meta name=\"pypi:repository-version\" content=\"2.0\">", NULL, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	/* Other encodings: Latin-1 by the transport, by default where it is no UTF-8. */
	static const char *const charsets[] = {"iso-8859-1", NULL, "no-such-charset"};
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
		g_autoptr(IndexPage) page = parse_html(
			"<a data-yanked=\"\xfc\" href=\"foo_bar-1.tar.gz\">", charsets[i], NULL);
		g_assert_nonnull(page);
		g_assert_true(
			g_utf8_validate(page_text(page, page_file(page, 0)->yanked), -1, NULL));
	}
}

/* --- links --------------------------------------------------------------------------------- */

/* The quick way agrees with the careful one wherever it answers. */
static void
test_links(void)
{
	static const char *const bases[] = {BASE, "https://h/", "https://h", "https://h/a",
		"http://h/a/b?q=/x/", "file:///d/index.html"};
	static const char *const urls[] = {"https://x/y", "http://x/y", "a", "a/b", "../a",
		"../../a", "../../../a", "../../../../a", "/a", "//x/a", "./a", "a/../b", "a/./b",
		"a/..", "..", "../", "", "a?b", "a#b", " a", "a:b", "a b", "https://x/../y", "a..b",
		"%2e%2e/a", "mailto:x", "\\a"};
	g_autoptr(GString) room = g_string_new(NULL);
	unsigned quick_answers = 0;
	for (size_t b = 0; b < G_N_ELEMENTS(bases); b++) {
		for (size_t u = 0; u < G_N_ELEMENTS(urls); u++) {
			const char *quick = link_resolve_quick(bases[b], urls[u], room);
			g_autofree char *fragment = NULL,
					*careful = link_resolve(bases[b], urls[u], &fragment);
			if (!quick)
				continue;
			g_test_message("%s + %s", bases[b], urls[u]);
			g_assert_cmpstr(quick, ==, careful);
			quick_answers++;
		}
	}
	g_assert_cmpuint(quick_answers, >, 20);
}

static void
test_times(void)
{
	/* Every month's ends over some years, against GLib. */
	for (int year = 1970; year < 2110; year++) {
		for (int month = 1; month <= 12; month++) {
			int last = g_date_get_days_in_month((GDateMonth)month, (GDateYear)year);
			for (int day = 1; day <= last; day += last - 1) {
				g_autofree char *text = g_strdup_printf(
					"%04d-%02d-%02dT23:59:58.000001Z", year, month, day);
				g_autoptr(GDateTime) time =
					g_date_time_new_utc(year, month, day, 23, 59, 58);
				g_assert_cmpint(link_time(text), ==,
					g_date_time_to_unix(time) * 1000000 + 1);
			}
		}
	}
	static const char *const bad[] = {"2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
		"2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-00-01T00:00:00Z", "",
		"2023-01-00T00:00:00Z", "2023-01-01T00:00:00ZZ", "2023"};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(link_time(bad[i]), ==, INT64_MIN);
	g_assert_cmpint(link_time(NULL), ==, INT64_MIN);
}

/* --- the cache block ----------------------------------------------------------------------- */

/* Touches everything. */
static size_t
walk(const IndexPage *page)
{
	size_t sum = strlen(page_name(page)) + strlen(page_status(page));
	for (size_t i = 0; i < page_release_count(page); i++) {
		const struct index_release *release = page_release(page, i);
		sum += strlen(version_text(page_version(page, i)));
		for (uint32_t k = 0; k < release->count; k++) {
			const struct index_file *f = page_file(page, release->first + k);
			const uint32_t texts[] = {f->filename, f->url, f->requires_python,
				f->yanked, f->hash_name, f->hash, f->metadata_hash, f->source,
				f->extra_hashes};
			for (size_t t = 0; t < G_N_ELEMENTS(texts); t++)
				sum += texts[t] ? strlen(page_text(page, texts[t])) : 0;
		}
	}
	return sum;
}

static void
test_block(void)
{
	static const char *const files[] = {
		"foo-1.0.tar.gz", "foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz", NULL};
	g_autoptr(IndexPage) page = page_of("foo", files);
	g_autoptr(GBytes) block = page_serialize(page);
	gsize length;
	const char *bytes = g_bytes_get_data(block, &length);
	g_autoptr(IndexPage) again = page_from_bytes(block);
	g_assert_nonnull(again);
	g_autofree char *before = summary(page), *after = summary(again);
	g_assert_cmpstr(before, ==, after);
	for (gsize cut = 0; cut < length; cut++) {
		g_autoptr(GBytes) part = g_bytes_new(bytes, cut);
		g_assert_null(page_from_bytes(part));
	}
	/* A damaged block is refused or harmless. */
	g_autofree char *copy = g_memdup2(bytes, length);
	size_t refused = 0;
	for (gsize i = 0; i < length; i++) {
		static const unsigned char masks[] = {0x01, 0x80, 0xff};
		for (size_t m = 0; m < G_N_ELEMENTS(masks); m++) {
			copy[i] = (char)(bytes[i] ^ masks[m]);
			g_autoptr(GBytes) damaged = g_bytes_new(copy, length);
			g_autoptr(IndexPage) other = page_from_bytes(damaged);
			refused += !other;
			if (other)
				g_assert_cmpuint(walk(other), >, 0);
		}
		copy[i] = bytes[i];
	}
	g_assert_cmpuint(refused, >, 100);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/page/names", test_names);
	g_test_add_func("/page/order", test_order);
	g_test_add_func("/page/json", test_json);
	g_test_add_func("/page/json-members", test_json_members);
	g_test_add_func("/page/json-bad", test_json_bad);
	g_test_add_func("/page/html", test_html);
	g_test_add_func("/page/html-bad", test_html_bad);
	g_test_add_func("/page/links", test_links);
	g_test_add_func("/page/times", test_times);
	g_test_add_func("/page/block", test_block);
	return g_test_run();
}
