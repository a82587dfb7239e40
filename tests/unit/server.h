/* SPDX-License-Identifier: MIT */
/* For unit tests: starts tests/server, whose address is the first line that it prints. */
#pragma once
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
	GPid pid;
	int out;
	char *url; /* http://127.0.0.1:PORT */
};

static inline void
server_start(struct server *server, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GString) line = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_ptr_array_add(argv, (char *)"python3");
	g_ptr_array_add(argv, (char *)"tests/server");
	for (; arguments && *arguments; arguments++)
		g_ptr_array_add(argv, (char *)*arguments);
	g_ptr_array_add(argv, NULL);
	g_spawn_async_with_pipes(NULL, (char **)argv->pdata, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &server->pid, NULL,
		&server->out, NULL, &error);
	g_assert_no_error(error);
	for (char c; read(server->out, &c, 1) == 1 && c != '\n';)
		g_string_append_c(line, c);
	g_assert_true(g_str_has_prefix(line->str, "http"));
	server->url = g_strdup(line->str);
}

static inline void
server_stop(struct server *server)
{
	if (!server->url)
		return;
	kill(server->pid, SIGKILL); /* a loop in this process has SIGTERM blocked for it */
	waitpid(server->pid, NULL, 0);
	close(server->out);
	g_clear_pointer(&server->url, g_free);
}
