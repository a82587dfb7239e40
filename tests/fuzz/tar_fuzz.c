/* SPDX-License-Identifier: MIT */
/* Tar streams: members add up to no more than the stream, errors are the only other end. */
#include "wheel/tar.h"

#include <string.h>

struct input {
	const uint8_t *data;
	size_t left;
};

static ssize_t
take(void *user, void *buffer, size_t length, GError **error)
{
	struct input *input = user;
	(void)error;
	size_t step = MIN(length, input->left);
	memcpy(buffer, input->data, step);
	input->data += step;
	input->left -= step;
	return (ssize_t)step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	g_autoptr(Tar) tar = tar_new(take, &input);
	g_autoptr(GError) error = NULL;
	const struct tar_member *member;
	int64_t total = 0;
	while (tar_next(tar, &member, &error) && member) {
		char buffer[1000];
		ssize_t got;
		g_assert(*member->name && member->size >= 0);
		while ((got = tar_read(tar, buffer, sizeof buffer, &error)) > 0)
			total += got;
		if (got < 0)
			break;
	}
	g_assert(total <= (int64_t)size);
	return 0;
}
