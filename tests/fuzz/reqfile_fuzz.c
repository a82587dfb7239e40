/* SPDX-License-Identifier: MIT */
/* Requirements files: the input stands for every file that is read. */
#include "resolver/reqfile.h"

#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t size;
};

static char *
read_input(const char *path, size_t *length, void *user, GError **error)
{
	const struct input *input = user;
	(void)path;
	(void)error;
	*length = input->size;
	return g_memdup2(
		input->size ? input->data : (const uint8_t *)"", input->size + !input->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, MIN(size, 65536)};
	g_autoptr(Reqfile) file = reqfile_new();
	g_autoptr(GError) error = NULL;
	g_assert(reqfile_read(file, "/dir/r.txt", false, read_input, &input, &error) == !error);
	return 0;
}
