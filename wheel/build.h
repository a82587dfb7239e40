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
 * `prefix` (a fresh scheme: python_scheme_for(python, false, NULL, prefix, NULL)). requirements:
 * PEP 508 texts. It logs nothing at INFO: build.c says `Installing build dependencies: started`. */
typedef bool (*build_install_fn)(void *user, const char *prefix, const char *const *requirements,
	const char *kind /* "build dependencies", "backend dependencies" */, const char *for_what,
	GError **error);

/* Which of the requirements (PEP 508 texts) the distributions in these folders do not satisfy;
 * paths NULL: those of the environment. resolver/buildreq.c has it. missing gets requirement texts,
 * conflicts `a==1 is incompatible with a>=2`. A text that is no requirement: ERROR_INVALID_INPUT.
 */
typedef bool (*build_check_fn)(const Python *python, const char *const *paths,
	const char *const *requirements, GPtrArray *missing, GPtrArray *conflicts, Log *log,
	GError **error);

struct build_options {
	const Python *python;
	Log *log;
	Loop *loop;
	bool isolation;			    /* false: --no-build-isolation */
	bool check_dependencies;	    /* --check-build-dependencies */
	const char *const *config_settings; /* "KEY=VALUE", NULL-terminated, or NULL */
	build_install_fn install;
	build_check_fn check; /* buildreq_check */
	void *user;	      /* for install */
	bool quiet;	      /* of a build environment: only failures are told */
};

/* One source tree under way: its build environment lives until build_free. */
typedef struct Build Build;
/* folder: the source tree (with pyproject.toml or setup.py); what: for messages, the requirement's
 * name if it is known, else its URL. options are copied, what they point at is borrowed. Messages
 * go out as pip's, indented by a step; failures that pip explains at length are logged at once and
 * come back as ERROR_SILENT. */
Build *build_new(
	const struct build_options *options, const char *folder, const char *what, GError **error);
void build_free(Build *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)
/* prepare_metadata_for_build_wheel/_editable, or by building. */
Metadata *build_metadata(Build *build, bool editable, GError **error);
/* Path of the wheel made in `folder`; new string. After build_metadata, whose name must fit. */
char *build_wheel(Build *build, bool editable, const char *folder, GError **error);
/* What pip says when an install cannot go on without these (char *); ERROR_SILENT. */
bool build_refuse_failed(Log *log, const GPtrArray *names, GError **error);
