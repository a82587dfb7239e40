/* SPDX-License-Identifier: MIT */
/* Makes small wheels byte by byte, so that tests can bend each field. */
#pragma once
#include "verify/digest.h"
#include "wheel/manifest.h"
#include "wheel/zip.h"

#include <libdeflate.h>
#include <string.h>

enum { MAKER_ENTRIES = 12 };

struct maker_entry {
	const char *name;
	size_t name_length; /* 0: strlen(name) */
	const char *text;
	size_t length; /* 0: strlen(text) */
	uint16_t method, flags;
	uint32_t mode; /* upper half of the external attributes */
	const uint8_t *extra, *local_extra;
	uint16_t extra_length, local_extra_length;
	unsigned descriptor; /* its length: 12, 16, 20, 24; 0: none */
};

struct maker {
	struct maker_entry entries[MAKER_ENTRIES];
	size_t count;
	const char *filename;
	const char *record; /* or NULL: made from the entries */
	/* made: */
	GByteArray *bytes;
	size_t local[MAKER_ENTRIES], data[MAKER_ENTRIES], entry[MAKER_ENTRIES], directory, end;
	char *made_record;
};

#define MAKER_WHEEL "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
#define MAKER_METADATA "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n\nText\n"

/* hostile-1.0 with a module (entry 0), METADATA (1), WHEEL (2), RECORD (3). */
static inline void
maker_init(struct maker *m)
{
	*m = (struct maker){.filename = "hostile-1.0-py3-none-any.whl", .count = 4};
	m->entries[0] = (struct maker_entry){.name = "hostile/__init__.py",
		.text = "x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n",
		.method = ZIP_DEFLATED,
		.mode = 0100644};
	m->entries[1] = (struct maker_entry){.name = "hostile-1.0.dist-info/METADATA",
		.text = MAKER_METADATA,
		.method = ZIP_DEFLATED,
		.mode = 0100644};
	m->entries[2] = (struct maker_entry){
		.name = "hostile-1.0.dist-info/WHEEL", .text = MAKER_WHEEL, .mode = 0100644};
	m->entries[3] = (struct maker_entry){
		.name = "hostile-1.0.dist-info/RECORD", .text = "", .mode = 0100644};
}

static inline struct maker_entry *
maker_add(struct maker *m, const char *name, const char *text)
{
	g_assert(m->count < MAKER_ENTRIES);
	struct maker_entry *entry = &m->entries[m->count++];
	*entry = (struct maker_entry){.name = name, .text = text, .mode = 0100644};
	return entry;
}

static inline void
maker_put(GByteArray *out, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);
		g_byte_array_append(out, &byte, 1);
	}
}

static inline void
maker_set(struct maker *m, size_t at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		m->bytes->data[at + i] = (uint8_t)(value >> 8 * i);
}

static inline size_t
maker_name_length(const struct maker_entry *e)
{
	return e->name_length ? e->name_length : strlen(e->name);
}

static inline size_t
maker_length(const struct maker_entry *e)
{
	return e->length ? e->length : strlen(e->text);
}

static inline void
maker_record(struct maker *m)
{
	GString *out = g_string_new(NULL);
	for (size_t i = 0; i < m->count; i++) {
		struct maker_entry *e = &m->entries[i];
		struct digest digest;
		if (g_str_has_suffix(e->name, "/RECORD") || g_str_has_suffix(e->name, "/"))
			continue;
		digest_bytes(e->text, maker_length(e), &digest);
		manifest_append(out, e->name, &digest, (int64_t)maker_length(e));
	}
	manifest_append(out, "hostile-1.0.dist-info/RECORD", NULL, -1);
	m->made_record = g_string_free(out, FALSE);
	for (size_t i = 0; i < m->count; i++)
		if (g_str_has_suffix(m->entries[i].name, "/RECORD") && !*m->entries[i].text)
			m->entries[i].text = m->record ? m->record : m->made_record;
}

static inline void
maker_write_entry(struct maker *m, size_t i, GByteArray *directory)
{
	struct maker_entry *e = &m->entries[i];
	GByteArray *out = m->bytes;
	size_t length = maker_length(e), name = maker_name_length(e), packed = length;
	g_autofree uint8_t *data = g_malloc(length + 64);
	memcpy(data, e->text, length);
	if (e->method == ZIP_DEFLATED) {
		struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
		packed = libdeflate_deflate_compress(c, e->text, length, data, length + 64);
		libdeflate_free_compressor(c);
	}
	uint32_t crc = libdeflate_crc32(0, e->text, length);
	uint16_t flags = (uint16_t)(e->flags | (e->descriptor ? 8 : 0));
	m->local[i] = out->len;
	maker_put(out, ZIP_LOCAL_MARK, 4);
	maker_put(out, 20, 2);
	maker_put(out, flags, 2);
	maker_put(out, e->method, 2);
	maker_put(out, 0x5a21, 4);
	maker_put(out, e->descriptor ? 0 : crc, 4);
	maker_put(out, e->descriptor ? 0 : packed, 4);
	maker_put(out, e->descriptor ? 0 : length, 4);
	maker_put(out, name, 2);
	maker_put(out, e->local_extra_length, 2);
	g_byte_array_append(out, (const guint8 *)e->name, (guint)name);
	if (e->local_extra)
		g_byte_array_append(out, e->local_extra, e->local_extra_length);
	m->data[i] = out->len;
	g_byte_array_append(out, data, (guint)packed);
	if (e->descriptor) {
		if (e->descriptor == 16 || e->descriptor == 24)
			maker_put(out, ZIP_DESCRIPTOR_MARK, 4);
		maker_put(out, crc, 4);
		maker_put(out, packed, e->descriptor >= 20 ? 8 : 4);
		maker_put(out, length, e->descriptor >= 20 ? 8 : 4);
	}
	m->entry[i] = directory->len; /* made absolute later */
	maker_put(directory, ZIP_ENTRY_MARK, 4);
	maker_put(directory, 0x0314, 2);
	maker_put(directory, 20, 2);
	maker_put(directory, flags, 2);
	maker_put(directory, e->method, 2);
	maker_put(directory, 0x5a21, 4);
	maker_put(directory, crc, 4);
	maker_put(directory, packed, 4);
	maker_put(directory, length, 4);
	maker_put(directory, name, 2);
	maker_put(directory, e->extra_length, 2);
	maker_put(directory, 0, 2 + 2 + 2); /* comment, disk, internal attributes */
	maker_put(directory, (uint64_t)e->mode << 16, 4);
	maker_put(directory, m->local[i], 4);
	g_byte_array_append(directory, (const guint8 *)e->name, (guint)name);
	if (e->extra)
		g_byte_array_append(directory, e->extra, e->extra_length);
}

static inline void
maker_build(struct maker *m)
{
	g_autoptr(GByteArray) directory = g_byte_array_new();
	maker_record(m);
	m->bytes = g_byte_array_new();
	for (size_t i = 0; i < m->count; i++)
		maker_write_entry(m, i, directory);
	m->directory = m->bytes->len;
	for (size_t i = 0; i < m->count; i++)
		m->entry[i] += m->directory;
	g_byte_array_append(m->bytes, directory->data, directory->len);
	m->end = m->bytes->len;
	maker_put(m->bytes, ZIP_END_MARK, 4);
	maker_put(m->bytes, 0, 4);
	maker_put(m->bytes, m->count, 2);
	maker_put(m->bytes, m->count, 2);
	maker_put(m->bytes, directory->len, 4);
	maker_put(m->bytes, m->directory, 4);
	maker_put(m->bytes, 0, 2);
}

/* Puts bytes in (or takes some out, if `length` is negative) before the end record. */
static inline void
maker_insert(struct maker *m, size_t at, const void *bytes, size_t length)
{
	size_t old = m->bytes->len;
	g_byte_array_set_size(m->bytes, (guint)(old + length));
	memmove(m->bytes->data + at + length, m->bytes->data + at, old - at);
	memcpy(m->bytes->data + at, bytes, length);
}

/* A ZIP64 end record and its locator before the end record, which then is at m->end. */
static inline void
maker_zip64_end(struct maker *m)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	maker_put(out, ZIP_END64_MARK, 4);
	maker_put(out, 44, 8);
	maker_put(out, 0x0314, 2);
	maker_put(out, 45, 2);
	maker_put(out, 0, 8);
	maker_put(out, m->count, 8);
	maker_put(out, m->count, 8);
	maker_put(out, m->end - m->directory, 8);
	maker_put(out, m->directory, 8);
	maker_put(out, ZIP_LOCATOR64_MARK, 4);
	maker_put(out, 0, 4);
	maker_put(out, m->end, 8);
	maker_put(out, 1, 4);
	maker_insert(m, m->end, out->data, out->len);
	m->end += out->len;
}

static inline void
maker_clear(struct maker *m)
{
	g_byte_array_unref(m->bytes);
	g_free(m->made_record);
}
