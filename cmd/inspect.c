/* SPDX-License-Identifier: MIT */
/* `xpip inspect`: everything about an environment's distributions, as JSON. */
#include "cmd/listing.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "resolver/marker.h"

static void
put_member(JsonWriter *writer, const char *key, const char *value)
{
	json_key(writer, key);
	json_put_string(writer, value);
}

/* PEP 610's form of an egg-link, which has no direct_url.json. */
static void
put_link(JsonWriter *writer, const char *folder)
{
	g_autofree char *url = fs_path_to_url(folder);
	json_begin(writer, '{');
	put_member(writer, "url", url);
	json_key(writer, "dir_info");
	json_begin(writer, '{');
	json_key(writer, "editable");
	json_put_bool(writer, true);
	json_end(writer);
	json_end(writer);
}

static void
put_dist(struct xpip *x, const Listing *listing, Installed *dist, JsonWriter *writer)
{
	const Metadata *metadata = installed_metadata(dist, NULL);
	g_autoptr(DirectUrl) direct = installed_direct_url(dist, x->log);
	g_autofree char *installer = installed_installer(dist);
	json_begin(writer, '{');
	json_key(writer, "metadata");
	if (metadata) {
		metadata_write_json(metadata, writer);
	} else {
		json_begin(writer, '{');
		json_end(writer);
	}
	put_member(writer, "metadata_location", dist->info);
	const char *folder = direct ? NULL : installed_editable(listing->set, dist, NULL);
	if (direct || folder)
		json_key(writer, "direct_url");
	if (direct)
		directurl_write(direct, writer, false);
	else if (folder)
		put_link(writer, folder);
	if (*installer)
		put_member(writer, "installer", installer);
	if (dist->kind == INSTALLED_DIST_INFO) {
		json_key(writer, "requested");
		json_put_bool(writer, installed_requested(dist));
	}
	json_end(writer);
}

static bool
run(struct xpip *x, GError **error)
{
	g_autoptr(Listing) listing = listing_new(x, error);
	g_autoptr(JsonWriter) writer = json_writer_new(2);
	if (!listing)
		return false;
	json_begin(writer, '{');
	put_member(writer, "version", "1");
	put_member(writer, "pip_version", XPIP_VERSION);
	json_key(writer, "installed");
	json_begin(writer, '[');
	for (guint i = 0; i < listing->dists->len; i++) {
		Installed *dist = g_ptr_array_index(listing->dists, i);
		if (!listing_is_stdlib(dist))
			put_dist(x, listing, dist, writer);
	}
	json_end(writer);
	json_key(writer, "environment");
	json_begin(writer, '{');
	for (int i = 0; i < MARKER_VARIABLES; i++)
		put_member(writer, marker_variable_names[i], x->python->markers[i]);
	json_end(writer);
	json_end(writer);
	g_autofree char *text = json_writer_take(writer);
	log_output(x->log, text);
	return true;
}

static const enum option own_options[] = {OPT_LOCAL, OPT_USER, OPT_PATH, OPTION_COUNT};

const struct command inspect_command = {
	.name = "inspect",
	.summary = "Inspect the python environment.",
	.usage = "[options]",
	.description = "Write a JSON report about the installed packages of an environment.",
	.run = run,
	.no_virtualenv_check = true,
	.options = own_options,
};
