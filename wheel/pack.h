/* SPDX-License-Identifier: MIT */
/* The byte code of one wheel for one kind of interpreter, in one file of the store. It is kept with
 * a placeholder where the source's path stands, and leaves with the path of the installed file:
 * the same bytes that the interpreter itself would write there. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct pack_entry {
	const char *path;     /* of the source, in the archive */
	const uint8_t *bytes; /* a .pyc */
	uint32_t length;      /* 0: the source does not compile */
	uint32_t name_at;     /* offset of the marshalled placeholder, its type byte */
};

/* What sources are called while they are compiled for a pack. New string. */
char *pack_placeholder(const char *path);
/* Finds the placeholder: true if it stands there exactly once (then entry->name_at is set). */
bool pack_find_name(struct pack_entry *entry);
/* The .pyc for a source that is called `name` and has this time (seconds) and size; new block.
 * NULL if the name is no UTF-8. */
uint8_t *pack_render(const struct pack_entry *entry, const char *name, int64_t mtime, int64_t size,
	size_t *length);

typedef struct Pack Pack;
/* NULL if there is none or it is damaged. */
Pack *pack_read(const char *file);
/* From bytes, which are taken over. */
Pack *pack_parse(uint8_t *bytes, size_t length);
void pack_free(Pack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pack, pack_free)
size_t pack_count(const Pack *pack);
const struct pack_entry *pack_get(const Pack *pack, size_t index);
const struct pack_entry *pack_find(const Pack *pack, const char *path); /* or NULL */

/* Writes a pack, atomically; entries sorted by path, each once. */
bool pack_write(const char *file, const struct pack_entry *entries, size_t count, GError **error);
