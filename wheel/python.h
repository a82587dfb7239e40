/* SPDX-License-Identifier: MIT */
/* The target interpreter: which one, and what it says of itself (asked once, cached). */
#pragma once
#include "lib/log.h"

struct python_scheme { /* absolute paths; strings owned by the Python */
	const char *purelib, *platlib,
		*headers /* the include folder, without the project's name */, *scripts, *data;
};

typedef struct Python {
	char *executable; /* absolute, as it was named (a venv's bin/python, not resolved) */
	char *version;	  /* "3.11.7" (platform.python_version(): may be "3.13.0rc1") */
	int major, minor, micro;
	char *implementation; /* sys.implementation.name: "cpython", "pypy" */
	char *cache_tag;      /* "cpython-311" */
	char *magic;	      /* importlib.util.MAGIC_NUMBER in hex */
	char *prefix, *base_prefix;
	bool is_venv;
	bool system_site;	     /* a venv with include-system-site-packages, or not a venv */
	struct python_scheme scheme; /* where plain `install` goes */
	char *stdlib;
	char *user_base, *user_site; /* or NULL when user site is not possible */
	bool user_site_enabled;
	char **sys_path;	  /* with PYTHONPATH and the .pth files' folders applied */
	char *externally_managed; /* path of EXTERNALLY-MANAGED; NULL without, and in a venv */
	/* PEP 508 values, in the order of resolver/marker.h's enum marker_variable. */
	char *markers[11];
	/* for tags */
	char **abis; /* best first: "cp313t" */
	bool free_threaded, debug;
	char *platform; /* sysconfig.get_platform(): "linux-x86_64", "macosx-14.0-arm64" */
	int libc[2];	/* glibc or musl version; 0,0 if neither */
	bool is_musl;
	bool is_32bit;
} Python;

struct python_options {
	const char *python;    /* --python: interpreter, venv folder; or NULL */
	const char *cache_dir; /* where facts are kept, or NULL */
};

/* Finds the interpreter (--python, the virtual environment that xpip lies in, VIRTUAL_ENV,
 * `python3`, `python` on PATH) and its facts. A venv's facts are derived from its base
 * interpreter's, which are kept by path, size and mtime: no Python is started when they are known,
 * unless a sitecustomize or .pth code may change sys.path. ERROR_ENVIRONMENT. */
Python *python_find(const struct python_options *options, Log *log, GError **error);
void python_free(Python *python);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Python, python_free)

/* Where things go for --user, --prefix, --root, --target, --home: distutils/sysconfig schemes as
 * pip chooses them. Strings are owned by the returned block; free with python_scheme_free. */
struct python_scheme *python_scheme_for(const Python *python, bool user, const char *root,
	const char *prefix, const char *target, GError **error);
void python_scheme_free(struct python_scheme *scheme);
