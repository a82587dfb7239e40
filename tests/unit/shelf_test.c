/* SPDX-License-Identifier: MIT */
#include "resolver/shelf.h"

#include "lib/fs.h"

#include <string.h>

enum { HEAD = 44 }; /* bytes before each text */

static struct digest
key_of(const char *text)
{
	struct digest key;
	digest_bytes(text, strlen(text), &key);
	return key;
}

static void
put(Shelf *shelf, const char *name, const char *text)
{
	struct digest key = key_of(name);
	shelf_put(shelf, &key, text, strlen(text));
}

static void
check(const Shelf *shelf, const char *name, const char *expected)
{
	struct digest key = key_of(name);
	size_t length = 0;
	const char *text = shelf_get(shelf, &key, &length);
	if (expected == NULL) {
		g_assert_null(text);
		return;
	}
	g_assert_cmpuint(length, ==, strlen(expected));
	g_assert_true(memcmp(text, expected, length) == 0);
}

static void
put_all(const char *folder)
{
	g_autoptr(Shelf) shelf = shelf_open(folder, "demo");
	put(shelf, "a", "first");
	put(shelf, "b", "");
	put(shelf, "c", "third");
}

static void
test_round_trip(void)
{
	g_autofree char *folder = fs_temp_dir("shelf-", NULL);
	put_all(folder);
	g_autoptr(Shelf) again = shelf_open(folder, "demo");
	check(again, "a", "first");
	check(again, "b", "");
	check(again, "c", "third");
	check(again, "d", NULL);
	/* Two that are open at once both add. */
	g_autoptr(Shelf) other = shelf_open(folder, "demo");
	put(again, "d", "fourth");
	put(other, "e", "fifth");
	g_autoptr(Shelf) both = shelf_open(folder, "demo");
	check(both, "a", "first");
	check(both, "d", "fourth");
	check(both, "e", "fifth");
	g_autoptr(Shelf) stranger = shelf_open(folder, "other");
	check(stranger, "a", NULL);
	fs_remove_tree(folder, NULL);
}

static void
test_damage(void)
{
	g_autofree char *folder = fs_temp_dir("shelf-", NULL);
	put_all(folder);
	g_autofree char *path = g_build_filename(folder, "metadata-v2", "demo", NULL);
	g_autofree char *bytes = NULL;
	gsize length = 0;
	g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
	/* Cut anywhere: what is whole is there, the rest is not. */
	for (gsize cut = 0; cut < length; cut++) {
		g_autoptr(GBytes) part = g_bytes_new(bytes, cut);
		g_autoptr(Shelf) shelf = shelf_from_bytes(part);
		check(shelf, "c", NULL);
		check(shelf, "a", cut < HEAD + 5 ? NULL : "first");
	}
	/* A changed text is none. */
	bytes[HEAD] ^= 1;
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
	g_autoptr(Shelf) changed = shelf_open(folder, "demo");
	check(changed, "a", NULL);
	check(changed, "c", "third");
	/* After a damaged end a new file is begun. */
	g_assert_true(g_file_set_contents(path, bytes, (gssize)length - 1, NULL));
	g_autoptr(Shelf) cut = shelf_open(folder, "demo");
	put(cut, "z", "new");
	g_autoptr(Shelf) begun = shelf_open(folder, "demo");
	check(begun, "z", "new");
	check(begun, "c", NULL);
	fs_remove_tree(folder, NULL);
}

static void
test_names(void)
{
	g_autofree char *folder = fs_temp_dir("shelf-", NULL);
	static const char *const names[] = {"", "..", "a/b", ".hidden"};
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(Shelf) shelf = shelf_open(folder, names[i]);
		put(shelf, "a", "text");
	}
	g_autofree char *inside = g_build_filename(folder, "metadata-v2", NULL);
	g_assert_false(g_file_test(inside, G_FILE_TEST_EXISTS));
	fs_remove_tree(folder, NULL);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shelf/round-trip", test_round_trip);
	g_test_add_func("/shelf/damage", test_damage);
	g_test_add_func("/shelf/names", test_names);
	return g_test_run();
}
