/* SPDX-License-Identifier: MIT */
/* Unpacking sdists: libarchive inflates (gzip, bzip2, xz) and reads zip, wheel/tar.c reads tar. The
 * rules are PEP 706's data filter and stricter: nothing is written through a link, links are made
 * last and stay inside, names are plain relative paths. */
#include "lib/error.h"
#include "lib/fs.h"
#include "lib/load.h"
#include "wheel/build.h"
#include "wheel/filename.h"
#include "wheel/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { MAX_MEMBERS = 200000, MAX_DEPTH = 100, STEP = 65536, RATIO = 100, TAIL = 65557 };
#define MAX_TOTAL ((int64_t)4 << 30)	/* bytes unpacked */
#define FREE_TOTAL ((int64_t)128 << 20) /* below this RATIO is not asked */

#define LIBARCHIVE(X)                                                                              \
	X(archive_read_new)                                                                        \
	X(archive_read_free)                                                                       \
	X(archive_read_support_filter_gzip)                                                        \
	X(archive_read_support_filter_bzip2)                                                       \
	X(archive_read_support_filter_xz)                                                          \
	X(archive_read_support_filter_lzma)                                                        \
	X(archive_read_support_format_raw)                                                         \
	X(archive_read_support_format_zip_seekable)                                                \
	X(archive_read_open_fd)                                                                    \
	X(archive_read_next_header)                                                                \
	X(archive_read_data)                                                                       \
	X(archive_error_string)                                                                    \
	X(archive_entry_pathname)                                                                  \
	X(archive_entry_pathname_utf8)                                                             \
	X(archive_entry_mode)                                                                      \
	X(archive_entry_is_encrypted)

struct libarchive {
#define MEMBER(name) __typeof__(&name) name;
	LIBARCHIVE(MEMBER)
#undef MEMBER
};

/* What is being unpacked and where to. */
struct sdist {
	const struct libarchive *lib;
	struct archive *archive;
	const char *path;
	fd_t root;
	int64_t total, limit; /* bytes */
	size_t members;
	GPtrArray *links;   /* path, target, … of the symbolic links, made at the end */
	GHashTable *tops;   /* names at the top, without those that are only folders' ancestors */
	uint32_t crc, size; /* of the inflated stream */
};

static gpointer
fill_libarchive(gpointer unused)
{
	(void)unused;
	void *library = load_library("libarchive.so.13", "libarchive13", NULL);
	struct libarchive *table = library ? g_new0(struct libarchive, 1) : NULL;
	bool ok = library != NULL;
#define FILL(name) ok = ok && load_symbol(library, #name, &table->name, NULL);
	LIBARCHIVE(FILL)
#undef FILL
	if (!ok)
		g_clear_pointer(&table, g_free);
	return table;
}

static const struct libarchive *
load_libarchive(GError **error)
{
	static GOnce once = G_ONCE_INIT;
	g_once(&once, fill_libarchive, NULL);
	if (!once.retval)
		error_set(error, ERROR_ENVIRONMENT,
			"cannot load libarchive.so.13: install the package libarchive13");
	return once.retval;
}

/* --- writing ------------------------------------------------------------------------------- */

static bool
outside(const char *name, GError **error)
{
	return error_set(error, ERROR_INVALID_INPUT,
		"'%s' would be extracted outside the destination", name);
}

/* Without `./`, empty parts and a final slash; "" for the root itself. Absolute names and `..` are
 * refused even where normalising would keep them inside. */
static char *
clean_name(const char *name, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(name, "/", 0);
	g_autoptr(GString) out = g_string_new(NULL);
	size_t depth = 0;
	for (char **part = parts; *part; part++) {
		if (!**part || strcmp(*part, ".") == 0)
			continue;
		if (out->len > 0)
			g_string_append_c(out, '/');
		g_string_append(out, *part);
		depth++;
	}
	bool safe = name[0] != '/' && depth <= MAX_DEPTH &&
		    (out->len == 0 || fs_is_safe_relative(out->str));
	if (!safe) {
		outside(name, error);
		return NULL;
	}
	return g_strdup(out->str);
}

/* Opens (and makes) the folder that `path` lies in, never through a link; *base is its last part.
 */
static int
open_parent(const struct sdist *sdist, const char *path, const char **base, GError **error)
{
	int dir = fcntl(sdist->root, F_DUPFD_CLOEXEC, 0);
	for (const char *slash; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		g_autofree char *part = g_strndup(path, (size_t)(slash - path));
		if (mkdirat(dir, part, 0777) != 0 && errno != EEXIST) {
			error_set_errno(error, errno, "making the folder %s", part);
			close(dir);
			return -1;
		}
		int next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int saved = errno;
		close(dir);
		dir = next;
		if (dir < 0)
			error_set_errno(error, saved, "opening the folder %s", part);
	}
	*base = path;
	return dir;
}

static void
note_top(struct sdist *sdist, const char *path)
{
	g_hash_table_add(sdist->tops, g_strndup(path, strcspn(path, "/")));
}

static bool
make_folder(struct sdist *sdist, const char *path, GError **error)
{
	g_autofree char *inside = g_strconcat(path, "/", NULL);
	const char *base;
	g_auto(fd_t) dir = open_parent(sdist, inside, &base, error);
	return dir >= 0;
}

/* A new file; one of the same name that the archive had before gives way, as with tarfile. */
static int
make_file(struct sdist *sdist, const char *path, bool executable, GError **error)
{
	const char *base;
	g_auto(fd_t) dir = open_parent(sdist, path, &base, error);
	if (dir < 0)
		return -1;
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = executable ? 0777 : 0666;
	int fd = openat(dir, base, flags, mode);
	if (fd < 0 && errno == EEXIST && unlinkat(dir, base, 0) == 0)
		fd = openat(dir, base, flags, mode);
	if (fd < 0)
		error_set_errno(error, errno, "writing %s", path);
	return fd;
}

static bool
count_member(struct sdist *sdist, GError **error)
{
	if (++sdist->members > MAX_MEMBERS)
		return error_set(error, ERROR_INVALID_INPUT, "more than %d members", MAX_MEMBERS);
	return true;
}

static bool
count_bytes(struct sdist *sdist, size_t length, GError **error)
{
	sdist->total += (int64_t)length;
	if (sdist->total > sdist->limit)
		return error_set(error, ERROR_INVALID_INPUT,
			"unpacks to more than %" G_GINT64_FORMAT " bytes", sdist->limit);
	return true;
}

/* --- links --------------------------------------------------------------------------------- */

/* `(../)*name/name` that stays below `top` names of the link's own path. A `..` behind a name could
 * climb out of the place that a link before it leads to, so only leading ones are allowed. */
static bool
link_stays_inside(const char *path, const char *target, size_t top)
{
	size_t depth = 0;
	for (const char *at = path; (at = strchr(at, '/')); at++)
		depth++;
	if (depth < top || !*target || *target == '/' || strchr(target, '\\'))
		return false;
	depth -= top;
	bool named = false;
	g_auto(GStrv) parts = g_strsplit(target, "/", 0);
	for (char **part = parts; *part; part++) {
		if (strcmp(*part, "..") == 0) {
			if (named || depth-- == 0)
				return false;
		} else if (**part && strcmp(*part, ".") != 0) {
			named = true;
		}
	}
	return true;
}

/* The link itself is made when everything else is there. */
static bool
keep_link(struct sdist *sdist, const char *path, const char *target, GError **error)
{
	const char *base;
	g_auto(fd_t) dir = open_parent(sdist, path, &base, error);
	g_ptr_array_add(sdist->links, g_strdup(path));
	g_ptr_array_add(sdist->links, g_strdup(target));
	return dir >= 0;
}

static bool
make_links(struct sdist *sdist, size_t top, GError **error)
{
	for (guint i = 0; i < sdist->links->len; i += 2) {
		const char *path = sdist->links->pdata[i], *target = sdist->links->pdata[i + 1];
		const char *base;
		if (!link_stays_inside(path, target, top))
			return error_set(error, ERROR_INVALID_INPUT,
				"'%s' would link to '%s', which is outside the destination", path,
				target);
		g_auto(fd_t) dir = open_parent(sdist, path, &base, error);
		if (dir < 0)
			return false;
		if (symlinkat(target, dir, base) != 0 && errno != EEXIST)
			return error_set_errno(error, errno, "linking %s", path);
	}
	return true;
}

static bool
make_hard_link(struct sdist *sdist, const char *path, const char *target, GError **error)
{
	g_autofree char *clean = clean_name(target, NULL);
	if (!clean || !*clean)
		return error_set(error, ERROR_INVALID_INPUT,
			"'%s' would link to '%s', which is outside the destination", path, target);
	const char *from_base, *to_base;
	g_auto(fd_t) from = open_parent(sdist, clean, &from_base, error);
	g_auto(fd_t) to = from < 0 ? -1 : open_parent(sdist, path, &to_base, error);
	if (to < 0)
		return false;
	struct stat info;
	if (fstatat(from, from_base, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
		return error_set(error, ERROR_INVALID_INPUT,
			"'%s' links to '%s', which is no file before it", path, target);
	if (linkat(from, from_base, to, to_base, 0) != 0 && errno != EEXIST)
		return error_set_errno(error, errno, "linking %s", path);
	return true;
}

/* --- tar ----------------------------------------------------------------------------------- */

/* Inflated bytes for wheel/tar.c. */
static ssize_t
read_inflated(void *user, void *buffer, size_t length, GError **error)
{
	struct sdist *sdist = user;
	ssize_t got = sdist->lib->archive_read_data(sdist->archive, buffer, length);
	if (got < 0) {
		const char *why = sdist->lib->archive_error_string(sdist->archive);
		error_set(error, ERROR_INVALID_INPUT, "%s", why ? why : "cannot be inflated");
		return -1;
	}
	sdist->crc = (uint32_t)crc32(sdist->crc, buffer, (uInt)got);
	sdist->size += (uint32_t)got;
	return count_bytes(sdist, (size_t)got, error) ? got : -1;
}

static bool
write_contents(Tar *tar, int fd, GError **error)
{
	g_autofree char *buffer = g_malloc(STEP);
	ssize_t got;
	while ((got = tar_read(tar, buffer, STEP, error)) > 0)
		if (!fs_write_all(fd, buffer, (size_t)got, error))
			return false;
	return got == 0;
}

static bool
unpack_member(struct sdist *sdist, Tar *tar, const struct tar_member *member, GError **error)
{
	g_autofree char *path = clean_name(member->name, error);
	if (!path)
		return false;
	if (!*path)
		return member->type == TAR_FOLDER || outside(member->name, error);
	note_top(sdist, path);
	switch (member->type) {
	case TAR_FOLDER:
		return make_folder(sdist, path, error);
	case TAR_SYMLINK:
		return keep_link(sdist, path, member->link, error);
	case TAR_HARDLINK:
		return make_hard_link(sdist, path, member->link, error);
	case TAR_FILE:
		break;
	}
	g_auto(fd_t) fd = make_file(sdist, path, member->executable, error);
	if (fd < 0 || !write_contents(tar, fd, error))
		return false;
	/* Build tools compare times (generated C beside its source). */
	struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = member->mtime}};
	futimens(fd, times);
	return true;
}

/* The trailer of a gzip file is that of its only member (RFC 1952): CRC and length of all that was
 * inflated. So neither a second member nor anything else can stand behind it. */
static bool
check_gzip_end(const struct sdist *sdist, int fd, GError **error)
{
	unsigned char tail[8];
	off_t end = lseek(fd, 0, SEEK_END);
	if (end < 8 || pread(fd, tail, 8, end - 8) != 8)
		return error_set(error, ERROR_INVALID_INPUT, "cut short");
	uint32_t words[2];
	for (int i = 0; i < 2; i++)
		words[i] = tail[i * 4] | (uint32_t)tail[i * 4 + 1] << 8 |
			   (uint32_t)tail[i * 4 + 2] << 16 | (uint32_t)tail[i * 4 + 3] << 24;
	if (words[0] != sdist->crc || words[1] != sdist->size)
		return error_set(error, ERROR_INVALID_INPUT,
			"the gzip trailer does not fit: damaged, or something follows it");
	return true;
}

static bool
open_raw(struct sdist *sdist, int fd, const char *suffix, GError **error)
{
	const struct libarchive *lib = sdist->lib;
	struct archive_entry *entry;
	if (g_str_has_suffix(suffix, "gz"))
		lib->archive_read_support_filter_gzip(sdist->archive);
	else if (g_str_has_suffix(suffix, "bz2") || g_str_has_suffix(suffix, "tbz"))
		lib->archive_read_support_filter_bzip2(sdist->archive);
	else if (g_str_has_suffix(suffix, "lzma") || g_str_has_suffix(suffix, "tlz"))
		lib->archive_read_support_filter_lzma(sdist->archive);
	else if (!g_str_equal(suffix, ".tar"))
		lib->archive_read_support_filter_xz(sdist->archive);
	lib->archive_read_support_format_raw(sdist->archive);
	if (lib->archive_read_open_fd(sdist->archive, fd, STEP) == ARCHIVE_OK &&
		lib->archive_read_next_header(sdist->archive, &entry) == ARCHIVE_OK)
		return true;
	const char *why = lib->archive_error_string(sdist->archive);
	return error_set(error, ERROR_INVALID_INPUT, "%s", why ? why : "no archive");
}

static bool
unpack_tar(struct sdist *sdist, int fd, const char *suffix, GError **error)
{
	if (!open_raw(sdist, fd, suffix, error))
		return false;
	g_autoptr(Tar) tar = tar_new(read_inflated, sdist);
	const struct tar_member *member;
	do {
		if (!tar_next(tar, &member, error))
			return false;
		if (member &&
			!(count_member(sdist, error) && unpack_member(sdist, tar, member, error)))
			return false;
	} while (member);
	return !g_str_has_suffix(suffix, "gz") || check_gzip_end(sdist, fd, error);
}

/* --- zip ----------------------------------------------------------------------------------- */

static bool
unpack_entry(struct sdist *sdist, struct archive_entry *entry, GError **error)
{
	const struct libarchive *lib = sdist->lib;
	const char *name = lib->archive_entry_pathname(entry);
	if (!name)
		name = lib->archive_entry_pathname_utf8(entry);
	if (!name || lib->archive_entry_is_encrypted(entry))
		return error_set(
			error, ERROR_INVALID_INPUT, "a member has no name or is encrypted");
	g_autofree char *path = clean_name(name, error);
	if (!path)
		return false;
	if (!*path)
		return true;
	note_top(sdist, path);
	if (g_str_has_suffix(name, "/"))
		return make_folder(sdist, path, error);
	/* As with pip a symbolic link becomes a file that holds its target. */
	mode_t mode = lib->archive_entry_mode(entry);
	g_auto(fd_t) fd = make_file(sdist, path, S_ISREG(mode) && (mode & 0111), error);
	g_autofree char *buffer = g_malloc(STEP);
	ssize_t got = -1;
	while (fd >= 0 && (got = lib->archive_read_data(sdist->archive, buffer, STEP)) > 0)
		if (!count_bytes(sdist, (size_t)got, error) ||
			!fs_write_all(fd, buffer, (size_t)got, error))
			return false;
	if (fd >= 0 && got < 0)
		error_set(error, ERROR_INVALID_INPUT, "'%s': %s", path,
			lib->archive_error_string(sdist->archive));
	return fd >= 0 && got == 0;
}

static bool
unpack_zip(struct sdist *sdist, int fd, GError **error)
{
	const struct libarchive *lib = sdist->lib;
	struct archive_entry *entry;
	char magic[2];
	lib->archive_read_support_format_zip_seekable(sdist->archive);
	/* Something before the first member: another format to other readers. */
	if (pread(fd, magic, 2, 0) != 2 || memcmp(magic, "PK", 2) != 0 ||
		lib->archive_read_open_fd(sdist->archive, fd, STEP) != ARCHIVE_OK)
		return error_set(error, ERROR_INVALID_INPUT, "File is not a zip file");
	int status;
	while ((status = lib->archive_read_next_header(sdist->archive, &entry)) == ARCHIVE_OK ||
		status == ARCHIVE_WARN)
		if (!count_member(sdist, error) || !unpack_entry(sdist, entry, error))
			return false;
	if (status == ARCHIVE_EOF)
		return true;
	const char *why = lib->archive_error_string(sdist->archive);
	return error_set(error, ERROR_INVALID_INPUT, "%s", why ? why : "damaged");
}

/* A tar file that ends like a zip file is one to some tools (CVE-2026-3219). */
static bool
ends_like_zip(int fd)
{
	g_autofree char *tail = g_malloc(TAIL);
	off_t end = lseek(fd, 0, SEEK_END), start = MAX(end - TAIL, 0);
	ssize_t got = pread(fd, tail, TAIL, start);
	lseek(fd, 0, SEEK_SET);
	for (ssize_t at = 0; at + 22 <= got; at++)
		if (memcmp(tail + at, "PK\5\6", 4) == 0 &&
			((unsigned char)tail[at + 20] | (unsigned char)tail[at + 21] << 8) ==
				got - at - 22)
			return true;
	return false;
}

/* --- the whole ----------------------------------------------------------------------------- */

static bool
unpack(struct sdist *sdist, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(sdist->path, -1);
	const char *suffix = filename_archive_extension(lower);
	if (!suffix)
		return error_set(error, ERROR_INVALID_INPUT, "cannot determine archive format");
	g_auto(fd_t) fd = open(sdist->path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_set_errno(error, errno, "opening");
	sdist->limit = MIN(MAX_TOTAL, MAX(FREE_TOTAL, info.st_size * RATIO));
	bool zip = g_str_equal(suffix, ".zip") || g_str_equal(suffix, ".whl");
	if (!zip && ends_like_zip(fd))
		return error_set(error, ERROR_INVALID_INPUT, "a tar file that is a zip file too");
	sdist->archive = sdist->lib->archive_read_new();
	bool ok = zip ? unpack_zip(sdist, fd, error) : unpack_tar(sdist, fd, suffix, error);
	sdist->lib->archive_read_free(sdist->archive);
	return ok;
}

/* The only name at the top if that is a folder, as pip strips it; else NULL. */
static char *
leading_folder(const struct sdist *sdist, const char *folder)
{
	if (g_hash_table_size(sdist->tops) != 1)
		return NULL;
	GHashTableIter iter;
	gpointer name;
	g_hash_table_iter_init(&iter, sdist->tops);
	g_hash_table_iter_next(&iter, &name, NULL);
	struct stat info;
	bool real = fstatat(sdist->root, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(info.st_mode);
	return real ? g_build_filename(folder, name, NULL) : NULL;
}

char *
build_unpack_sdist(const char *archive, const char *folder, GError **error)
{
	struct sdist sdist = {.lib = load_libarchive(error), .path = archive, .root = -1};
	if (!sdist.lib)
		return NULL;
	sdist.root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sdist.root < 0) {
		error_set_errno(error, errno, "opening %s", folder);
		return NULL;
	}
	sdist.links = g_ptr_array_new_with_free_func(g_free);
	sdist.tops = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char *top = NULL;
	GError *why = NULL;
	if (unpack(&sdist, &why)) {
		top = leading_folder(&sdist, folder);
		if (!make_links(&sdist, top ? 1 : 0, &why))
			g_clear_pointer(&top, g_free);
		else if (!top)
			top = g_strdup(folder);
	}
	if (why)
		g_propagate_prefixed_error(error, why, "Invalid archive %s: ", archive);
	g_ptr_array_unref(sdist.links);
	g_hash_table_unref(sdist.tops);
	close(sdist.root);
	return top;
}
