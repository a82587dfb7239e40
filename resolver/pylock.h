/* SPDX-License-Identifier: MIT */
/* pylock.toml (PEP 751): what a lock file selects for one environment, and the lock file of a
 * resolved set. */
#pragma once
#include "lib/error.h"
#include "resolver/marker.h"
#include "wheel/directurl.h"
#include "wheel/tags.h"

enum pylock_kind { PYLOCK_WHEEL, PYLOCK_SDIST, PYLOCK_ARCHIVE, PYLOCK_VCS, PYLOCK_FOLDER };

struct pylock_item { /* owns its strings */
	enum pylock_kind kind;
	char *name;	/* normalised */
	char *version;	/* of a wheel or sdist, else NULL */
	char *url;	/* complete: `git+…@commit#subdirectory=…`, file:// for paths */
	char *filename; /* of a wheel or sdist, else NULL */
	char *place;	/* of the lock file; set by the caller, or NULL */
	char **hashes;	/* "sha256:hex", NULL-terminated; NULL for VCS and folders */
	bool editable;
	int64_t size, upload_time; /* -1, INT64_MIN: unknown */
};

void pylock_item_free(void *item);

struct pylock_target {
	const struct marker_env *env;
	const Tags *tags;
};

/* `pylock.toml` or `pylock.NAME.toml`, also at the end of a URL. */
bool pylock_is_name(const char *path_or_url);

/* Validates the file and selects, in its order, what the target gets (of struct pylock_item; frees
 * itself). place: the file's path or URL, which relative paths are relative to. warnings (of char
 * *) may be NULL. ERROR_INVALID_INPUT with pip's words. */
GPtrArray *pylock_select(const char *bytes, size_t length, const char *place,
	const struct pylock_target *target, GPtrArray *warnings, GError **error);

/* One distribution of a lock file to be written. */
struct pylock_package {
	const char *name; /* normalised */
	const char *version;
	const DirectUrl *origin; /* URL and hashes */
	bool is_direct;
};
/* The lock file's text, packages as given, in the layout of pip's. base: the absolute folder that
 * paths are relative to. New string. ERROR_INVALID_INPUT for a folder outside of base. */
char *pylock_text(
	const struct pylock_package *packages, size_t count, const char *base, GError **error);
