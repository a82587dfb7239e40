/* SPDX-License-Identifier: MIT */
#include "resolver/link.h"

#include <glib.h>
#include <stdbool.h>

static void
check(const char *a, const char *b, bool same)
{
	g_autofree char *x = link_key(a), *y = link_key(b);
	g_assert_cmpint(g_str_equal(x, y), ==, same);
}

static void
test_key(void)
{
	check("https://user:pw@h/a.zip", "https://h/a.zip", true);
	check("https://h/a.zip?b=1&a=2", "https://h/a.zip?a=2&b=1", true);
	check("https://h/a.zip#egg=x", "https://h/a.zip", true);
	check("https://h/a.zip#egg=x&sha256=1", "https://h/a.zip#sha256=1", true);
	check("https://h/a.zip#subdirectory=s&sha256=1", "https://h/a.zip#sha256=1&subdirectory=s",
		true);
	check("file:///a/b.whl", "file://localhost/a/b.whl", true);
	check("https://h/a.zip", "https://g/a.zip", false);
	check("https://h/a.zip#sha256=1", "https://h/a.zip#sha256=2", false);
	check("https://h/a.zip#subdirectory=s", "https://h/a.zip", false);
	check("git+https://h/a@1", "git+https://h/a@2", false);
	check("https://h/a.zip?a=1", "https://h/a.zip?a=2", false);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link/key", test_key);
	return g_test_run();
}
