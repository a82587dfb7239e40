/* SPDX-License-Identifier: MIT */
#include "resolver/specifier.h"
#include "lib/error.h"
#include "lib/unicode.h"
#include "resolver/version_key.h"

#include <string.h>

enum { MAX_MEMBERS = 4096 };

enum operation { OP_ARBITRARY, OP_COMPATIBLE, OP_EQUAL, OP_NOT_EQUAL, OP_LE, OP_GE, OP_LT, OP_GT };
static const char *const operator_texts[] = {"===", "~=", "==", "!=", "<=", ">=", "<", ">"};

struct member {
	enum operation op;
	bool wildcard;
	char *text;	   /* as written, without white space around: `>=1.0` */
	const char *value; /* within text, behind the op */
	Version *version;  /* NULL for `===` of something that is no version */
};

struct SpecifierSet {
	gint references;
	unsigned count;
	char *text; /* sorted members */
	struct member members[];
};

/* --- parsing ------------------------------------------------------------------------------- */

static bool
find_operator(const char *text, size_t length, enum operation *found)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(operator_texts); i++) {
		size_t size = strlen(operator_texts[i]);
		if (length >= size && memcmp(text, operator_texts[i], size) == 0) {
			*found = (enum operation)i;
			return true;
		}
	}
	return false;
}

/* The grammar allows no white space, `;` or `)` inside an arbitrary version. */
static bool
is_arbitrary_value(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] == ';' || text[i] == ')' || unicode_space(text + i, length - i) > 0)
			return false;
	return true;
}

/* Wildcards stand behind a bare release; local parts only with == and !=; ~= needs two numbers. */
static bool
is_allowed(const struct member *m)
{
	bool equality = m->op == OP_EQUAL || m->op == OP_NOT_EQUAL;
	if (m->wildcard) {
		const char *text = version_text(m->version);
		return equality && !version_has_local(m->version) &&
		       !version_is_prerelease(m->version) && !version_is_postrelease(m->version) &&
		       *text;
	}
	if (version_has_local(m->version) && !equality)
		return false;
	return m->op != OP_COMPATIBLE || version_release_count(m->version) >= 2;
}

static bool
parse_member(const char *text, size_t length, struct member *m)
{
	*m = (struct member){0};
	if (memchr(text, '\0', length) || !find_operator(text, length, &m->op))
		return false;
	size_t prefix = strlen(operator_texts[m->op]);
	const char *value = text + prefix;
	size_t value_length = length - prefix;
	unicode_strip(&value, &value_length);
	if (m->op == OP_ARBITRARY) {
		if (!is_arbitrary_value(value, value_length))
			return false;
	} else {
		m->wildcard = value_length > 2 && memcmp(value + value_length - 2, ".*", 2) == 0;
		size_t bare = value_length - (m->wildcard ? 2 : 0);
		if (bare == 0 || unicode_space(value + bare - 1, 1) > 0)
			return false;
		m->version = version_parse(value, bare, NULL);
		if (!m->version || !is_allowed(m))
			return false;
	}
	m->text = g_strdup_printf("%s%.*s", operator_texts[m->op], (int)value_length, value);
	m->value = m->text + prefix;
	if (m->op == OP_ARBITRARY)
		m->version = version_parse(value, value_length, NULL);
	return true;
}

static int
compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->text, ((const struct member *)b)->text);
}

static bool
same_members(const struct member *a, const struct member *b)
{
	if (strcmp(a->text, b->text) == 0)
		return true;
	if (a->op != b->op || a->wildcard || b->wildcard || a->op == OP_ARBITRARY)
		return false;
	if (a->op == OP_COMPATIBLE &&
		version_release_count(a->version) != version_release_count(b->version))
		return false;
	return version_compare(a->version, b->version) == 0;
}

static void
member_clear(struct member *m)
{
	g_free(m->text);
	version_free(m->version);
}

/* Sorts, writes the text without members that say the same. Takes the members. */
static SpecifierSet *
finish(GArray *members)
{
	SpecifierSet *set = g_malloc0(sizeof *set + members->len * sizeof(struct member));
	set->references = 1;
	g_array_sort(members, compare_members);
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < members->len; i++) {
		struct member *m = &g_array_index(members, struct member, i);
		bool known = false;
		for (unsigned k = 0; k < set->count && !known; k++)
			known = same_members(&set->members[k], m);
		if (!known)
			g_string_append_printf(text, "%s%s", text->len ? "," : "", m->text);
		set->members[set->count++] = *m;
	}
	set->text = g_string_free(g_steal_pointer(&text), FALSE);
	return set;
}

static void
drop_members(GArray *members)
{
	for (guint i = 0; i < members->len; i++)
		member_clear(&g_array_index(members, struct member, i));
}

SpecifierSet *
specifier_parse(const char *text, size_t length, GError **error)
{
	g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(struct member));
	const char *end = text + length;
	for (const char *at = text; at <= end;) {
		const char *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		size_t count = (size_t)((comma ? comma : end) - at);
		const char *part = at;
		unicode_strip(&part, &count);
		struct member m = {0};
		if (count > 0 && (members->len == MAX_MEMBERS || !parse_member(part, count, &m))) {
			version_free(m.version);
			drop_members(members);
			error_set(error, ERROR_INVALID_INPUT, "Invalid specifier: '%.*s'",
				(int)MIN(count, 200), part);
			return NULL;
		}
		if (count > 0)
			g_array_append_val(members, m);
		if (!comma)
			break;
		at = comma + 1;
	}
	return finish(members);
}

SpecifierSet *
specifier_ref(SpecifierSet *set)
{
	g_atomic_int_inc(&set->references);
	return set;
}

void
specifier_free(SpecifierSet *set)
{
	if (!set || !g_atomic_int_dec_and_test(&set->references))
		return;
	for (unsigned i = 0; i < set->count; i++)
		member_clear(&set->members[i]);
	g_free(set->text);
	g_free(set);
}

static void
copy_members(GArray *to, const SpecifierSet *from)
{
	for (unsigned i = 0; from && i < from->count; i++) {
		struct member m = from->members[i];
		m.text = g_strdup(m.text);
		m.value = m.text + (from->members[i].value - from->members[i].text);
		m.version = m.version ? version_copy(m.version) : NULL;
		g_array_append_val(to, m);
	}
}

SpecifierSet *
specifier_and(SpecifierSet *a, SpecifierSet *b)
{
	if (a && (!b || b->count == 0))
		return specifier_ref(a);
	if (b && (!a || a->count == 0))
		return specifier_ref(b);
	g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(struct member));
	copy_members(members, a);
	copy_members(members, b);
	return finish(members);
}

/* --- matching ------------------------------------------------------------------------------ */

/* >V leaves out V's local versions, and its post-releases unless V is one. */
static bool
is_greater(const Version *version, const Version *v)
{
	if (version_compare_public(version, v) <= 0)
		return false;
	return version_is_devrelease(v) || version_is_postrelease(v) ||
	       !version_same_through_pre(version, v);
}

/* <V leaves out V's pre-releases unless V is one. */
static bool
is_less(const Version *version, const Version *v)
{
	return version_is_prerelease(v) ? version_compare(version, v) < 0
					: version_less_than_dev0(version, v);
}

static bool
equals(const struct member *m, const Version *version)
{
	if (m->wildcard)
		return version_has_prefix(version, m->version, version_release_count(m->version));
	return version_has_local(m->version) ? version_compare(version, m->version) == 0
					     : version_compare_public(version, m->version) == 0;
}

static bool
member_matches(const struct member *m, const Version *version)
{
	switch (m->op) {
	case OP_ARBITRARY:
		return g_ascii_strcasecmp(m->value, version_text(version)) == 0;
	case OP_COMPATIBLE:
		return version_compare(version, m->version) >= 0 &&
		       version_has_prefix(
			       version, m->version, version_release_count(m->version) - 1);
	case OP_EQUAL:
		return equals(m, version);
	case OP_NOT_EQUAL:
		return !equals(m, version);
	case OP_LE:
		return version_compare_public(version, m->version) <= 0;
	case OP_GE:
		return version_compare(version, m->version) >= 0;
	case OP_LT:
		return is_less(version, m->version);
	case OP_GT:
		return is_greater(version, m->version);
	}
	return false;
}

bool
specifier_matches(const SpecifierSet *set, const Version *version)
{
	for (unsigned i = 0; i < set->count; i++)
		if (!member_matches(&set->members[i], version))
			return false;
	return true;
}

bool
specifier_contains(const SpecifierSet *set, const Version *version, enum prereleases prereleases)
{
	if (prereleases == PRERELEASES_DENY && version_is_prerelease(version))
		return false;
	return specifier_matches(set, version);
}

bool
specifier_contains_text(
	const SpecifierSet *set, const char *text, size_t length, enum prereleases prereleases)
{
	g_autoptr(Version) version = version_parse(text, length, NULL);
	if (version && prereleases == PRERELEASES_DENY && version_is_prerelease(version))
		return false;
	for (unsigned i = 0; i < set->count; i++) {
		const struct member *m = &set->members[i];
		if (m->op == OP_ARBITRARY) {
			if (strlen(m->value) != length ||
				g_ascii_strncasecmp(m->value, text, length) != 0)
				return false;
		} else if (!version || !member_matches(m, version)) {
			return false;
		}
	}
	return true;
}

void
specifier_filter(const SpecifierSet *set, const Version *const *versions, size_t count,
	enum prereleases prereleases, bool *keep)
{
	if (prereleases == PRERELEASES_DEFAULT)
		prereleases = specifier_prereleases(set);
	bool final = false;
	for (size_t i = 0; i < count; i++) {
		keep[i] = specifier_contains(set, versions[i], prereleases);
		final = final || (keep[i] && !version_is_prerelease(versions[i]));
	}
	for (size_t i = 0; prereleases == PRERELEASES_DEFAULT && final && i < count; i++)
		keep[i] = keep[i] && !version_is_prerelease(versions[i]);
}

void
specifier_filter_texts(const SpecifierSet *set, const char *const *versions, size_t count,
	enum prereleases prereleases, bool *keep)
{
	if (prereleases == PRERELEASES_DEFAULT)
		prereleases = specifier_prereleases(set);
	g_autofree bool *pre = g_new0(bool, count + 1);
	bool final = false;
	for (size_t i = 0; i < count; i++) {
		g_autoptr(Version) version = version_parse_string(versions[i]);
		pre[i] = version && version_is_prerelease(version);
		keep[i] =
			specifier_contains_text(set, versions[i], strlen(versions[i]), prereleases);
		final = final || (keep[i] && version && !pre[i]);
	}
	for (size_t i = 0; prereleases == PRERELEASES_DEFAULT && final && i < count; i++)
		keep[i] = keep[i] && !pre[i];
}

/* --- facts --------------------------------------------------------------------------------- */

enum prereleases
specifier_prereleases(const SpecifierSet *set)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct member *m = &set->members[i];
		if (m->op != OP_NOT_EQUAL && !m->wildcard && m->version &&
			version_is_prerelease(m->version))
			return PRERELEASES_ALLOW;
	}
	return PRERELEASES_DEFAULT;
}

bool
specifier_is_empty(const SpecifierSet *set)
{
	return set->count == 0;
}

const char *
specifier_pin(const SpecifierSet *set)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct member *m = &set->members[i];
		if (m->op == OP_ARBITRARY || (m->op == OP_EQUAL && !m->wildcard))
			return m->value;
	}
	return NULL;
}

bool
specifier_has_upper_bound(const SpecifierSet *set)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct member *m = &set->members[i];
		if (m->op == OP_LT || m->op == OP_LE || m->op == OP_COMPATIBLE ||
			(m->op == OP_EQUAL && m->wildcard))
			return true;
	}
	return false;
}

size_t
specifier_count(const SpecifierSet *set)
{
	return set->count;
}

char *
specifier_sorted_text(const SpecifierSet *set)
{
	GString *text = g_string_new(NULL);
	for (unsigned i = 0; i < set->count; i++)
		g_string_append_printf(text, "%s%s", i ? "," : "", set->members[i].text);
	return g_string_free(text, FALSE);
}

const char *
specifier_text(const SpecifierSet *set)
{
	return set->text;
}
