/* SPDX-License-Identifier: MIT */
/* Building: sdists, folders and editables become wheels by PEP 517/660 back ends in isolation. */
#pragma once
#include "lib/log.h"
#include "lib/loop.h"
#include "wheel/metadata.h"
#include "wheel/python.h"

/* Unpacks an sdist (tar.gz/bz2/xz, zip) into `folder`, refusing what leaves it: links that point
 * out, devices, absolute names (PEP 706 data filter). Returns the single top-level folder's path
 * (or `folder` itself), new string. */
char *build_unpack_sdist(const char *archive, const char *folder, GError **error);

/* How a build environment gets its requirements: cmd/plan.c resolves and installs them into
 * `prefix` (a fresh scheme). requirements: PEP 508 texts. */
typedef bool (*build_install_fn)(void *user, const char *prefix, const char *const *requirements,
	const char *kind /* "build dependencies", "backend dependencies" */, const char *for_what,
	GError **error);

struct build_options {
	const Python *python;
	Log *log;
	Loop *loop;
	bool isolation;			    /* false: --no-build-isolation */
	bool check_dependencies;	    /* --check-build-dependencies */
	const char *const *config_settings; /* "KEY=VALUE", NULL-terminated, or NULL */
	build_install_fn install;
	void *user;
};

/* One source tree under way: its build environment lives until build_free. */
typedef struct Build Build;
/* folder: the source tree (with pyproject.toml or setup.py); what: for messages. */
Build *build_new(
	const struct build_options *options, const char *folder, const char *what, GError **error);
void build_free(Build *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)
/* prepare_metadata_for_build_wheel/_editable, or by building. */
Metadata *build_metadata(Build *build, bool editable, GError **error);
/* Path of the wheel made in `folder`; new string. */
char *build_wheel(Build *build, bool editable, const char *folder, GError **error);

/* VCS: `git+https://…@ref#subdirectory=…` (git, hg, svn, bzr). Checks out into `folder`, tells the
 * commit. Arguments that start with `-` are refused. */
bool build_checkout(const char *url, const char *folder, char **commit, char **requested_revision,
	Log *log, GError **error);
