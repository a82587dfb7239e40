/* SPDX-License-Identifier: MIT */
/* Wheels that the store lacks are fetched all at once, and each is unpacked as soon as its hash has
 * been checked; meanwhile what is no wheel is built. */
#include "cmd/plan_private.h"

#include "cmd/wheels.h"
#include "resolver/sidecar.h"

#include <string.h>

static void
fail(Plan *plan, const GError *error)
{
	if (!plan->rest->failure)
		plan->rest->failure = g_error_copy(error);
}

/* What was decided by a `.metadata` file must hold for the wheel. */
static bool
check_sidecar(const struct plan_item *item, const StoreWheel *wheel, GError **error)
{
	const struct resolved *resolved = item->resolved;
	if (resolved->kind != RESOLVED_INDEX || !resolved->file->has_metadata)
		return true;
	g_autoptr(Metadata) metadata = store_wheel_metadata(wheel, error);
	const char *asked = *resolved->asked ? resolved->asked : resolved->name;
	return metadata && sidecar_check(resolved->metadata, metadata, asked, error);
}

static void
take_wheel(StoreWheel *wheel, GPtrArray *warnings, const GError *error, void *user)
{
	struct unpack *unpack = user;
	Plan *plan = unpack->plan;
	if (!plan) {
		store_wheel_free(wheel);
	} else {
		g_hash_table_remove(plan->rest->unpacking, unpack);
		artifact_say_warnings(plan->x->log, unpack->filename, warnings);
		g_autoptr(GError) why = error ? g_error_copy(error) : NULL;
		if (wheel)
			check_sidecar(unpack->item, wheel, &why);
		if (why)
			fail(plan, why);
		unpack->item->wheel = wheel;
	}
	g_free(unpack->filename);
	g_free(unpack);
}

static void
take_download(StoreDownload *download, const struct digest *sha256, const GError *error, void *user)
{
	struct unpack *unpack = user;
	Plan *plan = unpack->plan;
	if (error || !plan) {
		if (plan) {
			g_hash_table_remove(plan->rest->unpacking, unpack);
			fail(plan, error);
		}
		store_download_free(download);
		g_free(unpack->filename);
		g_free(unpack);
		return;
	}
	const struct resolved *resolved = unpack->item->resolved;
	struct store_add_options options = {
		.filename = unpack->filename, .strict_record = !resolved->file->local};
	unpack->item->wheel = store_find(plan->store, sha256, unpack->filename);
	if (unpack->item->wheel) { /* known, though the index did not tell its hash */
		store_download_free(download);
		take_wheel(unpack->item->wheel, NULL, NULL, unpack);
		return;
	}
	store_add_wheel(plan->store, plan->jobs, download, &options, take_wheel, unpack);
}

/* The store's wheel if the index tells its SHA-256 and the user demands no other. */
static StoreWheel *
find_in_store(Plan *plan, const struct resolved *resolved)
{
	const char *name = page_text(resolved->page, resolved->file->hash_name);
	const char *hex = page_text(resolved->page, resolved->file->hash);
	struct digest digest;
	if (!name || strcmp(name, "sha256") != 0 || !digest_from_hex(hex, &digest))
		return NULL;
	g_autofree char *demanded = g_strconcat("sha256:", hex, NULL);
	if (resolved->hashes && !g_strv_contains(resolved->hashes, demanded))
		return NULL;
	return store_find(
		plan->store, &digest, page_text(resolved->page, resolved->file->filename));
}

bool
plan_fetch_file(
	Plan *plan, const struct plan_item *item, fetch_done_fn done, void *user, GError **error)
{
	const struct resolved *resolved = item->resolved;
	g_autofree char *asked = plan_asked(plan, item);
	struct fetch_file file = {
		.url = page_text(resolved->page, resolved->file->url),
		.filename = page_text(resolved->page, resolved->file->filename),
		.what = asked,
		.size = resolved->file->size,
		.hash_name = page_text(resolved->page, resolved->file->hash_name),
		.hash = page_text(resolved->page, resolved->file->hash),
		.demanded = resolved->hashes,
	};
	return fetch_add(plan->rest->fetch, &file, done, user, error);
}

void
plan_fetch_end(Plan *plan)
{
	fetch_end(plan->rest->fetch);
	if (plan->rest->progress)
		progress_finish(plan->rest->progress);
}

static bool
start_wheel(Plan *plan, struct plan_item *item, GError **error)
{
	const struct resolved *resolved = item->resolved;
	const char *filename = page_text(resolved->page, resolved->file->filename);
	item->wheel = find_in_store(plan, resolved);
	if (item->wheel) {
		if (!check_sidecar(item, item->wheel, error))
			return false;
		g_autofree char *size = fetch_size_text(resolved->file->size);
		if (!plan->rest->quiet && !resolved->file->local)
			log_info(plan->x->log, "Using cached %s%s%s%s", filename,
				resolved->file->size >= 0 ? " (" : "",
				resolved->file->size >= 0 ? size : "",
				resolved->file->size >= 0 ? ")" : "");
		return true;
	}
	struct unpack *unpack = g_new0(struct unpack, 1);
	unpack->plan = plan;
	unpack->item = item;
	unpack->filename = g_strdup(filename);
	g_hash_table_add(plan->rest->unpacking, unpack);
	if (plan_fetch_file(plan, item, take_download, unpack, error))
		return true;
	g_hash_table_remove(plan->rest->unpacking, unpack);
	g_free(unpack->filename);
	g_free(unpack);
	return false;
}

static int
by_size(const void *a, const void *b)
{
	const struct plan_item *x = *(struct plan_item *const *)a,
			       *y = *(struct plan_item *const *)b;
	int64_t one = x->resolved->file->size, two = y->resolved->file->size;
	return one == two ? 0 : one > two ? -1 : 1;
}

/* Wheels of the index, largest first: the last one to be unpacked should be a small one. */
static bool
start_wheels(Plan *plan, GError **error)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		if (item->resolved->action != RESOLVED_KEEP && !item->artifact &&
			item->resolved->kind == RESOLVED_INDEX &&
			item->resolved->file->kind == FILE_WHEEL)
			g_ptr_array_add(wanted, item);
	}
	g_ptr_array_sort(wanted, by_size);
	for (guint i = 0; i < wanted->len; i++)
		if (!start_wheel(plan, g_ptr_array_index(wanted, i), error))
			return false;
	return true;
}

/* What the user named comes first, as named; the rest as it is installed. */
static int
by_root(const void *a, const void *b)
{
	const struct plan_item *x = *(struct plan_item *const *)a,
			       *y = *(struct plan_item *const *)b;
	size_t one = x->resolved->root, two = y->resolved->root;
	if (one != two)
		return one < two ? -1 : 1;
	return x < y ? -1 : x > y;
}

bool
plan_build(Plan *plan, GPtrArray *failed, GError **error)
{
	g_autoptr(GPtrArray) artifacts = g_ptr_array_new(), items = g_ptr_array_new();
	for (size_t i = 0; i < plan->count; i++)
		g_ptr_array_add(items, &plan->items[i]);
	g_ptr_array_sort(items, by_root);
	for (guint i = 0; i < items->len; i++) {
		struct plan_item *item = g_ptr_array_index(items, i);
		if (item->resolved->action == RESOLVED_KEEP || item->wheel)
			continue;
		if (!item->artifact && item->resolved->kind == RESOLVED_INDEX &&
			item->resolved->file->kind == FILE_SDIST) {
			item->artifact = plan_open_sdist(
				plan, item->resolved->page, item->resolved->file, error);
			if (!item->artifact)
				return false;
		}
		if (item->artifact)
			g_ptr_array_add(artifacts, item->artifact);
	}
	return wheels_build(&plan->rest->context, artifacts, failed, error);
}

static bool
build_wheels(Plan *plan, GError **error)
{
	g_autoptr(GPtrArray) failed = g_ptr_array_new_with_free_func(g_free);
	if (!plan_build(plan, failed, error))
		return false;
	if (failed->len > 0)
		return build_refuse_failed(plan->x->log, failed, error);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].artifact && !plan->items[i].wheel &&
			plan->items[i].artifact->wheel)
			plan->items[i].wheel = store_wheel_ref(plan->items[i].artifact->wheel);
	return true;
}

/* Runs the loop until nothing is under way, or something failed. */
static bool
wait_for_wheels(Plan *plan, GError **error)
{
	struct plan_rest *rest = plan->rest;
	unsigned count = g_hash_table_size(rest->unpacking), left;
	while ((left = g_hash_table_size(rest->unpacking)) && !rest->failure) {
		if (rest->progress && progress_idle(rest->progress))
			progress_count(rest->progress, "Unpacking", count - left, count, NULL);
		if (!loop_turn(plan->loop, -1, error))
			return false;
	}
	if (rest->progress)
		progress_finish(rest->progress);
	if (!rest->failure)
		return true;
	g_propagate_error(error, g_steal_pointer(&rest->failure));
	return false;
}

bool
plan_fetch(Plan *plan, GError **error)
{
	return start_wheels(plan, error) && build_wheels(plan, error) &&
	       wait_for_wheels(plan, error);
}
