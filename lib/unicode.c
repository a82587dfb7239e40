/* SPDX-License-Identifier: MIT */
#include "lib/unicode.h"

#include <stdbool.h>
#include <string.h>

/* White space beyond ASCII, as UTF-8; U+2000 to U+200A are tested apart. */
static const char *const wide_spaces[] = {
	"\xc2\x85",
	"\xc2\xa0",
	"\xe1\x9a\x80",
	"\xe2\x80\xa8",
	"\xe2\x80\xa9",
	"\xe2\x80\xaf",
	"\xe2\x81\x9f",
	"\xe3\x80\x80",
};

size_t
unicode_space(const char *text, size_t length)
{
	if (length == 0)
		return 0;
	unsigned char first = (unsigned char)text[0];
	if (first < 0x80)
		return first == ' ' || (first >= 0x09 && first <= 0x0d) ||
				       (first >= 0x1c && first <= 0x1f)
			       ? 1
			       : 0;
	if (length >= 3 && memcmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] >= 0x80 &&
		(unsigned char)text[2] <= 0x8a)
		return 3;
	for (size_t i = 0; i < sizeof wide_spaces / sizeof *wide_spaces; i++) {
		size_t size = strlen(wide_spaces[i]);
		if (length >= size && memcmp(text, wide_spaces[i], size) == 0)
			return size;
	}
	return 0;
}

void
unicode_strip(const char **text, size_t *length)
{
	size_t size;
	while ((size = unicode_space(*text, *length)) > 0) {
		*text += size;
		*length -= size;
	}
	for (bool more = true; more;) {
		more = false;
		for (size = 1; size <= 3 && size <= *length; size++) {
			if (unicode_space(*text + *length - size, size) != size)
				continue;
			*length -= size;
			more = true;
			break;
		}
	}
}
