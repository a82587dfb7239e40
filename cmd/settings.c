/* SPDX-License-Identifier: MIT */
#include "cmd/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "pip.conf"
#define MAX_FILE (4 << 20)

extern char **environ;

const char *
settings_kind_name(enum settings_kind kind)
{
	static const char *const names[] = {"global", "user", "site", "env"};
	return names[kind];
}

char *
settings_normalize(const char *name)
{
	char *text = g_utf8_validate(name, -1, NULL) ? g_utf8_strdown(name, -1)
						     : g_ascii_strdown(name, -1);
	g_strdelimit(text, "_", '-');
	if (g_str_has_prefix(text, "--"))
		memmove(text, text + 2, strlen(text + 2) + 1);
	return text;
}

static void
file_free(void *data)
{
	struct settings_file *file = data;
	g_free(file->path);
	ini_free(file->ini);
	g_free(file);
}

void
settings_free(Settings *settings)
{
	if (!settings)
		return;
	g_ptr_array_unref(settings->files);
	g_free(settings);
}

/* Absent and unreadable files count as empty, as for configparser's read(). *bytes is NULL then. */
static bool
read_file(const char *path, char **bytes, size_t *length, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	if (fd < 0)
		return true;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		return true;
	}
	if (info.st_size > MAX_FILE) {
		close(fd);
		return error_set(
			error, ERROR_CONFIG, "Configuration file is larger than 4 MiB: %s", path);
	}
	g_autofree char *buffer = g_malloc((gsize)info.st_size + 1);
	size_t filled = 0;
	while (filled < (size_t)info.st_size) {
		ssize_t got = read(fd, buffer + filled, (size_t)info.st_size - filled);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		filled += (size_t)got;
	}
	close(fd);
	*bytes = g_steal_pointer(&buffer);
	*length = filled;
	return true;
}

static bool
add_file(Settings *settings, enum settings_kind kind, char *path /* owned */, GError **error)
{
	g_autofree char *bytes = NULL;
	size_t length = 0;
	struct settings_file *file = g_new0(struct settings_file, 1);
	file->kind = kind;
	file->path = path;
	g_ptr_array_add(settings->files, file);
	if (!read_file(path, &bytes, &length, error))
		return false;
	g_autoptr(GError) failed = NULL;
	if (!bytes || (file->ini = ini_parse(bytes, length, path, &failed)))
		return true;
	if (g_str_has_prefix(failed->message, "contains "))
		return error_set(error, ERROR_CONFIG, "Configuration file %s", failed->message);
	return error_set(error, ERROR_CONFIG, "Configuration file could not be loaded.\n%s\n",
		failed->message);
}

static bool
add_global(Settings *settings, GError **error)
{
	const char *folders = g_getenv("XDG_CONFIG_DIRS");
	g_auto(GStrv) list = g_strsplit(folders && *folders ? folders : "/etc/xdg", ":", 64);
	for (char **folder = list; *folder; folder++)
		if (**folder && !add_file(settings, SETTINGS_GLOBAL,
					g_build_filename(*folder, "pip", FILE_NAME, NULL), error))
			return false;
	return add_file(settings, SETTINGS_GLOBAL, g_strdup("/etc/" FILE_NAME), error);
}

static bool
add_user(Settings *settings, GError **error)
{
	const char *config = g_getenv("XDG_CONFIG_HOME"), *home = g_get_home_dir();
	char *path = config && *config ? g_build_filename(config, "pip", FILE_NAME, NULL)
				       : g_build_filename(home, ".config", "pip", FILE_NAME, NULL);
	if (add_file(settings, SETTINGS_USER, g_build_filename(home, ".pip", FILE_NAME, NULL),
		    error))
		return add_file(settings, SETTINGS_USER, path, error);
	g_free(path);
	return false;
}

/* `<prefix>/bin/python` -> `<prefix>`; a virtual environment's is not resolved, others are, because
 * that is where sys.prefix points. */
static char *
prefix_of_executable(const char *executable)
{
	g_autofree char *folder = g_path_get_dirname(executable),
			*prefix = g_path_get_dirname(folder);
	g_autofree char *marker = g_build_filename(prefix, "pyvenv.cfg", NULL);
	if (access(marker, F_OK) == 0)
		return g_steal_pointer(&prefix);
	char *real = realpath(executable, NULL);
	if (!real)
		return NULL;
	g_autofree char *real_folder = g_path_get_dirname(real);
	free(real);
	return g_path_get_dirname(real_folder);
}

char *
settings_prefix(const char *python)
{
	const char *active = g_getenv("VIRTUAL_ENV");
	if (python && g_file_test(python, G_FILE_TEST_IS_DIR))
		return g_canonicalize_filename(python, NULL);
	if (python && strchr(python, '/')) {
		g_autofree char *path = g_canonicalize_filename(python, NULL);
		return prefix_of_executable(path);
	}
	if (!python && active && *active)
		return g_strdup(active);
	g_autofree char *found = g_find_program_in_path(python ? python : "python3");
	if (!found && !python)
		found = g_find_program_in_path("python");
	return found ? prefix_of_executable(found) : NULL;
}

static bool
load_files(Settings *settings, const char *python, enum settings_kind only, GError **error)
{
	bool all = only == SETTINGS_KINDS;
	const char *named = g_getenv("PIP_CONFIG_FILE");
	if (named && strcmp(named, "/dev/null") == 0)
		return true;
	if ((all || only == SETTINGS_GLOBAL) && !add_global(settings, error))
		return false;
	bool user = !settings->isolated && !(named && *named && access(named, F_OK) == 0);
	if (user && (all || only == SETTINGS_USER) && !add_user(settings, error))
		return false;
	if (all || only == SETTINGS_SITE) {
		g_autofree char *prefix = settings_prefix(python);
		if (prefix && !add_file(settings, SETTINGS_SITE,
				      g_build_filename(prefix, FILE_NAME, NULL), error))
			return false;
	}
	return !named || !all || add_file(settings, SETTINGS_ENV, g_strdup(named), error);
}

Settings *
settings_load(bool isolated, const char *python, enum settings_kind only, GError **error)
{
	g_autoptr(Settings) settings = g_new0(Settings, 1);
	settings->files = g_ptr_array_new_with_free_func(file_free);
	settings->isolated = isolated;
	if (!load_files(settings, python, only, error))
		return NULL;
	return g_steal_pointer(&settings);
}

static void
see_item(const char *section, const struct ini_item *item, settings_fn see, void *user)
{
	g_autofree char *name = settings_normalize(item->key);
	g_autofree char *key = g_strconcat(section, ".", name, NULL);
	see(key, item->value, user);
}

void
settings_each(const struct settings_file *file, settings_fn see, void *user)
{
	if (!file->ini)
		return;
	const GPtrArray *defaults = file->ini->defaults->items;
	for (guint i = 0; i < file->ini->sections->len; i++) {
		const struct ini_section *section = g_ptr_array_index(file->ini->sections, i);
		for (guint j = 0; j < defaults->len; j++)
			see_item(section->name, g_ptr_array_index(defaults, j), see, user);
		for (guint j = 0; j < section->items->len; j++)
			see_item(section->name, g_ptr_array_index(section->items, j), see, user);
	}
}

void
settings_each_variable(const Settings *settings, settings_fn see, void *user)
{
	for (char **variable = environ; !settings->isolated && *variable; variable++) {
		const char *equals = strchr(*variable, '=');
		if (!equals || !g_str_has_prefix(*variable, "PIP_"))
			continue;
		g_autofree char *name = g_strndup(*variable + 4, (gsize)(equals - *variable - 4));
		g_autofree char *key = settings_normalize(name);
		if (strcmp(key, "version") == 0 || strcmp(key, "help") == 0)
			continue;
		g_autofree char *full = g_strconcat(":env:.", key, NULL);
		see(full, equals + 1, user);
	}
}

/* Collects one section; a key keeps the place where it was first seen, as in a Python dict. */
struct merge {
	const char *section;
	GPtrArray *keys;
	GHashTable *values; /* owns keys and values */
};

static void
merge_entry(const char *key, const char *value, void *user)
{
	struct merge *merge = user;
	const char *dot = strchr(key, '.');
	if (strncmp(key, merge->section, (size_t)(dot - key)) != 0 || merge->section[dot - key])
		return;
	if (!g_hash_table_contains(merge->values, dot + 1))
		g_ptr_array_add(merge->keys, g_strdup(dot + 1));
	g_hash_table_insert(merge->values, g_strdup(dot + 1), g_strdup(value));
}

bool
settings_section(const Settings *settings, const char *section, settings_take_fn take, void *user,
	GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct merge merge = {.section = section, .keys = keys, .values = values};
	for (guint i = 0; i < settings->files->len; i++)
		settings_each(g_ptr_array_index(settings->files, i), merge_entry, &merge);
	if (strcmp(section, ":env:") == 0)
		settings_each_variable(settings, merge_entry, &merge);
	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i),
			   *value = g_hash_table_lookup(values, key);
		if (*value && !take(key, value, user, error))
			return false;
	}
	return true;
}
