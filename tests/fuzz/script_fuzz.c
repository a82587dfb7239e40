/* SPDX-License-Identifier: MIT */
/* entry_points.txt: what is accepted has a name inside the folder and a whole text. */
#include "lib/fs.h"
#include "wheel/script.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const Python python = {.executable = (char *)"/e/bin/python", .major = 3};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GPtrArray) scripts = script_from_entry_points(text, &python, &error);
	g_assert(!scripts == !!error);
	for (guint i = 0; scripts && i < scripts->len; i++) {
		const struct script *script = g_ptr_array_index(scripts, i);
		g_assert(fs_is_safe_relative(script->name) && !script_is_reserved(script->name));
		g_assert(g_str_has_suffix(script->text, "())\n"));
		script_is_wrapper(scripts, script->name);
	}
	size_t length = 0;
	g_autofree char *rewritten = script_rewrite((const char *)data, size, "/e/python", &length);
	g_assert(!rewritten || g_str_has_prefix(rewritten, "#!/e/python\n"));
	return 0;
}
