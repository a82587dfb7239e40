/* SPDX-License-Identifier: MIT */
/* Parsed pages on disk, one file each, used from a mapping: a warm resolve parses nothing. */
#include "lib/fs.h"
#include "resolver/index_private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "xpippc02"

struct head {
	char magic[8];
	int64_t fresh_until;
	uint32_t etag, last_modified; /* lengths of the texts behind this head */
	uint32_t page_at, pad;	      /* a multiple of 8 */
};

static char *
path_of(const char *cache_dir, const char *url)
{
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, url, -1);
	return g_strdup_printf("%s/pages-v1/%.2s/%.40s", cache_dir, sum, sum + 2);
}

IndexPage *
index_cache_read(const char *cache_dir, const char *url, const char *name, int64_t *fresh_until,
	char **etag, char **last_modified)
{
	g_autofree char *path = path_of(cache_dir, url);
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
	if (!file)
		return NULL;
	size_t length = g_mapped_file_get_length(file);
	const char *bytes = g_mapped_file_get_contents(file);
	struct head head;
	if (length < sizeof head)
		return NULL;
	memcpy(&head, bytes, sizeof head);
	if (memcmp(head.magic, MAGIC, sizeof head.magic) != 0 || head.page_at % 8 != 0 ||
		head.page_at >= length || head.etag > 4096 || head.last_modified > 4096 ||
		sizeof head + head.etag + head.last_modified > head.page_at)
		return NULL;
	g_autoptr(GBytes) all = g_mapped_file_get_bytes(file);
	g_autoptr(GBytes) block = g_bytes_new_from_bytes(all, head.page_at, length - head.page_at);
	IndexPage *page = page_from_bytes(block);
	if (!page || strcmp(page_name(page), name) != 0) {
		page_free(page);
		return NULL;
	}
	*fresh_until = head.fresh_until;
	*etag = head.etag ? g_strndup(bytes + sizeof head, head.etag) : NULL;
	*last_modified = head.last_modified
				 ? g_strndup(bytes + sizeof head + head.etag, head.last_modified)
				 : NULL;
	return page;
}

void
index_cache_write(const char *cache_dir, const char *url, const IndexPage *page,
	int64_t fresh_until, const char *etag, const char *last_modified)
{
	g_autofree char *path = path_of(cache_dir, url), *folder = g_path_get_dirname(path);
	g_autoptr(GBytes) block = page_serialize(page);
	struct head head = {.fresh_until = fresh_until,
		.etag = etag ? (uint32_t)strlen(etag) : 0,
		.last_modified = last_modified ? (uint32_t)strlen(last_modified) : 0};
	if (head.etag > 4096 || head.last_modified > 4096)
		return;
	memcpy(head.magic, MAGIC, sizeof head.magic);
	head.page_at = (uint32_t)((sizeof head + head.etag + head.last_modified + 7) & ~(size_t)7);
	GString *out = g_string_sized_new(head.page_at + g_bytes_get_size(block));
	g_string_append_len(out, (const char *)&head, sizeof head);
	g_string_append(out, etag ? etag : "");
	g_string_append(out, last_modified ? last_modified : "");
	while (out->len < head.page_at)
		g_string_append_c(out, '\0');
	g_string_append_len(out, g_bytes_get_data(block, NULL), (gssize)g_bytes_get_size(block));
	if (fs_mkdirs(folder, 0700, NULL))
		fs_write_atomic(path, out->str, out->len, 0600, false, NULL);
	g_string_free(out, TRUE);
}

void
index_cache_touch(const char *cache_dir, const char *url, int64_t fresh_until)
{
	g_autofree char *path = path_of(cache_dir, url);
	g_auto(fd_t) fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Lost or half written, it is only asked for again. */
	ssize_t ignored = pwrite(fd, &fresh_until, sizeof fresh_until,
		(off_t)G_STRUCT_OFFSET(struct head, fresh_until));
	(void)ignored;
}
