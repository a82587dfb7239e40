/* SPDX-License-Identifier: MIT */
/* What commands share, made at first use. */
#include "cmd/cmd.h"

#include <unistd.h>

void
xpip_clear(struct xpip *x)
{
	(void)x;
}

bool
xpip_print_version(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	return printf("xpip %s from %s\n", XPIP_VERSION, self ? self : "xpip") >= 0;
}
