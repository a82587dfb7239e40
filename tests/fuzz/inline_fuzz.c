/* SPDX-License-Identifier: MIT */
/* Scripts with metadata, and the same bytes as dependency groups. */
#include "resolver/group.h"
#include "resolver/inline.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Inline) metadata = inline_parse((const char *)data, size, "s.py", &error);
	g_assert(!metadata == !!error);
	g_autoptr(GError) other = NULL;
	g_autoptr(Groups) groups = groups_parse((const char *)data, size, "p.toml", &other);
	g_assert(!groups == !!other);
	if (!groups)
		return 0;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) why = NULL;
	g_assert(groups_resolve(groups, "a", list, &why) == !why);
	return 0;
}
