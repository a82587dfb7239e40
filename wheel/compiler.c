/* SPDX-License-Identifier: MIT */
#include "wheel/compiler.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_QUESTION = 10000 };
#define MAX_CODE ((uint32_t)256 << 20)

/* Questions are a length (four bytes, little endian), the source's path, NUL, its name; answers a
 * length and the code; the greatest lengths stand for refusals. Isolated, without site: nothing of
 * the environment that is being written is imported. The functions are those that py_compile uses.
 */
#define PROGRAM                                                                                    \
	"import sys, os, gc\n"                                                                     \
	"import importlib.util, importlib.machinery\n"                                             \
	"import importlib._bootstrap_external as b\n"                                              \
	"hashed = sys.argv[1] == 'hash'\n"                                                         \
	"r, w = sys.stdin.buffer, sys.stdout.buffer\n"                                             \
	"sys.stdout = sys.stderr\n"                                                                \
	"gc.disable()\n"                                                                           \
	"def code_of(path, name):\n"                                                               \
	"    loader = importlib.machinery.SourceFileLoader('<py_compile>', path)\n"                \
	"    data = loader.get_data(path)\n"                                                       \
	"    code = loader.source_to_code(data, name)\n"                                           \
	"    if hashed:\n"                                                                         \
	"        return b._code_to_hash_pyc(code, importlib.util.source_hash(data), True)\n"       \
	"    stats = loader.path_stats(path)\n"                                                    \
	"    return b._code_to_timestamp_pyc(code, stats['mtime'], stats['size'])\n"               \
	"count = 0\n"                                                                              \
	"while True:\n"                                                                            \
	"    head = r.read(4)\n"                                                                   \
	"    if len(head) < 4:\n"                                                                  \
	"        break\n"                                                                          \
	"    path, name = r.read(int.from_bytes(head, 'little')).split(b'\\0')\n"                  \
	"    try:\n"                                                                               \
	"        code = code_of(os.fsdecode(path), os.fsdecode(name))\n"                           \
	"        w.write(len(code).to_bytes(4, 'little') + code)\n"                                \
	"    except (OSError, MemoryError):\n"                                                     \
	"        w.write(b'\\xfe\\xff\\xff\\xff')\n"                                               \
	"    except Exception:\n"                                                                  \
	"        w.write(b'\\xff\\xff\\xff\\xff')\n"                                               \
	"    w.flush()\n"                                                                          \
	"    count += 1\n"                                                                         \
	"    if count % 256 == 0:\n"                                                               \
	"        gc.collect()\n"

struct Compiler {
	GPid pid;
	int in, out; /* its standard input and output */
};

Compiler *
compiler_new(const char *python, bool hash)
{
	const char *argv[] = {
		python, "-I", "-S", "-W", "ignore", "-c", PROGRAM, hash ? "hash" : "time", NULL};
	Compiler *compiler = g_new0(Compiler, 1);
	if (g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
		    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES,
		    NULL, NULL, &compiler->pid, &compiler->in, &compiler->out, NULL, NULL))
		return compiler;
	g_free(compiler);
	return NULL;
}

void
compiler_free(Compiler *compiler)
{
	if (!compiler)
		return;
	kill(compiler->pid, SIGKILL);
	close(compiler->in);
	close(compiler->out);
	while (waitpid(compiler->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g_free(compiler);
}

static bool
write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static bool
read_all(int fd, uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = read(fd, bytes, length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		length -= (size_t)got;
	}
	return true;
}

bool
compiler_ask(Compiler *compiler, const char *source, const char *name)
{
	size_t first = strlen(source), second = strlen(name), length = first + 1 + second;
	uint8_t question[4 + MAX_QUESTION];
	/* Open questions must fit into the pipe's 64 KiB, else both sides wait for ever. */
	if (length > MAX_QUESTION)
		return false;
	for (int i = 0; i < 4; i++)
		question[i] = (uint8_t)(length >> (8 * i));
	memcpy(question + 4, source, first + 1);
	memcpy(question + 4 + first + 1, name, second);
	return write_all(compiler->in, question, 4 + length);
}

enum compiler_answer
compiler_wait(Compiler *compiler, uint8_t **code, size_t *length)
{
	uint8_t head[4];
	if (!read_all(compiler->out, head, sizeof head))
		return COMPILER_GONE;
	uint32_t size = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
			(uint32_t)head[3] << 24;
	if (size == UINT32_MAX)
		return COMPILER_REFUSED;
	if (size == UINT32_MAX - 1)
		return COMPILER_FAILED;
	if (size > MAX_CODE)
		return COMPILER_GONE;
	uint8_t *bytes = g_malloc(size + 1);
	if (!read_all(compiler->out, bytes, size)) {
		g_free(bytes);
		return COMPILER_GONE;
	}
	*code = bytes;
	*length = size;
	return COMPILER_CODE;
}
