/* SPDX-License-Identifier: MIT */
/* What commands share, made at first use. */
#include "cmd/cmd.h"

void
xpip_clear(struct xpip *x)
{
	(void)x;
}

char *
xpip_version_text(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	return g_strdup_printf("xpip %s from %s", XPIP_VERSION, self ? self : "xpip");
}
