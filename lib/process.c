/* SPDX-License-Identifier: MIT */
#include "lib/process.h"
#include "lib/error.h"
#include "lib/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_OUTPUT = 64 << 20, MAX_LINE = 1 << 20, TERM_STEPS = 20, TERM_STEP_MS = 50 };

extern char **environ;

struct stream {
	int fd;
	GString *pending; /* an unfinished line */
	GString *output;  /* or NULL */
};

static pid_t
spawn(const struct process_options *options, int in, int out, int err, GError **error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (options->folder)
		posix_spawn_file_actions_addchdir_np(&actions, options->folder);
	/* The loop reads signals from a descriptor and blocks them; the child must not inherit
	 * that. */
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	if (!options->shares_terminal) {
		flags |= POSIX_SPAWN_SETPGROUP;
		posix_spawnattr_setpgroup(&attributes, 0);
	}
	posix_spawnattr_setflags(&attributes, flags);
	pid_t child = 0;
	int failure = posix_spawnp(&child, options->argv[0], &actions, &attributes,
		(char *const *)options->argv,
		options->environment ? (char *const *)options->environment : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (failure) {
		error_set_errno(error, failure, "running %s", options->argv[0]);
		return -1;
	}
	return child;
}

static void
append_text(GString *out, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = bytes;
		g_utf8_validate(bytes, (gssize)length, &end);
		g_string_append_len(out, bytes, end - bytes);
		length -= (size_t)(end - bytes);
		bytes = end;
		if (length > 0) {
			g_string_append_printf(out, "\\x%02x", (unsigned char)*bytes);
			bytes++;
			length--;
		}
	}
}

static void
finish_line(const struct process_options *options, struct stream *stream)
{
	g_autoptr(GString) text = g_string_new(NULL);
	append_text(text, stream->pending->str, stream->pending->len);
	g_string_set_size(stream->pending, 0);
	if (stream->output && stream->output->len < MAX_OUTPUT) {
		g_string_append_len(stream->output, text->str, (gssize)text->len);
		g_string_append_c(stream->output, '\n');
	}
	if (options->line)
		options->line(options->user, g_strchomp(text->str));
}

/* Reads what is there; false at the end of the stream. */
static bool
drain(const struct process_options *options, struct stream *stream)
{
	char buffer[16384];
	ssize_t got = read(stream->fd, buffer, sizeof buffer);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	for (ssize_t i = 0; i < got; i++) {
		if (buffer[i] == '\n' || stream->pending->len >= MAX_LINE)
			finish_line(options, stream);
		if (buffer[i] != '\n')
			g_string_append_c(stream->pending, buffer[i]);
	}
	if (got == 0 && stream->pending->len > 0)
		finish_line(options, stream);
	return got > 0;
}

/* SIGTERM, a second to tidy up, SIGKILL. */
static void
end_child(pid_t child, bool alone)
{
	pid_t target = alone ? -child : child;
	kill(target, SIGTERM);
	for (int i = 0; i < TERM_STEPS; i++) {
		if (waitpid(child, NULL, WNOHANG) == child) {
			if (alone)
				kill(target, SIGKILL);
			return;
		}
		g_usleep(TERM_STEP_MS * 1000);
	}
	kill(target, SIGKILL);
	waitpid(child, NULL, 0);
}

static bool
wait_child(const struct process_options *options, pid_t child, struct stream *out, int *status,
	GError **error)
{
	bool ok;
	loop_set_watch(options->loop, out->fd);
	do {
		ok = loop_turn(options->loop, -1, error);
	} while (ok && drain(options, out));
	loop_set_watch(options->loop, -1);
	if (!ok) {
		end_child(child, !options->shares_terminal);
		return false;
	}
	int raw = 0;
	while (waitpid(child, &raw, 0) < 0 && errno == EINTR)
		;
	*status = WIFSIGNALED(raw) ? -WTERMSIG(raw) : WEXITSTATUS(raw);
	return true;
}

/* A file in memory: nothing has to be written while the child runs. */
static int
input_file(const char *text)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd >= 0 && !(fs_write_all(fd, text, strlen(text), NULL) && lseek(fd, 0, SEEK_SET) == 0))
		fd_close(&fd);
	return fd;
}

bool
process_run(const struct process_options *options, GString *output, int *status, GError **error)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_set_errno(error, errno, "making a pipe");
	/* A file in memory never blocks the child, so one descriptor is enough to wait for. */
	g_auto(fd_t) errors = options->separate_errors ? memfd_create("stderr", MFD_CLOEXEC) : -1;
	g_auto(fd_t) in = options->input ? input_file(options->input) : -1;
	pid_t child = spawn(options, in, ends[1], errors >= 0 ? errors : ends[1], error);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	struct stream out = {.fd = ends[0], .pending = g_string_new(NULL), .output = output};
	bool ok = child >= 0 && wait_child(options, child, &out, status, error);
	if (ok && errors >= 0) {
		struct stream err = {.fd = errors, .pending = out.pending};
		lseek(errors, 0, SEEK_SET);
		while (drain(options, &err))
			;
	}
	g_string_free(out.pending, TRUE);
	close(ends[0]);
	return ok;
}

char **
process_environment(const char *const *changes)
{
	char **list = g_get_environ();
	for (; *changes; changes += 2) {
		if (changes[1])
			list = g_environ_setenv(list, changes[0], changes[1], TRUE);
		else
			list = g_environ_unsetenv(list, changes[0]);
	}
	return list;
}

void
process_explain(Log *log, const char *what, int status, const GString *output)
{
	size_t lines = 0;
	for (const char *at = output ? output->str : ""; (at = strchr(at, '\n')); at++)
		lines++;
	g_autofree char *message =
		g_strdup_printf("%s did not run successfully.\nexit code: %d", what, status);
	g_autofree char *context =
		output ? g_strdup_printf(
				 "[%zu lines of output]\n%s[end of output]", lines, output->str)
		       : g_strdup("No available output.");
	log_diagnostic(
		log, &(struct diagnostic){.reference = "subprocess-exited-with-error",
			     .message = message,
			     .context = context,
			     .note = "This error originates from a subprocess, and is likely not a "
				     "problem with xpip."});
}
