/* SPDX-License-Identifier: MIT */
#include "lib/fs.h"
#include "wheel/pack.h"

#include <glib/gstdio.h>
#include <string.h>

/* A .pyc in outline: head, code, the marshalled placeholder, code. */
static uint8_t *
make_code(const char *path, uint8_t type, uint32_t *length)
{
	g_autofree char *name = pack_placeholder(path);
	GByteArray *out = g_byte_array_new();
	g_byte_array_append(out, (const guint8 *)"\xa7\r\r\n\0\0\0\0\1\2\3\4\5\6\7\10codecode", 24);
	uint8_t size = (uint8_t)strlen(name);
	g_byte_array_append(out, &type, 1);
	g_byte_array_append(out, &size, 1);
	if (!strchr("zZ", type & 0x7f))
		g_byte_array_append(out, (const guint8 *)"\0\0\0", 3);
	g_byte_array_append(out, (const guint8 *)name, size);
	g_byte_array_append(out, (const guint8 *)"rest", 4);
	*length = out->len;
	return g_byte_array_free(out, FALSE);
}

static void
test_render(void)
{
	static const struct {
		uint8_t type;
		const char *name;
		uint8_t wanted;
	} cases[] = {{'z' | 0x80, "/e/p/x.py", 'z' | 0x80}, {'Z', "/e/p/x.py", 'Z'},
		{'a' | 0x80, "/e/x.py", 'z' | 0x80}, {'u', "/e/x.py", 'z'},
		{'z' | 0x80, "/\xc3\xa4/x.py", 'u' | 0x80}, {'Z', "/\xc3\xa4/x.py", 't'}};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pack_entry entry = {.path = "p/x.py"};
		g_autofree uint8_t *code = make_code(entry.path, cases[i].type, &entry.length);
		entry.bytes = code;
		g_assert_true(pack_find_name(&entry));
		size_t length = 0;
		g_autofree uint8_t *out =
			pack_render(&entry, cases[i].name, 0x01020304, 0x11121314, &length);
		g_assert_cmpint(memcmp(out + 8, "\4\3\2\1\x14\x13\x12\x11", 8), ==, 0);
		g_assert_cmpint(out[24], ==, cases[i].wanted);
		g_assert_cmpuint(out[25], ==, strlen(cases[i].name));
		size_t head = strchr("zZ", cases[i].wanted & 0x7f) ? 2 : 5;
		size_t size = strlen(cases[i].name);
		g_assert_true(memcmp(out + 24 + head, cases[i].name, size) == 0);
		g_assert_cmpint(memcmp(out + 24 + head + size, "rest", 4), ==, 0);
		g_assert_cmpuint(length, ==, 24 + head + size + 4);
	}
	/* Longer than a byte can count. */
	struct pack_entry entry = {.path = "p/x.py"};
	g_autofree uint8_t *code = make_code(entry.path, 'z', &entry.length);
	entry.bytes = code;
	g_assert_true(pack_find_name(&entry));
	g_autofree char *name = g_strnfill(300, 'x');
	size_t length = 0;
	g_autofree uint8_t *out = pack_render(&entry, name, 0, 0, &length);
	g_assert_cmpint(memcmp(out + 24, "a\x2c\x01\0\0", 5), ==, 0);
	g_assert_null(pack_render(&entry, "/\xff/x.py", 0, 0, &length));
}

/* Code that holds the placeholder twice, or not at all, cannot be renamed. */
static void
test_ambiguous(void)
{
	struct pack_entry entry = {.path = "p/x.py"};
	uint32_t length = 0;
	g_autofree uint8_t *code = make_code(entry.path, 'z', &length);
	g_autofree uint8_t *twice = g_malloc(2 * length);
	memcpy(twice, code, length);
	memcpy(twice + length, code, length);
	entry.bytes = twice;
	entry.length = 2 * length;
	g_assert_false(pack_find_name(&entry));
	entry.length = 30;
	g_assert_false(pack_find_name(&entry));
	/* A hash in the head is kept (PEP 552). */
	code[4] = 3;
	entry.bytes = code;
	entry.length = length;
	g_assert_true(pack_find_name(&entry));
	size_t size = 0;
	g_autofree uint8_t *out = pack_render(&entry, "/x.py", 99, 99, &size);
	g_assert_cmpint(memcmp(out + 8, "\1\2\3\4\5\6\7\10", 8), ==, 0);
}

static void
test_file(void)
{
	GError *error = NULL;
	g_autofree char *folder = fs_temp_dir("xpip-pack-test-", &error);
	g_autofree char *file = g_build_filename(folder, "code.pack", NULL);
	struct pack_entry entries[] = {{.path = "a.py"}, {.path = "b/c.py"}, {.path = "d.py"}};
	g_autofree uint8_t *a = make_code("a.py", 'z', &entries[0].length);
	g_autofree uint8_t *d = make_code("d.py", 'u', &entries[2].length);
	entries[0].bytes = a;
	entries[2].bytes = d;
	g_assert_true(pack_find_name(&entries[0]) && pack_find_name(&entries[2]));
	g_assert_null(pack_read(file));
	g_assert_true(pack_write(file, entries, G_N_ELEMENTS(entries), &error));
	g_assert_no_error(error);
	g_autoptr(Pack) pack = pack_read(file);
	g_assert_cmpuint(pack_count(pack), ==, 3);
	g_assert_null(pack_find(pack, "b"));
	g_assert_cmpuint(pack_find(pack, "b/c.py")->length, ==, 0);
	const struct pack_entry *found = pack_find(pack, "d.py");
	g_assert_cmpuint(found->length, ==, entries[2].length);
	g_assert_cmpuint(found->name_at, ==, entries[2].name_at);
	g_assert_cmpint(memcmp(found->bytes, d, found->length), ==, 0);
	/* Damage of any byte is noticed. */
	size_t length = 0;
	g_autofree char *bytes = fs_read(file, 0, &length, NULL, &error);
	for (size_t i = 0; i < length; i++) {
		uint8_t *bent = g_memdup2(bytes, length);
		bent[i] ^= 0x40;
		g_assert_null(pack_parse(bent, length));
		g_assert_null(pack_parse(g_memdup2(bytes, i ? i : 1), i));
	}
	g_assert_true(fs_remove_tree(folder, NULL));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pack/render", test_render);
	g_test_add_func("/pack/ambiguous", test_ambiguous);
	g_test_add_func("/pack/file", test_file);
	return g_test_run();
}
