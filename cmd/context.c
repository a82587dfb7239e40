/* SPDX-License-Identifier: MIT */
/* What commands share, made at first use. */
#include "cmd/cmd.h"

#include <math.h>

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
		.user_agent = "xpip/" XPIP_VERSION,
	};
	x->http = http_new(x->loop, x->log, &options, error);
	return x->http;
}

void
xpip_clear(struct xpip *x)
{
	http_free(x->http);
	jobs_free(x->jobs);
	loop_free(x->loop);
}

char *
xpip_version_text(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	return g_strdup_printf("xpip %s from %s", XPIP_VERSION, self ? self : "xpip");
}
