/* SPDX-License-Identifier: MIT */
#include "wheel/zipfolder.h"
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/load.h"
#include "lib/texts.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 100, STEP = 65536 };

#define LIBARCHIVE(X)                                                                              \
	X(archive_write_new)                                                                       \
	X(archive_write_free)                                                                      \
	X(archive_write_close)                                                                     \
	X(archive_write_set_format_zip)                                                            \
	X(archive_write_open_fd)                                                                   \
	X(archive_write_header)                                                                    \
	X(archive_write_data)                                                                      \
	X(archive_error_string)                                                                    \
	X(archive_entry_new)                                                                       \
	X(archive_entry_free)                                                                      \
	X(archive_entry_set_pathname)                                                              \
	X(archive_entry_set_filetype)                                                              \
	X(archive_entry_set_perm)                                                                  \
	X(archive_entry_set_size)                                                                  \
	X(archive_entry_set_mtime)

struct libarchive {
#define MEMBER(name) __typeof__(&name) name;
	LIBARCHIVE(MEMBER)
#undef MEMBER
};

struct packing {
	struct libarchive lib;
	struct archive *archive;
};

static bool
load(struct libarchive *lib, GError **error)
{
	void *library = load_library("libarchive.so.13", "libarchive13", error);
	bool ok = library != NULL;
#define FILL(name) ok = ok && load_symbol(library, #name, &lib->name, error);
	LIBARCHIVE(FILL)
#undef FILL
	return ok;
}

static bool
put_header(const struct packing *packing, const char *name, const struct stat *info, GError **error)
{
	const struct libarchive *lib = &packing->lib;
	struct archive_entry *entry = lib->archive_entry_new();
	bool folder = S_ISDIR(info->st_mode);
	lib->archive_entry_set_pathname(entry, name);
	lib->archive_entry_set_filetype(entry, folder ? AE_IFDIR : AE_IFREG);
	lib->archive_entry_set_perm(entry, folder ? 0755 : info->st_mode & 0777);
	lib->archive_entry_set_size(entry, folder ? 0 : info->st_size);
	lib->archive_entry_set_mtime(entry, info->st_mtim.tv_sec, 0);
	int status = lib->archive_write_header(packing->archive, entry);
	lib->archive_entry_free(entry);
	/* A warning is about names that the locale cannot show. */
	if (status == ARCHIVE_OK || status == ARCHIVE_WARN)
		return true;
	return error_set(
		error, ERROR_IO, "%s: %s", name, lib->archive_error_string(packing->archive));
}

static bool
put_file(const struct packing *packing, int fd, const char *name, GError **error)
{
	g_autofree char *buffer = g_malloc(STEP);
	struct stat info;
	if (fstat(fd, &info) != 0)
		return error_set_errno(error, errno, "reading %s", name);
	if (!put_header(packing, name, &info, error))
		return false;
	ssize_t got;
	while ((got = read(fd, buffer, STEP)) > 0)
		if (packing->lib.archive_write_data(packing->archive, buffer, (size_t)got) != got)
			return error_set(error, ERROR_IO, "%s: %s", name,
				packing->lib.archive_error_string(packing->archive));
	return got == 0 || error_set_errno(error, errno, "reading %s", name);
}

static GPtrArray *
sorted_names(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	if (!dir)
		return NULL;
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, texts_compare);
	return names;
}

static bool
put_folder(const struct packing *packing, const char *folder, const char *name, int depth,
	GError **error)
{
	g_autoptr(GPtrArray) names = sorted_names(folder, error);
	if (!names)
		return false;
	if (depth > MAX_DEPTH)
		return error_set(error, ERROR_IO, "%s: too deep", name);
	for (guint i = 0; i < names->len; i++) {
		const char *base = g_ptr_array_index(names, i);
		g_autofree char *path = g_build_filename(folder, base, NULL);
		g_autofree char *inside = g_build_filename(name, base, NULL);
		struct stat link, info;
		if (lstat(path, &link) != 0 || stat(path, &info) != 0)
			continue; /* a link to nothing */
		if (S_ISDIR(link.st_mode)) {
			if (!put_header(packing, inside, &info, error) ||
				!put_folder(packing, path, inside, depth + 1, error))
				return false;
		} else if (S_ISREG(info.st_mode)) {
			g_auto(fd_t) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
			if (fd < 0)
				return error_set_errno(error, errno, "opening %s", path);
			if (!put_file(packing, fd, inside, error))
				return false;
		}
	}
	return true;
}

bool
zipfolder_write(const char *folder, const char *top, const char *path, GError **error)
{
	struct packing packing;
	if (!load(&packing.lib, error))
		return false;
	g_auto(fd_t) fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_set_errno(error, errno, "writing %s", path);
	packing.archive = packing.lib.archive_write_new();
	packing.lib.archive_write_set_format_zip(packing.archive);
	bool ok = packing.lib.archive_write_open_fd(packing.archive, fd) == ARCHIVE_OK &&
		  put_folder(&packing, folder, top, 0, error) &&
		  packing.lib.archive_write_close(packing.archive) == ARCHIVE_OK;
	if (!ok && error && !*error)
		error_set(error, ERROR_IO, "writing %s: %s", path,
			packing.lib.archive_error_string(packing.archive));
	packing.lib.archive_write_free(packing.archive);
	if (!ok)
		unlink(path);
	return ok;
}
