/* SPDX-License-Identifier: MIT */
#include "resolver/sidecar.h"

#include <string.h>

#define HEAD "Metadata-Version: 2.1\nName: Demo_x\nVersion: 1.0\n"

static Metadata *
parse(const char *text)
{
	GError *error = NULL;
	Metadata *metadata = metadata_parse(text, strlen(text), &error);
	g_assert_no_error(error);
	return metadata;
}

static void
check(const char *sidecar, const char *wheel, const char *complaint)
{
	g_autoptr(Metadata) a = parse(sidecar), b = parse(wheel);
	g_autoptr(GError) error = NULL;
	bool ok = sidecar_check(a, b, "demo-x==1.0", &error);
	g_assert_cmpint(ok, ==, complaint == NULL);
	if (complaint == NULL)
		return;
	g_assert_error(error, XPIP_ERROR, ERROR_INTEGRITY);
	g_assert_nonnull(strstr(error->message, complaint));
}

static void
test_same(void)
{
	check(HEAD, HEAD, NULL);
	check(HEAD, "Metadata-Version: 2.4\nName: demo-x\nVersion: 1.0\nSummary: other\n", NULL);
	check(HEAD "Requires-Dist: A_b (>=1)\nRequires-Python: >=3.8, <4\n",
		HEAD "Requires-Dist: a-b>=1\nRequires-Python: <4,>=3.8\n", NULL);
}

static void
test_other(void)
{
	check(HEAD, "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n",
		"inconsistent Name between");
	check(HEAD, "Metadata-Version: 2.1\nName: demo-x\nVersion: 1.1\n",
		"sidecar has '1.0', wheel has '1.1'");
	check(HEAD "Requires-Dist: simple==1.0\n", HEAD,
		"inconsistent Requires-Dist between its PEP 658 .metadata file and the wheel's "
		"METADATA: sidecar has 'simple==1.0', wheel has ''");
	check(HEAD, HEAD "Requires-Python: >=3.9\n", "sidecar has '', wheel has '>=3.9'");
	check(HEAD "Provides-Extra: a\n", HEAD "Provides-Extra: b\n",
		"inconsistent Provides-Extra");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sidecar/same", test_same);
	g_test_add_func("/sidecar/other", test_other);
	return g_test_run();
}
