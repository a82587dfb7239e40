/* SPDX-License-Identifier: MIT */
/* direct_url.json: the bytes that pip writes, the errors that it reports. */
#include "lib/error.h"
#include "wheel/directurl.h"

#include <string.h>

static const struct {
	const char *url;
	bool folder, editable;
	const char *commit, *sha256;
	const char *json, *requirement;
} links[] = {
	{"https://host/x-1.tar.gz#sha256=ab12", false, false, NULL, "ffff",
		"{\"archive_info\": {\"hash\": \"sha256=ab12\", \"hashes\": {\"sha256\": "
		"\"ab12\"}}, \"url\": \"https://host/x-1.tar.gz\"}",
		"x @ https://host/x-1.tar.gz#sha256=ab12"},
	{"https://user:word@host/x-1.zip#egg=x&subdirectory=a%20b", false, false, NULL, "cd34",
		"{\"archive_info\": {\"hash\": \"sha256=cd34\", \"hashes\": {\"sha256\": "
		"\"cd34\"}}, \"subdirectory\": \"a%20b\", \"url\": \"https://host/x-1.zip\"}",
		"x @ https://user:word@host/x-1.zip#sha256=cd34&subdirectory=a%20b"},
	{"file:///tmp/x", true, false, NULL, NULL, "{\"dir_info\": {}, \"url\": \"file:///tmp/x\"}",
		"x @ file:///tmp/x"},
	{"file:///tmp/x", true, true, NULL, NULL,
		"{\"dir_info\": {\"editable\": true}, \"url\": \"file:///tmp/x\"}",
		"x @ file:///tmp/x"},
	{"git+ssh://git@host/x.git@v1#egg=x", false, false, "0123", NULL,
		"{\"url\": \"ssh://git@host/x.git\", \"vcs_info\": {\"commit_id\": \"0123\", "
		"\"requested_revision\": \"v1\", \"vcs\": \"git\"}}",
		"x @ git+ssh://git@host/x.git@0123"},
	{"hg+https://${U}:${P}@host/x", false, false, "0123", NULL,
		"{\"url\": \"https://${U}:${P}@host/x\", \"vcs_info\": {\"commit_id\": \"0123\", "
		"\"vcs\": \"hg\"}}",
		"x @ hg+https://${U}:${P}@host/x@0123"},
};

static void
test_links(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
		g_autoptr(DirectUrl) url = directurl_for_link(links[i].url, links[i].folder,
			links[i].editable, links[i].commit, links[i].sha256);
		g_autofree char *json = directurl_json(url);
		g_autofree char *requirement = directurl_requirement(url, "x");
		g_assert_cmpstr(json, ==, links[i].json);
		g_assert_cmpstr(requirement, ==, links[i].requirement);
		g_autoptr(GError) error = NULL;
		g_autoptr(DirectUrl) back = directurl_parse(json, strlen(json), &error);
		g_assert_no_error(error);
		g_autofree char *again = directurl_json(back);
		g_assert_cmpstr(again, ==, json);
	}
}

/* The installation report keeps the order of the fields. */
static void
test_unsorted(void)
{
	g_autoptr(JsonWriter) writer = json_writer_new(0);
	g_autoptr(DirectUrl) url =
		directurl_for_link("git+https://host/x@main", false, false, "01", NULL);
	directurl_write(url, writer, false);
	g_autofree char *text = json_writer_take(writer);
	g_assert_cmpstr(text, ==,
		"{\"url\": \"https://host/x\", \"vcs_info\": {\"vcs\": \"git\", \"commit_id\": "
		"\"01\", \"requested_revision\": \"main\"}}");
}

static void
test_hashes(void)
{
	static const char text[] =
		"{\"url\": \"https://h/x.zip\", \"archive_info\": {\"hash\": \"sha256=1\", "
		"\"hashes\": {\"sha512\": \"2\", \"md5\": \"3\", \"sha256\": \"1\"}}}";
	g_autoptr(GError) error = NULL;
	g_autoptr(DirectUrl) url = directurl_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	g_autofree char *json = directurl_json(url);
	g_assert_cmpstr(json, ==,
		"{\"archive_info\": {\"hash\": \"sha512=2\", \"hashes\": {\"md5\": \"3\", "
		"\"sha256\": \"1\", \"sha512\": \"2\"}}, \"url\": \"https://h/x.zip\"}");
}

static void
test_errors(void)
{
	static const char *const bad[][2] = {{"[]", "not an object"},
		{"{}", "Missing required value in 'url'"},
		{"{\"url\": 1}", "Unexpected type int (expected str) in 'url'"},
		{"{\"url\": \"x\"}",
			"Exactly one of vcs_info, archive_info, dir_info must be present"},
		{"{\"url\": \"file:///x\", \"dir_info\": {}, \"archive_info\": {}}",
			"Exactly one of vcs_info, archive_info, dir_info must be present"},
		{"{\"url\": \"https://h\", \"dir_info\": {}}",
			"URL scheme must be file:// when dir_info is present in 'url'"},
		{"{\"url\": \"x\", \"vcs_info\": {\"vcs\": \"git\"}}",
			"Missing required value in 'vcs_info.commit_id'"},
		{"{\"url\": \"x\", \"dir_info\": {\"editable\": 1}}",
			"Unexpected type int (expected bool) in 'dir_info.editable'"},
		{"{\"url\": \"x\", \"archive_info\": {\"hash\": \"a\"}}",
			"Invalid hash format (expected '<algorithm>=<hash>') in "
			"'archive_info.hash'"},
		{"{\"url\": \"x\", \"archive_info\": {\"hash\": \"a=1\", \"hashes\": {\"a\": "
		 "\"2\"}}}",
			"Algorithm 'a' used in hash field has different value in hashes field in "
			"'archive_info.hash'"}};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(directurl_parse(bad[i][0], strlen(bad[i][0]), &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_cmpstr(error->message, ==, bad[i][1]);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/directurl/links", test_links);
	g_test_add_func("/directurl/unsorted", test_unsorted);
	g_test_add_func("/directurl/hashes", test_hashes);
	g_test_add_func("/directurl/errors", test_errors);
	return g_test_run();
}
