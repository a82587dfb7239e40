/* SPDX-License-Identifier: MIT */
/* Unpacking sdists: the first byte picks the format, the rest is the file. Nothing may appear
 * beside the folder that it is unpacked into. */
#include "lib/fs.h"
#include "wheel/build.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count_names(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	size_t count = 0;
	while (dir && g_dir_read_name(dir))
		count++;
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const suffixes[] = {"tar.gz", "zip", "tar", "tar.bz2", "tar.xz"};
	if (size == 0)
		return 0;
	if (!g_getenv("TMPDIR"))
		g_setenv("TMPDIR", "/dev/shm", TRUE);
	g_autofree char *folder = fs_temp_dir("xpip-fuzz-", NULL);
	g_autofree char *into = g_build_filename(folder, "a", "b", NULL);
	g_autofree char *middle = g_path_get_dirname(into);
	g_autofree char *path =
		g_strdup_printf("%s/x-1.%s", folder, suffixes[data[0] % G_N_ELEMENTS(suffixes)]);
	g_autoptr(GError) error = NULL;
	if (!folder || !fs_mkdirs(into, 0700, NULL) ||
		!g_file_set_contents(path, (const char *)data + 1, (gssize)size - 1, NULL))
		abort();
	g_autofree char *top = build_unpack_sdist(path, into, &error);
	g_assert(!top == !!error);
	g_assert(count_names(folder) == 2 && count_names(middle) == 1);
	g_assert(fs_remove_tree(folder, NULL));
	return 0;
}
