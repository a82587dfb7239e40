/* SPDX-License-Identifier: MIT */
/* One object a distribution: where it comes from (PEP 610), who wanted it, its metadata. */
#include "cmd/install_report.h"

#include "lib/fs.h"
#include "resolver/marker.h"

#include <fcntl.h>

/* SHA-256 of a file of a find-links folder, in hex; NULL for what isn't local. */
static char *
hash_local(const char *url)
{
	g_autofree char *path = fs_url_to_path(url, NULL);
	g_auto(fd_t) fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct digest digest;
	if (fd < 0 || !digest_file(fd, &digest, NULL))
		return NULL;
	char *hex = g_malloc(65);
	digest_to_hex(&digest, hex);
	return hex;
}

/* PEP 610 of an index file. */
static void
write_index_info(JsonWriter *writer, const struct resolved *resolved)
{
	const IndexPage *page = resolved->page;
	const char *name = page_text(page, resolved->file->hash_name);
	const char *hash = page_text(page, resolved->file->hash);
	g_autofree char *local = hash ? NULL : hash_local(page_text(page, resolved->file->url));
	if (local) {
		name = "sha256";
		hash = local;
	}
	g_autofree char *url = http_redact_url(page_text(page, resolved->file->url));
	json_begin(writer, '{');
	json_key(writer, "url");
	json_put_string(writer, url);
	json_key(writer, "archive_info");
	json_begin(writer, '{');
	if (name && hash) {
		g_autofree char *both = g_strconcat(name, "=", hash, NULL);
		json_key(writer, "hash");
		json_put_string(writer, both);
		json_key(writer, "hashes");
		json_begin(writer, '{');
		json_key(writer, name);
		json_put_string(writer, hash);
		json_end(writer);
	}
	json_end(writer);
	json_end(writer);
}

static void
write_item(JsonWriter *writer, const struct plan_item *item)
{
	const struct resolved *resolved = item->resolved;
	const DirectUrl *direct = plan_direct_url(item);
	json_begin(writer, '{');
	json_key(writer, "download_info");
	if (direct)
		directurl_write(direct, writer, false);
	else if (resolved->kind == RESOLVED_INDEX)
		write_index_info(writer, resolved);
	else
		json_put_null(writer);
	json_key(writer, "is_direct");
	json_put_bool(writer, resolved->kind == RESOLVED_DIRECT);
	json_key(writer, "is_yanked");
	json_put_bool(writer, resolved->yanked != NULL);
	json_key(writer, "requested");
	json_put_bool(writer, resolved->requested);
	if (resolved->extras[0]) {
		json_key(writer, "requested_extras");
		json_begin(writer, '[');
		for (size_t i = 0; resolved->extras[i]; i++)
			json_put_string(writer, resolved->extras[i]);
		json_end(writer);
	}
	json_key(writer, "metadata");
	metadata_write_json(resolved->metadata, writer);
	json_end(writer);
}

char *
install_report(const Plan *plan)
{
	g_autoptr(JsonWriter) writer = json_writer_new(2);
	json_begin(writer, '{');
	json_key(writer, "version");
	json_put_string(writer, "1");
	json_key(writer, "pip_version");
	json_put_string(writer, XPIP_VERSION);
	json_key(writer, "install");
	json_begin(writer, '[');
	g_autofree const struct plan_item **items = plan_decisions(plan);
	for (size_t i = 0; i < plan->count; i++)
		if (items[i]->resolved->action != RESOLVED_KEEP)
			write_item(writer, items[i]);
	json_end(writer);
	json_key(writer, "environment");
	json_begin(writer, '{');
	for (size_t i = 0; i < MARKER_VARIABLES; i++) {
		json_key(writer, marker_variable_names[i]);
		json_put_string(writer, plan->python->markers[i]);
	}
	json_end(writer);
	json_end(writer);
	return json_writer_take(writer);
}
