/* SPDX-License-Identifier: MIT */
#include "cmd/listing.h"
#include "resolver/version.h"
#include "wheel/change.h"

bool
listing_is_stdlib(const Installed *dist)
{
	return g_strv_contains((const char *const[]){"python", "wsgiref", "argparse", NULL},
		dist->normalized_name);
}

char *
listing_version(const Installed *dist, bool *legacy)
{
	g_autoptr(Version) version = version_parse_string(dist->version);
	if (legacy)
		*legacy = !version;
	return g_strdup(version ? version_text(version) : dist->raw_version);
}

void
listing_warn_broken(const struct xpip *x, const Python *python)
{
	if (change_is_broken(&python->scheme))
		log_warning(x->log,
			"A change of this environment was interrupted and is not finished. The "
			"next "
			"`%s install` or `%s uninstall` finishes it.",
			x->program, x->program);
}

void
listing_free(Listing *listing)
{
	if (!listing)
		return;
	if (listing->dists)
		g_ptr_array_unref(listing->dists);
	installed_free(listing->set);
	g_free(listing);
}

Listing *
listing_new(struct xpip *x, GError **error)
{
	const char *const *paths = options_list(x->options, OPT_PATH);
	bool user = options_flag(x->options, OPT_USER), local = options_flag(x->options, OPT_LOCAL);
	if (*paths && (user || local)) {
		error_set(error, ERROR_INVALID_INPUT,
			"Cannot combine '--path' with '--user' or '--local'");
		return NULL;
	}
	const Python *python = xpip_python(x, error);
	if (!python)
		return NULL;
	if (!*paths)
		listing_warn_broken(x, python);
	g_autoptr(Listing) listing = g_new0(Listing, 1);
	listing->set = installed_scan(python, *paths ? paths : NULL, x->log, error);
	if (!listing->set)
		return NULL;
	listing->dists = g_ptr_array_new();
	for (size_t i = 0; i < installed_count(listing->set); i++) {
		Installed *dist = installed_get(listing->set, i);
		if ((dist->local || !local) && (dist->in_user_site || !user))
			g_ptr_array_add(listing->dists, dist);
	}
	return g_steal_pointer(&listing);
}
