/* SPDX-License-Identifier: MIT */
/* pip's configuration files and PIP_* variables, found, read and put in order of precedence. */
#pragma once
#include "lib/ini.h"

enum settings_kind {
	SETTINGS_GLOBAL,
	SETTINGS_USER,
	SETTINGS_SITE,
	SETTINGS_ENV, /* the file that PIP_CONFIG_FILE names */
	SETTINGS_KINDS,
};

struct settings_file {
	enum settings_kind kind;
	char *path;
	Ini *ini; /* NULL if the file does not exist */
};

typedef struct Settings {
	GPtrArray *files; /* of struct settings_file *, later ones win */
	bool isolated;	  /* no PIP_* variables, no user file */
} Settings;

/* What `config` prints for a kind: "global", "user", "site", "env". */
const char *settings_kind_name(enum settings_kind kind);

/* Finds and reads the files of all kinds, or with only != SETTINGS_KINDS of that one. `python` is
 * --python's value or NULL: it decides where the site file is. ERROR_CONFIG. */
Settings *settings_load(bool isolated, const char *python, enum settings_kind only, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* A key as it is compared: lower case, `-` for `_`, without leading dashes. New string. */
char *settings_normalize(const char *name);

/* One file's entries as pip names them, "section.key", in file order. `see` gets them one by one.
 */
typedef void (*settings_fn)(const char *key, const char *value, void *user);
void settings_each(const struct settings_file *file, settings_fn see, void *user);
/* The PIP_* variables as ":env:.key"; nothing when isolated. */
void settings_each_variable(const Settings *settings, settings_fn see, void *user);

/* The values that count for one section (":env:" for the variables), files merged, empty values
 * left out. Stops and returns false when `take` does. */
typedef bool (*settings_take_fn)(const char *key, const char *value, void *user, GError **error);
bool settings_section(const Settings *settings, const char *section, settings_take_fn take,
	void *user, GError **error);

/* The environment's prefix as far as it can be told without starting Python. New string or NULL. */
char *settings_prefix(const char *python);
