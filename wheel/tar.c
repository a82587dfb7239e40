/* SPDX-License-Identifier: MIT */
#include "wheel/tar.h"
#include "lib/error.h"

#include <string.h>

enum { BLOCK = 512, MAX_EXTENSION = 1 << 20, MAX_NUMBER_DIGITS = 18 };

/* Fields of a header block: offset and length (POSIX.1-2017 pax, "ustar Interchange Format"). */
enum {
	NAME = 0,
	NAME_LENGTH = 100,
	MODE = 100,
	UID = 108,
	GID = 116,
	SIZE = 124,
	SIZE_LENGTH = 12,
	MTIME = 136,
	CHECKSUM = 148,
	TYPE = 156,
	LINK = 157,
	LINK_LENGTH = 100,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_LENGTH = 155,
	ID_LENGTH = 8,
};

struct Tar {
	tar_source_fn source;
	void *user;
	unsigned char block[BLOCK];
	int64_t left; /* contents of the member not yet read */
	int padding;  /* zero bytes behind them */
	char *name, *link;
	struct tar_member member;
	/* What extension headers said of the next member. */
	char *pax_name, *pax_link, *gnu_name, *gnu_link;
	int64_t pax_size, pax_mtime;
	bool has_pax, has_pax_size, has_pax_mtime, ended;
};

Tar *
tar_new(tar_source_fn source, void *user)
{
	Tar *tar = g_new0(Tar, 1);
	tar->source = source;
	tar->user = user;
	return tar;
}

static void
forget_extensions(Tar *tar)
{
	g_clear_pointer(&tar->pax_name, g_free);
	g_clear_pointer(&tar->pax_link, g_free);
	g_clear_pointer(&tar->gnu_name, g_free);
	g_clear_pointer(&tar->gnu_link, g_free);
	tar->has_pax = tar->has_pax_size = tar->has_pax_mtime = false;
}

void
tar_free(Tar *tar)
{
	if (!tar)
		return;
	forget_extensions(tar);
	g_free(tar->name);
	g_free(tar->link);
	g_free(tar);
}

static bool
refuse(GError **error, const char *why)
{
	return error_set(error, ERROR_INVALID_INPUT, "%s", why);
}

/* All of `length` bytes, or *ended at the very end of the stream (if `ended` is given). */
static bool
read_exactly(Tar *tar, void *buffer, size_t length, bool *ended, GError **error)
{
	size_t have = 0;
	while (have < length) {
		ssize_t got = tar->source(tar->user, (char *)buffer + have, length - have, error);
		if (got < 0)
			return false;
		if (got == 0) {
			if (ended && have == 0) {
				*ended = true;
				return true;
			}
			return refuse(error, "the archive is cut short");
		}
		have += (size_t)got;
	}
	return true;
}

static bool
is_zero(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Octal digits between blanks, or base 256 when the first bit is set (GNU, star). */
static bool
read_number(const unsigned char *field, size_t length, int64_t *out)
{
	int64_t number = 0;
	if (field[0] & 0x80) {
		if (field[0] != 0x80) /* 0xff: negative */
			return false;
		for (size_t i = 1; i < length; i++) {
			if (number >> 47)
				return false;
			number = number << 8 | field[i];
		}
		*out = number;
		return true;
	}
	size_t at = 0;
	while (at < length && field[at] == ' ')
		at++;
	for (; at < length && field[at] >= '0' && field[at] <= '7'; at++)
		number = number << 3 | (field[at] - '0');
	for (; at < length; at++)
		if (field[at] != ' ' && field[at] != '\0')
			return false;
	*out = number;
	return true;
}

static bool
checksum_fits(const unsigned char *block)
{
	int64_t stated = 0, plain = 0, with_sign = 0;
	for (int i = 0; i < BLOCK; i++) {
		unsigned char byte = i >= CHECKSUM && i < CHECKSUM + ID_LENGTH ? ' ' : block[i];
		plain += byte;
		with_sign += byte < 0x80 ? byte : byte - 0x100; /* some old writers' sum */
	}
	return read_number(block + CHECKSUM, ID_LENGTH, &stated) &&
	       (stated == plain || stated == with_sign);
}

/* --- extension headers --------------------------------------------------------------------- */

static bool
read_decimal(const char *text, size_t length, int64_t *out)
{
	int64_t number = 0;
	if (length == 0 || length > MAX_NUMBER_DIGITS)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		number = number * 10 + (text[i] - '0');
	}
	*out = number;
	return true;
}

static bool
keep_text(char **slot, const char *value, size_t length, GError **error)
{
	if (*slot)
		return refuse(error, "a pax header names a path twice");
	if (length == 0 || memchr(value, '\0', length))
		return refuse(error, "a pax header has an empty path or one with a NUL");
	*slot = g_strndup(value, length);
	return true;
}

static bool
use_record(Tar *tar, bool global, const char *key, const char *value, size_t length, GError **error)
{
	if (g_str_has_prefix(key, "GNU.sparse."))
		return refuse(error, "sparse files are not accepted");
	bool path = strcmp(key, "path") == 0, link = strcmp(key, "linkpath") == 0,
	     size = strcmp(key, "size") == 0;
	if (global)
		return path || link || size
			       ? refuse(error, "a global pax header sets a path or a size")
			       : true;
	if (path)
		return keep_text(&tar->pax_name, value, length, error);
	if (link)
		return keep_text(&tar->pax_link, value, length, error);
	if (size) {
		if (tar->has_pax_size || !read_decimal(value, length, &tar->pax_size))
			return refuse(error, "a pax header has a bad size");
		tar->has_pax_size = true;
	}
	if (strcmp(key, "mtime") == 0) {
		const char *dot = memchr(value, '.', length);
		tar->has_pax_mtime =
			read_decimal(value, dot ? (size_t)(dot - value) : length, &tar->pax_mtime);
	}
	return true;
}

/* Records `LENGTH KEY=VALUE\n`, LENGTH counting itself. */
static bool
read_pax(Tar *tar, bool global, const char *bytes, size_t length, GError **error)
{
	while (length > 0) {
		const char *space = memchr(bytes, ' ', MIN(length, 8));
		int64_t record = 0;
		if (!space || !read_decimal(bytes, (size_t)(space - bytes), &record) ||
			record > (int64_t)length || record < space - bytes + 3 ||
			bytes[record - 1] != '\n')
			return refuse(error, "a pax header is malformed");
		const char *key = space + 1, *end = bytes + record - 1;
		const char *equals = memchr(key, '=', (size_t)(end - key));
		if (!equals || equals == key || memchr(key, '\0', (size_t)(equals - key)))
			return refuse(error, "a pax header is malformed");
		g_autofree char *name = g_strndup(key, (size_t)(equals - key));
		if (!use_record(tar, global, name, equals + 1, (size_t)(end - equals - 1), error))
			return false;
		bytes += record;
		length -= (size_t)record;
	}
	return true;
}

static bool
read_gnu_name(char **slot, const char *bytes, size_t length, GError **error)
{
	size_t used = strnlen(bytes, length);
	if (*slot)
		return refuse(error, "two long names for one member");
	if (used == 0 || !is_zero((const unsigned char *)bytes + used, length - used))
		return refuse(error, "a long name is empty or has a NUL inside");
	*slot = g_strndup(bytes, used);
	return true;
}

static bool
read_extension(Tar *tar, char type, int64_t size, GError **error)
{
	if (size == 0 || size > MAX_EXTENSION)
		return refuse(error, "an extension header is empty or too long");
	size_t length = (size_t)size, padded = (length + BLOCK - 1) / BLOCK * BLOCK;
	g_autofree char *bytes = g_malloc(padded);
	if (!read_exactly(tar, bytes, padded, NULL, error))
		return false;
	switch (type) {
	case 'g':
		if (tar->has_pax || tar->gnu_name || tar->gnu_link)
			return refuse(error, "an extension header belongs to no member");
		return read_pax(tar, true, bytes, length, error);
	case 'x':
		if (tar->has_pax)
			return refuse(error, "two pax headers for one member");
		tar->has_pax = true;
		return read_pax(tar, false, bytes, length, error);
	default:
		return read_gnu_name(
			type == 'L' ? &tar->gnu_name : &tar->gnu_link, bytes, length, error);
	}
}

/* --- members ------------------------------------------------------------------------------- */

/* The header's dialect must be clear: what stands at 345 is a path prefix to some readers. */
static bool
check_magic(const unsigned char *block, bool *has_prefix, GError **error)
{
	*has_prefix = memcmp(block + MAGIC, "ustar\00000", 8) == 0;
	if (*has_prefix)
		return true;
	bool gnu = memcmp(block + MAGIC, "ustar  \0", 8) == 0;
	bool old = is_zero(block + MAGIC, BLOCK - MAGIC);
	if (!old && !(gnu && is_zero(block + PREFIX, BLOCK - PREFIX)))
		return refuse(error, "a header is of no known tar format");
	return true;
}

static char *
header_name(const unsigned char *block, bool has_prefix)
{
	g_autofree char *name = g_strndup((const char *)block + NAME, NAME_LENGTH);
	if (!has_prefix || !block[PREFIX])
		return g_steal_pointer(&name);
	g_autofree char *prefix = g_strndup((const char *)block + PREFIX, PREFIX_LENGTH);
	return g_strconcat(prefix, "/", name, NULL);
}

static bool
read_type(char flag, const char *name, enum tar_type *type, GError **error)
{
	switch (flag) {
	case '0':
	case '\0':
		*type = g_str_has_suffix(name, "/") ? TAR_FOLDER : TAR_FILE;
		return true;
	case '1':
		*type = TAR_HARDLINK;
		return true;
	case '2':
		*type = TAR_SYMLINK;
		return true;
	case '5':
		*type = TAR_FOLDER;
		return true;
	case '3':
	case '4':
	case '6':
		return error_set(error, ERROR_INVALID_INPUT, "'%s' is a special file", name);
	case 'S':
		return error_set(error, ERROR_INVALID_INPUT, "'%s' is a sparse file", name);
	default:
		return error_set(error, ERROR_INVALID_INPUT, "'%s' is of unknown type", name);
	}
}

static bool
choose_names(Tar *tar, const unsigned char *block, bool has_prefix, GError **error)
{
	if ((tar->pax_name && tar->gnu_name) || (tar->pax_link && tar->gnu_link))
		return refuse(error, "a pax and a GNU header both name a member");
	g_free(tar->name);
	g_free(tar->link);
	tar->name = tar->pax_name   ? g_strdup(tar->pax_name)
		    : tar->gnu_name ? g_strdup(tar->gnu_name)
				    : header_name(block, has_prefix);
	tar->link = tar->pax_link   ? g_strdup(tar->pax_link)
		    : tar->gnu_link ? g_strdup(tar->gnu_link)
				    : g_strndup((const char *)block + LINK, LINK_LENGTH);
	return *tar->name ? true : refuse(error, "a member has no name");
}

static bool
read_member(Tar *tar, const unsigned char *block, bool has_prefix, int64_t size, GError **error)
{
	struct tar_member *member = &tar->member;
	int64_t mode = 0, mtime = 0, id = 0;
	if (!choose_names(tar, block, has_prefix, error))
		return false;
	if (!read_number(block + MODE, ID_LENGTH, &mode) ||
		!read_number(block + UID, ID_LENGTH, &id) ||
		!read_number(block + GID, ID_LENGTH, &id) ||
		!read_number(block + MTIME, SIZE_LENGTH, &mtime))
		return refuse(error, "a header has a malformed number");
	if (tar->has_pax_size && tar->pax_size != size)
		return refuse(error, "a pax header and a header differ in a size");
	if (!read_type((char)block[TYPE], tar->name, &member->type, error))
		return false;
	bool link = member->type == TAR_HARDLINK || member->type == TAR_SYMLINK;
	if (member->type != TAR_FILE && size != 0)
		return refuse(error, "a link or folder has contents");
	if (link && !*tar->link)
		return refuse(error, "a link has no target");
	member->name = tar->name;
	member->link = link ? tar->link : NULL;
	member->size = size;
	member->mtime = tar->has_pax_mtime ? tar->pax_mtime : mtime;
	member->executable = mode & 0111;
	tar->left = size;
	tar->padding = (int)((BLOCK - size % BLOCK) % BLOCK);
	forget_extensions(tar);
	return true;
}

/* Behind the first zero block only zeros may follow. */
static bool
read_end(Tar *tar, GError **error)
{
	if (tar->has_pax || tar->gnu_name || tar->gnu_link)
		return refuse(error, "an extension header belongs to no member");
	tar->ended = true;
	unsigned char buffer[BLOCK * 8];
	ssize_t got;
	while ((got = tar->source(tar->user, buffer, sizeof buffer, error)) > 0)
		if (!is_zero(buffer, (size_t)got))
			return refuse(error, "something follows the end of the archive");
	return got == 0;
}

static bool
skip_contents(Tar *tar, GError **error)
{
	char buffer[BLOCK * 8];
	ssize_t got;
	while ((got = tar_read(tar, buffer, sizeof buffer, error)) > 0)
		;
	return got == 0;
}

bool
tar_next(Tar *tar, const struct tar_member **member, GError **error)
{
	*member = NULL;
	if (!skip_contents(tar, error))
		return false;
	while (!tar->ended) {
		bool ended = false, has_prefix = false;
		int64_t size = 0;
		if (!read_exactly(tar, tar->block, BLOCK, &ended, error))
			return false;
		if (ended || is_zero(tar->block, BLOCK))
			return read_end(tar, error);
		if (!checksum_fits(tar->block))
			return refuse(error, "a header's checksum is wrong");
		if (!check_magic(tar->block, &has_prefix, error))
			return false;
		if (!read_number(tar->block + SIZE, SIZE_LENGTH, &size))
			return refuse(error, "a header has a malformed number");
		char type = (char)tar->block[TYPE];
		if (type && strchr("xgLK", type)) {
			if (!read_extension(tar, type, size, error))
				return false;
			continue;
		}
		if (!read_member(tar, tar->block, has_prefix, size, error))
			return false;
		*member = &tar->member;
		return true;
	}
	return true;
}

ssize_t
tar_read(Tar *tar, void *buffer, size_t length, GError **error)
{
	if (tar->left > 0) {
		size_t step = (size_t)MIN((int64_t)length, tar->left);
		ssize_t got = tar->source(tar->user, buffer, step, error);
		if (got == 0)
			refuse(error, "the archive is cut short");
		if (got <= 0)
			return -1;
		tar->left -= got;
		return got;
	}
	if (tar->padding > 0) {
		unsigned char rest[BLOCK];
		if (!read_exactly(tar, rest, (size_t)tar->padding, NULL, error))
			return -1;
		tar->padding = 0;
	}
	return 0;
}
