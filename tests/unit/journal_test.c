/* SPDX-License-Identifier: MIT */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/texts.h"
#include "wheel/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char *folder;
	int base;
};

static void
put(const struct fixture *f, const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(f->folder, path, NULL);
	g_autofree char *parent = g_path_get_dirname(full);
	g_assert_true(fs_mkdirs(parent, 0755, NULL));
	g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

/* What stands there outside of the staging folder: `path=text` or `path/`, in one line. */
static void
list(const char *folder, const char *below, GString *out)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, texts_compare);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *shown = g_strconcat(below, name, NULL);
		g_autofree char *text = NULL;
		if (g_str_has_prefix(name, ".xpip"))
			continue;
		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			g_autofree char *deeper = g_strconcat(shown, "/", NULL);
			g_string_append_printf(out, "%s ", deeper);
			list(path, deeper, out);
		} else if (g_file_get_contents(path, &text, NULL, NULL)) {
			g_string_append_printf(out, "%s=%s ", shown, text);
		}
	}
}

static char *
tree(const struct fixture *f)
{
	g_autoptr(GString) out = g_string_new(NULL);
	list(f->folder, "", out);
	return g_string_free(g_steal_pointer(&out), FALSE);
}

#define OLD                                                                                        \
	"gone/ gone/deep/ gone/deep/c=old lone/ lone/d=old pack/ pack/a=old pack/b=old "           \
	"single=old "
#define NEW "made/ made/f=new new/ new/e=new pack/ pack/a=new single=new "

static void
prepare(const struct fixture *f)
{
	g_assert_true(fs_remove_tree(f->folder, NULL));
	put(f, "pack/a", "old");
	put(f, "pack/b", "old");
	put(f, "gone/deep/c", "old");
	put(f, "lone/d", "old");
	put(f, "single", "old");
	put(f, ".xpip-t/0/pack/a", "new");
	put(f, ".xpip-t/0/new/e", "new");
	put(f, ".xpip-t/0/f", "new");
	put(f, ".xpip-t/0/single", "new");
}

static Journal *
make(const struct fixture *f)
{
	Journal *journal = journal_new(f->base, ".xpip-t");
	journal_add_folder(journal, "made");
	journal_add_place(journal, ".xpip-t/0/f", "made/f", NULL);
	journal_add_place(journal, ".xpip-t/0/pack", "pack", ".xpip-t/old-0");
	journal_add_place(journal, ".xpip-t/0/new", "new", NULL);
	journal_add_place(journal, ".xpip-t/0/single", "single", ".xpip-t/old-1");
	journal_add_remove(journal, "gone", ".xpip-t/old-2");
	journal_add_remove(journal, "lone/d", ".xpip-t/old-3");
	journal_add_prune(journal, "lone");
	journal_add_staging(journal, ".xpip-t");
	return journal;
}

static void
open_base(struct fixture *f)
{
	if (f->base >= 0)
		close(f->base);
	f->base = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(f->base, >=, 0);
}

static void
set_up(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	f->folder = fs_temp_dir("xpip-journal-test-", &error);
	g_assert_no_error(error);
	f->base = -1;
	prepare(f);
	open_base(f);
}

static void
tear_down(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	close(f->base);
	g_assert_true(fs_remove_tree(f->folder, NULL));
	g_free(f->folder);
}

static void
assert_tree(const struct fixture *f, const char *wanted)
{
	g_autofree char *found = tree(f);
	g_assert_cmpstr(found, ==, wanted);
}

static void
test_run(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	g_autoptr(Journal) journal = make(f);
	assert_tree(f, OLD);
	g_assert_cmpuint(journal_count(journal), ==, 9);
	g_assert_true(journal_sync(journal, &error) && journal_run(journal, &error));
	assert_tree(f, NEW);
	/* Both ways any number of times. */
	g_assert_true(journal_run(journal, &error));
	assert_tree(f, NEW);
	g_assert_true(journal_undo(journal, &error) && journal_undo(journal, &error));
	assert_tree(f, OLD);
	g_autoptr(Journal) again = journal_read(f->base, ".xpip-t", &error);
	g_assert_true(journal_run(again, &error) && journal_finish(again, &error));
	g_assert_no_error(error);
	assert_tree(f, NEW);
	g_assert_cmpint(faccessat(f->base, ".xpip-t", F_OK, 0), ==, -1);
}

enum way { RUN, UNDO };

/* In a process that dies before its Nth change; true if it lived. */
static bool
walk(struct fixture *f, enum way way, unsigned point)
{
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		g_autofree char *text = g_strdup_printf("%u", point);
		setenv("XPIP_CRASH_AT", text, 1);
		g_autoptr(Journal) kept = journal_read(f->base, ".xpip-t", NULL);
		g_autoptr(Journal) journal = kept ? g_steal_pointer(&kept) : make(f);
		bool ok = way == RUN ? journal_run(journal, NULL) : journal_undo(journal, NULL);
		_exit(ok ? 0 : 1);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0)
		g_assert_cmpint(errno, ==, EINTR);
	if (WIFSIGNALED(status))
		return false;
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	return true;
}

/* Cut short anywhere, then turned back, cut short again, and finished in either direction. */
static void
test_cut(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	for (unsigned first = 1, lived = 0; !lived; first++) {
		for (unsigned second = 1; second < 12; second++) {
			GError *error = NULL;
			prepare(f);
			open_base(f);
			g_autoptr(Journal) journal = make(f);
			g_assert_true(journal_sync(journal, &error));
			lived = walk(f, RUN, first);
			walk(f, UNDO, second);
			if (second % 2)
				g_assert_true(journal_undo(journal, &error));
			else
				g_assert_true(journal_run(journal, &error));
			assert_tree(f, second % 2 ? OLD : NEW);
		}
	}
}

/* A journal that is not whole is none. */
static void
test_torn(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	g_autoptr(Journal) journal = make(f);
	g_assert_null(journal_read(f->base, ".xpip-t", &error));
	g_assert_no_error(error);
	g_assert_true(journal_sync(journal, &error));
	g_autofree char *path = g_build_filename(f->folder, ".xpip-t", "journal", NULL);
	g_autofree char *text = NULL;
	gsize length = 0;
	g_assert_true(g_file_get_contents(path, &text, &length, NULL));
	g_autoptr(Journal) whole = journal_parse(f->base, ".xpip-t", text, length, &error);
	g_assert_cmpuint(journal_count(whole), ==, 9);
	for (gsize cut = 0; cut < length; cut++) {
		g_assert_null(journal_parse(f->base, ".xpip-t", text, cut, &error));
		g_assert_error(error, XPIP_ERROR, ERROR_INVALID_INPUT);
		g_clear_error(&error);
		text[cut] ^= 1;
		g_assert_null(journal_parse(f->base, ".xpip-t", text, length, NULL));
		text[cut] ^= 1;
	}
}

/* A rename that is impossible stops the run, and what was done is undone. */
static void
test_failure(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	GError *error = NULL;
	g_autoptr(Journal) journal = make(f);
	journal_add_place(journal, ".xpip-t/0", "nowhere/at/all", NULL);
	g_assert_true(journal_sync(journal, &error));
	g_assert_false(journal_run(journal, &error));
	g_assert_error(error, XPIP_ERROR, ERROR_IO);
	g_clear_error(&error);
	g_assert_true(journal_undo(journal, &error));
	assert_tree(f, OLD);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/journal/run", struct fixture, NULL, set_up, test_run, tear_down);
	g_test_add("/journal/cut", struct fixture, NULL, set_up, test_cut, tear_down);
	g_test_add("/journal/torn", struct fixture, NULL, set_up, test_torn, tear_down);
	g_test_add("/journal/failure", struct fixture, NULL, set_up, test_failure, tear_down);
	return g_test_run();
}
