/* SPDX-License-Identifier: MIT */
/* What commands share, made at first use. */
#include "cmd/cmd.h"

#include <math.h>
#include <termios.h>
#include <unistd.h>

Loop *
xpip_loop(struct xpip *x, GError **error)
{
	if (!x->loop)
		x->loop = loop_new(error);
	return x->loop;
}

Jobs *
xpip_jobs(struct xpip *x, GError **error)
{
	if (!x->jobs && xpip_loop(x, error))
		x->jobs = jobs_new(x->loop, 0);
	return x->jobs;
}

/* What is typed is not shown. */
static char *
ask_secret(Log *log, const char *prompt)
{
	struct termios shown, hidden;
	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return NULL;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	char *secret = log_ask_line(log, prompt);
	log_output(log, "");
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	return secret;
}

/* After a 401, as pip asks; only on a terminal. */
static bool
ask_login(void *user, const char *host, char **name, char **password)
{
	struct xpip *x = user;
	if (!isatty(STDIN_FILENO))
		return false;
	g_autofree char *prompt = g_strdup_printf("User for %s: ", host);
	g_autofree char *who = log_ask_line(x->log, prompt);
	g_autofree char *secret = who && *who ? ask_secret(x->log, "Password: ") : NULL;
	if (!secret)
		return false;
	*name = g_steal_pointer(&who);
	*password = g_steal_pointer(&secret);
	return true;
}

Http *
xpip_http(struct xpip *x, GError **error)
{
	if (x->http || !xpip_loop(x, error))
		return x->http;
	double timeout = ceil(options_float(x->options, OPT_TIMEOUT));
	struct http_options options = {
		.timeout_s = (int)CLAMP(timeout, 1, 86400),
		.retries = options_int(x->options, OPT_RETRIES),
		.resume_retries = options_int(x->options, OPT_RESUME_RETRIES),
		.proxy = options_string(x->options, OPT_PROXY),
		.no_proxy_env = options_flag(x->options, OPT_NO_PROXY_ENV),
		.cert = options_string(x->options, OPT_CERT),
		.client_cert = options_string(x->options, OPT_CLIENT_CERT),
		.trusted_hosts = options_list(x->options, OPT_TRUSTED_HOST),
		.cache_dir = x->cache_dir,
		.keyring_provider = options_string(x->options, OPT_KEYRING_PROVIDER),
		.no_input = options_flag(x->options, OPT_NO_INPUT),
		.ask = ask_login,
		.ask_user = x,
		.user_agent = "xpip/" XPIP_VERSION,
	};
	x->http = http_new(x->loop, x->log, &options, error);
	return x->http;
}

const Python *
xpip_python(struct xpip *x, GError **error)
{
	struct python_options options = {
		.python = options_string(x->options, OPT_PYTHON), .cache_dir = x->cache_dir};
	if (!x->python)
		x->python = python_find(&options, x->log, error);
	return x->python;
}

void
xpip_clear(struct xpip *x)
{
	http_free(x->http);
	jobs_free(x->jobs);
	loop_free(x->loop);
	python_free(x->python);
}

char *
xpip_version_text(const Python *python)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	GString *text = g_string_new(NULL);
	g_string_append_printf(text, "xpip %s from %s", XPIP_VERSION, self ? self : "xpip");
	if (python)
		g_string_append_printf(text, " (python %d.%d)", python->major, python->minor);
	return g_string_free(text, FALSE);
}
