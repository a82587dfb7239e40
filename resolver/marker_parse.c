/* SPDX-License-Identifier: MIT */
#include "resolver/marker_parse.h"
#include "lib/error.h"
#include "wheel/name.h"

#include <string.h>

enum { MAX_DEPTH = 200 };

const char *const marker_operator_texts[MARKER_OPERATORS] = {
	"in", "not in", "===", "==", "~=", "!=", "<=", ">=", "<", ">"};

const char *const marker_variable_names[MARKER_VARIABLES] = {"implementation_name",
	"implementation_version", "os_name", "platform_machine", "platform_python_implementation",
	"platform_release", "platform_system", "platform_version", "python_full_version",
	"python_version", "sys_platform"};

const char *const marker_names[MARKER_NAMES] = {"implementation_name", "implementation_version",
	"os_name", "platform_machine", "platform_python_implementation", "platform_release",
	"platform_system", "platform_version", "python_full_version", "python_version",
	"sys_platform", "extra", "extras", "dependency_groups"};

/* Spellings of old metadata (PEP 345) and of the first setuptools. */
static const struct {
	const char *word;
	int variable;
} old_names[] = {
	{"os.name", MARKER_OS_NAME},
	{"sys.platform", MARKER_SYS_PLATFORM},
	{"platform.version", MARKER_PLATFORM_VERSION},
	{"platform.machine", MARKER_PLATFORM_MACHINE},
	{"platform.python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
	{"python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION},
};

static int
take_variable(struct tokens *t)
{
	for (int i = 0; i < MARKER_NAMES; i++)
		if (tokens_word(t, marker_names[i]))
			return i;
	for (unsigned i = 0; i < G_N_ELEMENTS(old_names); i++)
		if (tokens_word(t, old_names[i].word))
			return old_names[i].variable;
	return -1;
}

static bool
take_hex(const char **at, const char *end, unsigned digits, gunichar *code)
{
	if (end - *at < (ptrdiff_t)digits)
		return false;
	*code = 0;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (!g_ascii_isxdigit(**at))
			return false;
		*code = *code * 16 + (gunichar)g_ascii_xdigit_value(**at);
	}
	return true;
}

static bool
append_code(GString *out, gunichar code)
{
	/* A lone surrogate is no text that any environment could hold. */
	if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return false;
	g_string_append_unichar(out, code);
	return true;
}

/* What follows the backslash at *at in a Python string literal. */
static bool
take_escape(const char **at, const char *end, GString *out)
{
	static const char letters[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
	char c = *(*at)++;
	const char *letter = c ? strchr(letters, c) : NULL;
	gunichar code = 0;
	if (letter) {
		g_string_append_c(out, values[letter - letters]);
		return true;
	}
	if (c == '\n' || c == '\r') {
		if (c == '\r' && *at < end && **at == '\n')
			(*at)++;
		return true;
	}
	if (c == 'x' || c == 'u' || c == 'U')
		return take_hex(at, end,
			       c == 'x'	  ? 2
			       : c == 'u' ? 4
					  : 8,
			       &code) &&
		       append_code(out, code);
	if (c >= '0' && c <= '7') {
		code = (gunichar)(c - '0');
		for (int i = 0; i < 2 && *at < end && **at >= '0' && **at <= '7'; i++)
			code = code * 8 + (gunichar)(*(*at)++ - '0');
		return append_code(out, code);
	}
	if (c == 'N')
		return false;
	/* Python keeps the backslash of an escape it does not know. */
	g_string_append_c(out, '\\');
	(*at)--;
	return true;
}

/* The value of the quoted text, as ast.literal_eval gives it; NULL if it is no literal. */
static char *
unquote(const char *at, const char *end)
{
	g_autoptr(GString) out = g_string_new(NULL);
	while (at < end) {
		char c = *at++;
		if (c == '\0' || c == '\n' || c == '\r' ||
			(c == '\\' && (at == end || !take_escape(&at, end, out))))
			return NULL;
		if (c != '\\')
			g_string_append_c(out, c);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
parse_side(struct tokens *t, struct marker_side *side, GError **error)
{
	side->variable = take_variable(t);
	if (side->variable >= 0) {
		side->text = g_strdup(marker_names[side->variable]);
		return true;
	}
	const char *start = t->at;
	const char *close = NULL;
	if (tokens_peek(t, '"') || tokens_peek(t, '\''))
		close = memchr(start + 1, *start, (size_t)(t->end - start - 1));
	if (!close)
		return tokens_fail(
			t, start, start, error, "Expected a marker variable or quoted string");
	side->text = unquote(start + 1, close);
	if (!side->text)
		return tokens_fail(t, start, close + 1, error, "Invalid quoted string");
	t->at = close + 1;
	return true;
}

static bool
parse_operator(struct tokens *t, enum marker_operator *op, GError **error)
{
	if (tokens_word(t, "in")) {
		*op = MARKER_IN;
		return true;
	}
	if (tokens_word(t, "not")) {
		*op = MARKER_NOT_IN;
		if (!tokens_space(t))
			return tokens_fail(
				t, t->at, t->at, error, "Expected whitespace after 'not'");
		return tokens_word(t, "in") ||
		       tokens_fail(t, t->at, t->at, error, "Expected 'in' after 'not'");
	}
	for (unsigned i = MARKER_ARBITRARY; i < MARKER_OPERATORS; i++) {
		size_t length = strlen(marker_operator_texts[i]);
		if ((size_t)(t->end - t->at) >= length &&
			memcmp(t->at, marker_operator_texts[i], length) == 0) {
			t->at += length;
			*op = (enum marker_operator)i;
			return true;
		}
	}
	return tokens_fail(t, t->at, t->at, error,
		"Expected marker operator, one of <=, <, !=, ==, >=, >, ~=, ===, in, not in");
}

/* PEP 685: extras are compared by their normalised names. */
static void
normalize_literal(struct marker_side *side)
{
	char *text = name_normalize(side->text);
	g_free(side->text);
	side->text = text;
}

static bool
holds_version(int variable)
{
	return variable == MARKER_IMPLEMENTATION_VERSION || variable == MARKER_PLATFORM_RELEASE ||
	       variable == MARKER_PYTHON_FULL_VERSION || variable == MARKER_PYTHON_VERSION;
}

SpecifierSet *
marker_specifier(int variable, enum marker_operator op, const char *text)
{
	/* One specifier, not a set. */
	if (!holds_version(variable) || op == MARKER_IN || op == MARKER_NOT_IN || strchr(text, ','))
		return NULL;
	g_autofree char *whole = g_strconcat(marker_operator_texts[op], text, NULL);
	return specifier_parse(whole, strlen(whole), NULL);
}

static bool
parse_comparison(struct tokens *t, struct marker_item *item, GError **error)
{
	tokens_space(t);
	if (!parse_side(t, &item->left, error))
		return false;
	tokens_space(t);
	if (!parse_operator(t, &item->op, error))
		return false;
	tokens_space(t);
	if (!parse_side(t, &item->right, error))
		return false;
	if (item->left.variable == MARKER_EXTRA && item->right.variable < 0)
		normalize_literal(&item->right);
	else if (item->right.variable >= MARKER_EXTRA && item->left.variable < 0)
		normalize_literal(&item->left);
	item->specifier = marker_specifier(item->left.variable, item->op, item->right.text);
	return true;
}

static void
item_clear(struct marker_item *item)
{
	for (unsigned i = 0; i < item->count; i++)
		item_clear(&item->items[i]);
	g_free(item->items);
	g_free(item->left.text);
	g_free(item->right.text);
	specifier_free(item->specifier);
}

static bool parse_group(
	struct tokens *t, struct marker_item *group, unsigned depth, GError **error);

static bool
parse_atom(struct tokens *t, struct marker_item *item, unsigned depth, GError **error)
{
	tokens_space(t);
	const char *open = t->at;
	bool parsed;
	if (!tokens_take(t, '(')) {
		parsed = parse_comparison(t, item, error);
	} else {
		parsed = parse_group(t, item, depth + 1, error);
		if (parsed && !tokens_take(t, ')'))
			parsed = tokens_fail(t, open, t->at, error,
				"Expected matching RIGHT_PARENTHESIS for LEFT_PARENTHESIS, after "
				"marker expression");
	}
	tokens_space(t);
	return parsed;
}

/* atom ((and | or) atom)*; the group owns what was parsed even on failure. */
static bool
parse_group(struct tokens *t, struct marker_item *group, unsigned depth, GError **error)
{
	if (depth > MAX_DEPTH)
		return tokens_fail(t, t->at, t->at, error, "Marker expression nested too deeply");
	g_autoptr(GArray) items = g_array_new(FALSE, TRUE, sizeof(struct marker_item));
	bool parsed, more, after_or = false;
	do {
		struct marker_item item = {.after_or = after_or};
		parsed = parse_atom(t, &item, depth, error);
		g_array_append_val(items, item);
		after_or = parsed && tokens_word(t, "or");
		more = after_or || (parsed && tokens_word(t, "and"));
	} while (more);
	group->count = items->len;
	group->items = (struct marker_item *)(void *)g_array_free(g_steal_pointer(&items), FALSE);
	return parsed;
}

Marker *
marker_parse_tokens(struct tokens *t, GError **error)
{
	g_autoptr(Marker) marker = g_new0(Marker, 1);
	if (!parse_group(t, &marker->root, 0, error))
		return NULL;
	return g_steal_pointer(&marker);
}

Marker *
marker_parse(const char *text, size_t length, GError **error)
{
	struct tokens t = {text, text, text + length};
	g_autoptr(Marker) marker = marker_parse_tokens(&t, error);
	if (!marker)
		return NULL;
	if (!tokens_end(&t)) {
		tokens_fail(&t, t.at, t.at, error, "Expected end of marker expression");
		return NULL;
	}
	return g_steal_pointer(&marker);
}

void
marker_free(Marker *marker)
{
	if (!marker)
		return;
	item_clear(&marker->root);
	g_free(marker);
}
