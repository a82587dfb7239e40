/* SPDX-License-Identifier: MIT */
/* Checkouts of repositories made here; nothing leaves the machine. Mercurial and Subversion are
 * skipped where they are not installed. */
#include "lib/error.h"
#include "lib/fs.h"
#include "wheel/vcs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct box {
	Log *log;
	Loop *loop;
	char *folder, *repo, *into;
	struct vcs_options options;
};

/* Runs a shell script in the box; returns the last line of its output. */
static char *
shell(const struct box *box, const char *script)
{
	g_autofree char *out = NULL;
	int status = 0;
	g_autoptr(GError) error = NULL;
	const char *argv[] = {"sh", "-ec", script, NULL};
	g_assert_true(g_spawn_sync(box->folder, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
		NULL, &out, NULL, &status, &error));
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
	g_strchomp(out);
	char *line = strrchr(out, '\n');
	return g_strdup(line ? line + 1 : out);
}

static void
open_box(struct box *box)
{
	g_autoptr(GError) error = NULL;
	memset(box, 0, sizeof *box);
	box->log = log_new(&(struct log_options){.verbosity = -5}, &error);
	box->loop = loop_new(&error);
	g_assert_no_error(error);
	box->folder = fs_temp_dir("xpip-test-", &error);
	box->repo = g_build_filename(box->folder, "repo", NULL);
	box->into = g_build_filename(box->folder, "a", "b", "checkout", NULL);
	box->options = (struct vcs_options){.log = box->log, .loop = box->loop, .no_input = true};
	g_setenv("GIT_CONFIG_GLOBAL", "/dev/null", TRUE);
	g_setenv("HOME", box->folder, TRUE);
	static const char *const names[] = {"AUTHOR", "COMMITTER"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *name = g_strdup_printf("GIT_%s_NAME", names[i]);
		g_autofree char *mail = g_strdup_printf("GIT_%s_EMAIL", names[i]);
		g_setenv(name, "test", TRUE);
		g_setenv(mail, "test@example.org", TRUE);
	}
}

static void
close_box(struct box *box)
{
	g_assert_true(fs_remove_tree(box->folder, NULL));
	g_free(box->folder);
	g_free(box->repo);
	g_free(box->into);
	loop_free(box->loop);
	log_free(box->log);
}

static void
expect_file(const struct box *box, const char *wanted)
{
	g_autofree char *path = g_build_filename(box->into, "file", NULL);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(g_strchomp(text), ==, wanted);
}

static void
make_git(const struct box *box)
{
	g_free(shell(box, "git init -q -b main repo; cd repo; echo one >file; mkdir sub; "
			  "touch sub/setup.py; git add .; git commit -qm one; git tag v1; "
			  "git checkout -qb side; echo side >file; git commit -qam side; "
			  "git update-ref refs/pull/1 HEAD; "
			  "git checkout -q main; echo two >file; git commit -qam two"));
}

static void
check(struct box *box, const char *revision, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *url = g_strdup_printf("git+file://%s%s%s#egg=x", box->repo,
		revision ? "@" : "", revision ? revision : "");
	g_autofree char *commit = NULL;
	g_assert_true(vcs_is_url(url));
	vcs_checkout(&box->options, url, box->into, &commit, &error);
	g_assert_no_error(error);
	expect_file(box, text);
	g_autofree char *script = g_strdup_printf("git -C '%s' rev-parse HEAD", box->into);
	g_autofree char *wanted = shell(box, script);
	g_assert_cmpstr(commit, ==, wanted);
	g_assert_true(fs_remove_tree(box->into, NULL));
}

static void
test_git(void)
{
	struct box box;
	open_box(&box);
	make_git(&box);
	check(&box, NULL, "two");
	check(&box, "main", "two");
	check(&box, "v1", "one");
	check(&box, "side", "side");
	check(&box, "refs/pull/1", "side");
	g_autofree char *commit = shell(&box, "git -C repo rev-parse v1");
	check(&box, commit, "one");
	g_autofree char *brief = g_strndup(commit, 10);
	check(&box, brief, "one");
	close_box(&box);
}

static void
test_update(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	g_autofree char *commit = NULL;
	open_box(&box);
	make_git(&box);
	g_autofree char *url = g_strdup_printf("git+file://%s@main", box.repo);
	g_assert_true(vcs_update(&box.options, url, box.into, &commit, &error));
	g_free(shell(&box, "cd repo; echo three >file; git commit -qam three"));
	g_free(g_steal_pointer(&commit));
	g_assert_true(vcs_update(&box.options, url, box.into, &commit, &error));
	g_assert_no_error(error);
	expect_file(&box, "three");

	/* the way back, from the top and from a project below */
	const char *kind = NULL;
	g_autofree char *text = NULL, *below = NULL;
	g_autofree char *sub = g_build_filename(box.into, "sub", NULL);
	g_autofree char *wanted = g_strdup_printf("git+file://%s@%s#egg=a_b", box.repo, commit);
	g_assert_cmpint(
		vcs_requirement(&box.options, box.into, "a-b", &text, &kind), ==, VCS_FOUND);
	g_assert_cmpstr(text, ==, wanted);
	g_assert_cmpstr(kind, ==, "git");
	g_assert_cmpint(vcs_requirement(&box.options, sub, "a-b", &below, &kind), ==, VCS_FOUND);
	g_assert_true(g_str_has_suffix(below, "#egg=a_b&subdirectory=sub"));
	g_assert_cmpint(
		vcs_requirement(&box.options, box.repo, "x", &text, &kind), ==, VCS_NO_REMOTE);
	g_assert_cmpint(vcs_requirement(&box.options, "/", "x", &text, &kind), ==, VCS_NONE);
	close_box(&box);
}

static void
test_exists(void)
{
	static const char *const actions[] = {"i", "w", "b", "s", "a", NULL};
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		struct box box;
		g_autoptr(GError) error = NULL;
		g_autofree char *commit = NULL;
		const char *list[] = {"x", actions[i], NULL};
		open_box(&box);
		make_git(&box);
		g_free(shell(&box, "cp -r repo other; git clone -q other a/b/checkout; "
				   "git -C a/b/checkout reset -q --hard v1"));
		box.options.exists_action = list;
		g_autofree char *url = g_strdup_printf("git+file://%s@main", box.repo);
		bool ok = vcs_update(&box.options, url, box.into, &commit, &error);
		g_assert_true(ok == (i < 4));
		expect_file(&box, i == 1 || i == 2 ? "two" : "one");
		g_autofree char *backup = g_strconcat(box.into, ".bak", NULL);
		g_assert_true(g_file_test(backup, G_FILE_TEST_IS_DIR) == (i == 2));
		g_autofree char *remote =
			shell(&box, "git -C a/b/checkout config remote.origin.url");
		g_autofree char *file_url = g_strconcat("file://", box.repo, NULL);
		g_assert_true(!strcmp(remote, file_url) == (i > 0 && i < 4));
		close_box(&box);
	}
}

static void
test_refused(void)
{
	struct box box;
	open_box(&box);
	make_git(&box);
	static const char *const revisions[] = {
		"@--upload-pack=x", "@-x", "@a%0ab", "@a%e2%80%a8b", "@"};
	for (size_t i = 0; i < G_N_ELEMENTS(revisions); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *url = g_strdup_printf("git+file://%s%s", box.repo, revisions[i]);
		g_autofree char *commit = NULL;
		g_assert_false(vcs_checkout(&box.options, url, box.into, &commit, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_assert_false(g_file_test(box.into, G_FILE_TEST_EXISTS));
	}
	static const char *const urls[] = {"git+ext://sh -c x", "git+ssh://-oProxyCommand=x/y",
		"https://host/x", "git+git@host:x", "hg+bzr://x/y"};
	for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *commit = NULL;
		g_assert_false(vcs_checkout(&box.options, urls[i], box.into, &commit, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *commit = NULL;
	g_autofree char *none = g_strdup_printf("git+file://%s-none", box.repo);
	g_assert_false(vcs_checkout(&box.options, none, box.into, &commit, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_SILENT);
	close_box(&box);
}

static bool
lacks(const char *program)
{
	g_autofree char *found = g_find_program_in_path(program);
	if (!found)
		g_test_skip("not installed");
	return !found;
}

static void
test_hg(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	g_autofree char *commit = NULL, *text = NULL;
	const char *kind;
	if (lacks("hg"))
		return;
	open_box(&box);
	g_autofree char *first = shell(&box,
		"hg init repo; cd repo; echo one >file; hg add -q file; hg commit -qm one -u test; "
		"hg tag -u test v1; echo two >file; hg commit -qm two -u test; "
		"hg log -r v1 --template '{node}'");
	g_autofree char *url = g_strdup_printf("hg+file://%s@v1", box.repo);
	vcs_checkout(&box.options, url, box.into, &commit, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(commit, ==, first);
	expect_file(&box, "one");
	g_assert_cmpint(vcs_requirement(&box.options, box.into, "x", &text, &kind), ==, VCS_FOUND);
	g_autofree char *wanted = g_strdup_printf("hg+file://%s@%s#egg=x", box.repo, first);
	g_assert_cmpstr(text, ==, wanted);
	g_autofree char *tip = g_strdup_printf("hg+file://%s", box.repo);
	g_free(g_steal_pointer(&commit));
	vcs_update(&box.options, tip, box.into, &commit, &error);
	g_assert_no_error(error);
	expect_file(&box, "two");
	close_box(&box);
}

static void
test_svn(void)
{
	struct box box;
	g_autoptr(GError) error = NULL;
	g_autofree char *commit = NULL, *text = NULL;
	const char *kind;
	if (lacks("svn"))
		return;
	open_box(&box);
	g_free(shell(&box, "svnadmin create repo; svn co -q \"file://$PWD/repo\" work; cd work; "
			   "echo one >file; svn add -q file; svn ci -qm one; echo two >file; "
			   "svn ci -qm two"));
	g_autofree char *url = g_strdup_printf("svn+file://%s@1", box.repo);
	vcs_checkout(&box.options, url, box.into, &commit, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(commit, ==, "1");
	expect_file(&box, "one");
	g_assert_cmpint(vcs_requirement(&box.options, box.into, "x", &text, &kind), ==, VCS_FOUND);
	g_autofree char *wanted = g_strdup_printf("svn+file://%s@1#egg=x", box.repo);
	g_assert_cmpstr(text, ==, wanted);
	close_box(&box);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vcs/git", test_git);
	g_test_add_func("/vcs/update", test_update);
	g_test_add_func("/vcs/exists", test_exists);
	g_test_add_func("/vcs/refused", test_refused);
	g_test_add_func("/vcs/hg", test_hg);
	g_test_add_func("/vcs/svn", test_svn);
	return g_test_run();
}
