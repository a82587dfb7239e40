/* SPDX-License-Identifier: MIT */
/* What is installed, and whether it fits together: site-packages made here by hand. */
#include "lib/fs.h"
#include "resolver/consistency.h"

#include <string.h>

struct site {
	char *folder;
	Python python;
	char *sys_path[2];
};

static void
site_open(struct site *site)
{
	*site = (struct site){.folder = fs_temp_dir("installed-", NULL)};
	g_assert_nonnull(site->folder);
	site->sys_path[0] = site->folder;
	site->python = (Python){.prefix = site->folder,
		.is_venv = true,
		.scheme = {.purelib = site->folder, .platlib = site->folder},
		.sys_path = site->sys_path};
	for (int i = 0; i < MARKER_VARIABLES; i++)
		site->python.markers[i] = (char *)"3.11";
}

static void
site_close(struct site *site)
{
	g_assert_true(fs_remove_tree(site->folder, NULL));
	g_free(site->folder);
}

/* FOLDER/FILE with this text. */
static void
put(const struct site *site, const char *folder, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename(site->folder, folder, NULL);
	g_autofree char *full = g_build_filename(path, file, NULL);
	g_assert_true(fs_mkdirs(path, 0755, NULL));
	g_assert_true(fs_write_atomic(full, text, strlen(text), 0644, false, NULL));
}

static void
test_names(void)
{
	struct site site;
	site_open(&site);
	put(&site, "My_Name-1.0.dist-info", "METADATA", "Name: My.Name\nVersion: 1.0.0\n\n");
	put(&site, "egg-9-py3.8.egg-info", "PKG-INFO", "Name: egg\nVersion: 9.1\n\n");
	put(&site, "bare-2.dist-info", "RECORD", "");
	g_autoptr(InstalledSet) set = installed_scan(&site.python, NULL, NULL, NULL);
	g_assert_cmpuint(installed_count(set), ==, 3);
	Installed *named = installed_find(set, "my-name");
	g_assert_cmpstr(named->version, ==, "1.0");
	g_assert_true(named->in_site && named->local && !named->in_user_site);
	installed_spell(named);
	g_assert_cmpstr(named->name, ==, "My.Name");
	g_assert_cmpstr(named->raw_version, ==, "1.0.0");
	g_assert_cmpstr(named->version, ==, "1.0");
	g_assert_cmpstr(installed_find(set, "egg")->version, ==, "9.1");
	Installed *bare = installed_find(set, "bare");
	installed_spell(bare);
	g_assert_cmpstr(bare->name, ==, "bare");
	g_assert_null(installed_metadata(bare, NULL));
	g_assert_null(installed_editable(set, bare, NULL));
	site_close(&site);
}

/* A head longer than what is read at first, and a header that goes on. */
static void
test_long_head(void)
{
	struct site site;
	site_open(&site);
	g_autofree char *filler = g_strnfill(5000, 'x');
	g_autofree char *text = g_strdup_printf("Summary: %s\nName: Late\nVersion: 3\n\n", filler);
	put(&site, "late-3.dist-info", "METADATA", text);
	put(&site, "folded-1.dist-info", "METADATA", "Name: Fol\n ded\nVersion: 1\n\n");
	g_autoptr(InstalledSet) set = installed_scan(&site.python, NULL, NULL, NULL);
	Installed *late = installed_find(set, "late");
	installed_spell(late);
	g_assert_cmpstr(late->name, ==, "Late");
	Installed *folded = installed_find(set, "folded");
	installed_spell(folded);
	g_assert_nonnull(strstr(folded->name, "ded"));
	site_close(&site);
}

static void
test_egg_requires(void)
{
	struct site site;
	site_open(&site);
	put(&site, "egg.egg-info", "PKG-INFO", "Name: egg\nVersion: 1\n\n");
	put(&site, "egg.egg-info", "requires.txt", "a\n[X_y]\nb\n[z:os_name=='nt']\nc\n[:m]\nd\n");
	g_autoptr(InstalledSet) set = installed_scan(&site.python, NULL, NULL, NULL);
	const Metadata *metadata = installed_metadata(installed_find(set, "egg"), NULL);
	g_autofree char *requires = g_strjoinv("|", metadata->requires_dist);
	g_autofree char *extras = g_strjoinv("|", metadata->provides_extra);
	g_assert_cmpstr(requires, ==,
		"a|b ; extra == \"x-y\"|c ; (os_name=='nt') and extra == \"z\"|d ; m");
	g_assert_cmpstr(extras, ==, "x-y|z");
	site_close(&site);
}

/* With distributions that are to come, only what concerns them is told. */
static void
test_consistency(void)
{
	struct site site;
	site_open(&site);
	put(&site, "asks-1.dist-info", "METADATA",
		"Name: asks\nVersion: 1\nRequires-Dist: dep<2\n\n");
	put(&site, "alone-1.dist-info", "METADATA",
		"Name: alone\nVersion: 1\nRequires-Dist: gone\n\n");
	put(&site, "dep-1.dist-info", "METADATA", "Name: dep\nVersion: 1\n\n");
	g_autoptr(InstalledSet) set = installed_scan(&site.python, NULL, NULL, NULL);
	bool unreadable = true;
	g_autoptr(GPtrArray) all = consistency_check(set, &site.python, NULL, 0, NULL, &unreadable);
	g_assert_cmpuint(all->len, ==, 1);
	g_assert_false(unreadable);
	const struct consistency_problem *gone = g_ptr_array_index(all, 0);
	g_assert_cmpstr(gone->name, ==, "alone");
	g_assert_cmpstr(gone->needed, ==, "gone");
	g_assert_null(gone->found);
	struct consistency_dist fresh = {"dep", "2.0", NULL};
	g_autoptr(GPtrArray) some =
		consistency_check(set, &site.python, &fresh, 1, NULL, &unreadable);
	g_autofree char *warning = consistency_warning(some);
	g_assert_nonnull(warning);
	g_assert_true(g_str_has_suffix(warning,
		"conflicts.\nasks 1 requires dep<2, but you have dep 2.0 which is incompatible."));
	struct consistency_dist fine = {"dep", "1.5", NULL};
	g_autoptr(GPtrArray) none = consistency_check(set, &site.python, &fine, 1, NULL, NULL);
	g_assert_null(consistency_warning(none));
	site_close(&site);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/installed/names", test_names);
	g_test_add_func("/installed/long_head", test_long_head);
	g_test_add_func("/installed/egg_requires", test_egg_requires);
	g_test_add_func("/installed/consistency", test_consistency);
	return g_test_run();
}
