/* SPDX-License-Identifier: MIT */
#include "wheel/installed.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/texts.h"
#include "wheel/egginfo.h"
#include "wheel/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 64 << 20, HEAD = 4096 };

struct InstalledSet {
	GPtrArray *list;     /* of Installed *, sorted by normalised name */
	GHashTable *by_name; /* normalised name (of the Installed) -> Installed * */
	GHashTable *links;   /* names of the egg-links on sys.path, without suffix */
};

/* One folder that is searched. */
struct place {
	const Python *python;
	Log *log;
	const char *folder; /* where the entries are */
	bool is_link;	    /* an egg-link led there */
	bool in_site, in_user_site, local;
};

static void
dist_free(void *data)
{
	Installed *dist = data;
	g_free(dist->name);
	g_free(dist->normalized_name);
	g_free(dist->version);
	g_free(dist->raw_version);
	g_free(dist->location);
	g_free(dist->info);
	g_free(dist->editable_location);
	metadata_free(dist->metadata);
	g_free(dist);
}

void
installed_free(InstalledSet *set)
{
	if (!set)
		return;
	g_hash_table_unref(set->links);
	g_hash_table_unref(set->by_name);
	g_ptr_array_unref(set->list);
	g_free(set);
}

/* --- name and version ---------------------------------------------------------------------- */

/* The file that holds the metadata of an entry; new string. */
static char *
metadata_path(const Installed *dist)
{
	switch (dist->kind) {
	case INSTALLED_DIST_INFO:
		return g_build_filename(dist->info, "METADATA", NULL);
	case INSTALLED_EGG_INFO_FILE:
		return g_strdup(dist->info);
	default:
		if (g_str_has_suffix(dist->info, ".dist-info"))
			return g_build_filename(dist->info, "METADATA", NULL);
		return g_build_filename(dist->info, "PKG-INFO", NULL);
	}
}

static void
set_text(char **text, const char *value)
{
	if (g_strcmp0(*text, value) == 0)
		return;
	char *fresh = g_strdup(value);
	g_free(*text);
	*text = fresh;
}

static void
spell(Installed *dist, const char *name, const char *version)
{
	dist->spelled = true;
	set_text(&dist->name, name);
	set_text(&dist->raw_version, version);
	/* A dist-info's name has the version, an egg-info's need not (it may say `-py3.11`). */
	if (!dist->version || !g_str_has_suffix(dist->info, ".dist-info"))
		set_text(&dist->version, version);
}

/* The value of a header that stands complete in the head of a file: new string or NULL. */
static char *
head_value(const char *head, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = head; line && *line && *line != '\n' && *line != '\r';) {
		const char *end = strchr(line, '\n');
		if (!end)
			return NULL;
		if (g_ascii_strncasecmp(line, name, length) == 0 && line[length] == ':' &&
			end[1] != ' ' && end[1] != '\t')
			return g_strstrip(
				g_strndup(line + length + 1, (gsize)(end - line) - length - 1));
		line = end + 1;
	}
	return NULL;
}

void
installed_spell(Installed *dist)
{
	if (dist->spelled)
		return;
	char head[HEAD + 1];
	g_autofree char *path = metadata_path(dist);
	g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : pread(fd, head, HEAD, 0);
	head[MAX(length, 0)] = '\0';
	g_autofree char *name = head_value(head, "Name");
	g_autofree char *version = head_value(head, "Version");
	bool plain = name && *name && version && *version && g_utf8_validate(name, -1, NULL) &&
		     g_utf8_validate(version, -1, NULL);
	if (plain)
		spell(dist, name, version);
	else if (!installed_metadata(dist, NULL) && dist->normalized_name) {
		set_text(&dist->name, dist->normalized_name);
		dist->spelled = true;
	}
}

const Metadata *
installed_metadata(Installed *dist, GError **error)
{
	if (dist->metadata)
		return dist->metadata;
	g_autofree char *path = metadata_path(dist);
	size_t length = 0;
	g_autofree char *text = fs_read(path, MAX_FILE, &length, NULL, error);
	if (!text)
		return NULL;
	g_autoptr(Metadata) metadata = metadata_parse(text, length, error);
	if (!metadata) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	if (!g_str_has_suffix(dist->info, ".dist-info")) {
		g_autofree char *requires = installed_read(dist, "requires.txt", NULL);
		if (requires)
			egginfo_add_requires(metadata, requires);
	}
	spell(dist, metadata->name, metadata->version);
	return dist->metadata = g_steal_pointer(&metadata);
}

/* --- entries of a folder -------------------------------------------------------------------- */

/* What the name of a folder tells: `NAME-VERSION.dist-info`, `NAME[-…].egg-info`. */
static void
read_folder_name(Installed *dist, const char *entry)
{
	size_t length = strlen(entry) - strlen(".dist-info");
	const char *dash = memchr(entry, '-', length);
	bool dist_info = g_str_has_suffix(entry, ".dist-info");
	size_t name = dash ? (size_t)(dash - entry) : dist_info ? 0 : length;
	if (!name)
		return;
	dist->name = g_strndup(entry, name);
	if (dash && dist_info && name + 1 < length)
		dist->version = g_strndup(dash + 1, length - name - 1);
	dist->raw_version = g_strdup(dist->version);
}

/* Says why an entry is left out, once it is known that it is no distribution. */
static Installed *
entry_refuse(const struct place *place, Installed *dist)
{
	if (place->log && dist->normalized_name && dist->version)
		log_warning(place->log, "Ignoring invalid distribution %s (%s)",
			dist->normalized_name, dist->location);
	else if (place->log)
		log_warning(place->log, "Skipping %s due to invalid metadata entry '%s'",
			dist->info, dist->normalized_name ? "version" : "name");
	dist_free(dist);
	return NULL;
}

static Installed *
entry_new(const struct place *place, const char *entry)
{
	Installed *dist = g_new0(Installed, 1);
	bool dist_info = g_str_has_suffix(entry, ".dist-info");
	bool egg = !dist_info && !g_str_has_suffix(entry, ".egg-info"); /* EGG-INFO */
	dist->info = g_build_filename(place->folder, entry, NULL);
	dist->location = g_strdup(place->folder);
	dist->kind = dist_info ? INSTALLED_DIST_INFO : egg ? INSTALLED_EGG : INSTALLED_EGG_INFO;
	if (dist->kind == INSTALLED_EGG_INFO && !g_file_test(dist->info, G_FILE_TEST_IS_DIR))
		dist->kind = INSTALLED_EGG_INFO_FILE;
	if (place->is_link)
		dist->kind = INSTALLED_DEVELOP;
	if (!egg)
		read_folder_name(dist, entry);
	/* The spelling of the name stands in METADATA only; it is read when somebody asks. */
	if (!dist->name || !dist->version)
		installed_spell(dist);
	dist->normalized_name = dist->name ? name_normalize(dist->name) : NULL;
	if (!dist->name || !dist->version ||
		!name_is_valid(dist->normalized_name, strlen(dist->normalized_name)))
		return entry_refuse(place, dist);
	if (place->is_link)
		dist->editable_location = g_strdup(place->folder);
	dist->in_site = place->in_site;
	dist->in_user_site = place->in_user_site;
	dist->local = place->local;
	return dist;
}

/* --- scanning ------------------------------------------------------------------------------- */

static bool
is_below(const char *path, const char *folder)
{
	size_t length = folder ? strlen(folder) : 0;
	return folder && strncmp(path, folder, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

static char *
resolve_path(const char *path)
{
	char *real = path ? realpath(path, NULL) : NULL;
	char *copy = g_strdup(real ? real : path);
	free(real);
	return copy;
}

static void
place_judge(struct place *place)
{
	const Python *python = place->python;
	g_autofree char *real = resolve_path(place->folder);
	g_autofree char *user = resolve_path(python->user_site);
	g_autofree char *prefix = resolve_path(python->prefix);
	g_autofree char *pure = resolve_path(python->scheme.purelib);
	g_autofree char *plat = resolve_path(python->scheme.platlib);
	place->in_site = g_strcmp0(real, pure) == 0 || g_strcmp0(real, plat) == 0;
	place->in_user_site = is_below(real, user);
	place->local = !python->is_venv || is_below(real, prefix);
}

static bool
is_entry(const char *name, bool in_egg)
{
	return g_str_has_suffix(name, ".dist-info") || g_str_has_suffix(name, ".egg-info") ||
	       (in_egg && g_ascii_strcasecmp(name, "EGG-INFO") == 0);
}

/* Names of the distributions and of the egg-links in a folder, sorted: the same order everywhere,
 * whatever the file system's. */
static bool
read_folder(const struct place *place, GPtrArray *entries, GPtrArray *links)
{
	DIR *dir = opendir(place->folder);
	if (!dir) {
		if (place->log && errno != ENOENT && errno != ENOTDIR)
			log_warning(place->log, "%s: cannot be read: %s", place->folder,
				g_strerror(errno));
		return false;
	}
	bool in_egg = g_str_has_suffix(place->folder, ".egg");
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (is_entry(entry->d_name, in_egg))
			g_ptr_array_add(entries, g_strdup(entry->d_name));
		else if (g_str_has_suffix(entry->d_name, ".egg-link"))
			g_ptr_array_add(links, g_strdup(entry->d_name));
	}
	closedir(dir);
	g_ptr_array_sort(entries, texts_compare);
	g_ptr_array_sort(links, texts_compare);
	return true;
}

/* The folder that an egg-link names in its first line that isn't blank: new string or NULL. */
static char *
link_target(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *text = fs_read(path, 65536, NULL, NULL, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line))
			return g_path_is_absolute(*line) ? g_strdup(*line)
							 : g_build_filename(folder, *line, NULL);
	return NULL;
}

static void
note_link(InstalledSet *set, const char *name)
{
	g_hash_table_add(set->links, g_strndup(name, strlen(name) - strlen(".egg-link")));
}

static void
scan_place(InstalledSet *set, const struct place *place)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
	if (!read_folder(place, entries, links))
		return;
	for (guint i = 0; i < entries->len; i++) {
		Installed *dist = entry_new(place, g_ptr_array_index(entries, i));
		/* The first one found on sys.path is the one that imports see. */
		if (dist && g_hash_table_contains(set->by_name, dist->normalized_name))
			dist_free(dist);
		else if (dist) {
			g_ptr_array_add(set->list, dist);
			g_hash_table_insert(set->by_name, dist->normalized_name, dist);
		}
	}
	for (guint i = 0; i < links->len && !place->is_link; i++) {
		const char *name = g_ptr_array_index(links, i);
		g_autofree char *target = link_target(place->folder, name);
		struct place behind = *place;
		behind.folder = target;
		behind.is_link = true;
		note_link(set, name);
		if (target)
			scan_place(set, &behind);
	}
}

/* --path hides sys.path's distributions, yet whether one is editable is asked of its egg-links. */
static void
note_links(InstalledSet *set, const struct place *place)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
	if (read_folder(place, entries, links))
		for (guint i = 0; i < links->len; i++)
			note_link(set, g_ptr_array_index(links, i));
}

static int
compare_dists(const void *a, const void *b)
{
	return strcmp((*(Installed *const *)a)->normalized_name,
		(*(Installed *const *)b)->normalized_name);
}

InstalledSet *
installed_scan(const Python *python, const char *const *paths, Log *log, GError **error)
{
	(void)error;
	InstalledSet *set = g_new0(InstalledSet, 1);
	set->list = g_ptr_array_new_with_free_func(dist_free);
	set->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	set->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *const *system = (const char *const *)python->sys_path;
	for (const char *const *folder = paths ? paths : system; *folder; folder++) {
		struct place place = {.python = python, .log = log, .folder = *folder};
		place_judge(&place);
		scan_place(set, &place);
	}
	for (; paths && *system; system++) {
		struct place place = {.python = python, .folder = *system};
		note_links(set, &place);
	}
	g_ptr_array_sort(set->list, compare_dists);
	return set;
}

size_t
installed_count(const InstalledSet *set)
{
	return set->list->len;
}

Installed *
installed_get(InstalledSet *set, size_t index)
{
	return g_ptr_array_index(set->list, index);
}

Installed *
installed_find(InstalledSet *set, const char *normalized_name)
{
	return g_hash_table_lookup(set->by_name, normalized_name);
}

/* --- what stands beside METADATA ------------------------------------------------------------ */

/* setuptools names an egg-link as pkg_resources' safe_name() would, newer ones after the raw name.
 */
static bool
has_link(const InstalledSet *set, Installed *dist)
{
	if (!g_hash_table_size(set->links))
		return false;
	installed_spell(dist);
	if (g_hash_table_contains(set->links, dist->name))
		return true;
	g_autoptr(GString) safe = g_string_new(NULL);
	for (const char *c = dist->name; *c; c++)
		if (g_ascii_isalnum(*c) || *c == '.')
			g_string_append_c(safe, *c);
		else if (!safe->len || c[-1] == '.' || g_ascii_isalnum(c[-1]))
			g_string_append_c(safe, '-');
	return g_hash_table_contains(set->links, safe->str);
}

DirectUrl *
installed_direct_url(const Installed *dist, Log *log)
{
	size_t length = 0;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = installed_read(dist, "direct_url.json", &length);
	DirectUrl *direct = text ? directurl_parse(text, length, &error) : NULL;
	if (error && log)
		log_warning(log, "Error parsing direct_url.json for %s: %s", dist->normalized_name,
			error->message);
	return direct;
}

const char *
installed_editable(InstalledSet *set, Installed *dist, Log *log)
{
	if (dist->editable_known)
		return dist->editable_location;
	dist->editable_known = true;
	g_clear_pointer(&dist->editable_location, g_free);
	g_autoptr(DirectUrl) direct = installed_direct_url(dist, log);
	if (direct && direct->kind == DIRECTURL_FOLDER && direct->editable)
		dist->editable_location = fs_url_to_path(direct->url, NULL);
	else if (!direct && has_link(set, dist))
		dist->editable_location = g_strdup(dist->location);
	return dist->editable_location;
}

char *
installed_read(const Installed *dist, const char *file, size_t *length)
{
	if (dist->kind == INSTALLED_EGG_INFO_FILE)
		return NULL;
	g_autofree char *path = g_build_filename(dist->info, file, NULL);
	bool absent = false;
	return fs_read(path, MAX_FILE, length, &absent, NULL);
}

char *
installed_installer(const Installed *dist)
{
	g_autofree char *text = installed_read(dist, "INSTALLER", NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line))
			return g_strdup(*line);
	return g_strdup("");
}

bool
installed_requested(const Installed *dist)
{
	g_autofree char *path = g_build_filename(dist->info, "REQUESTED", NULL);
	return access(path, F_OK) == 0;
}
