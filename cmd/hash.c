/* SPDX-License-Identifier: MIT */
/* `xpip hash FILE...`: digests in the form that requirements files take. */
#include "cmd/usage.h"
#include "lib/repr.h"
#include "verify/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool
feed(Hasher *hasher, const char *path, GError **error)
{
	g_autofree uint8_t *block = g_malloc(1 << 18);
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0) {
		got = read(fd, block, 1 << 18);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			hasher_update(hasher, block, (size_t)got);
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (got == 0)
		return true;
	g_autofree char *shown = repr_string(path);
	return error_set(error, ERROR_IO, "[Errno %d] %s: %s", saved, g_strerror(saved), shown);
}

static bool
run(struct xpip *x, GError **error)
{
	const char *algorithm = options_string(x->options, OPT_ALGORITHM);
	const char *const *path = options_arguments(x->options);
	if (!*path) {
		g_autofree char *usage = usage_text(x->program, x->command);
		fprintf(stderr, "%s\n", usage);
		return error_set(error, ERROR_SILENT, "no files were named");
	}
	for (; *path; path++) {
		g_autoptr(Hasher) hasher = hasher_new(algorithm, error);
		if (!hasher || !feed(hasher, *path, error))
			return false;
		g_autofree char *hex = hasher_finish_hex(hasher);
		g_autofree char *text = g_strdup_printf("%s:\n--hash=%s:%s", *path, algorithm, hex);
		log_output(x->log, text);
	}
	return true;
}

static const enum option own_options[] = {OPT_ALGORITHM, OPTION_COUNT};

const struct command hash_command = {
	.name = "hash",
	.summary = "Compute hashes of package archives.",
	.usage = "[options] <file> ...",
	.description = "Compute the hash of local files, in the form that --hash takes in a "
		       "requirements file.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
