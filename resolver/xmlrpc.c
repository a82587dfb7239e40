/* SPDX-License-Identifier: MIT */
/* GLib's markup parser knows the part of XML that XML-RPC uses, and no entities of its own. */
#include "resolver/xmlrpc.h"
#include "lib/error.h"

#include <string.h>

enum { MAX_SIZE = 16 << 20, MAX_HITS = 100000, MAX_DEPTH = 64 };

/* --- asking --------------------------------------------------------------------------------- */

static void
append_words(GString *out, const char *name, const char *const *words)
{
	g_string_append_printf(out, "<member><name>%s</name><value><array><data>", name);
	for (; *words; words++) {
		g_autofree char *text = g_markup_escape_text(*words, -1);
		g_string_append_printf(out, "<value><string>%s</string></value>", text);
	}
	g_string_append(out, "</data></array></value></member>");
}

char *
xmlrpc_search_request(const char *const *words)
{
	GString *out = g_string_new("<?xml version='1.0'?>\n<methodCall><methodName>search"
				    "</methodName><params><param><value><struct>");
	append_words(out, "name", words);
	append_words(out, "summary", words);
	g_string_append(out, "</struct></value></param><param><value><string>or</string></value>"
			     "</param></params></methodCall>\n");
	return g_string_free(out, FALSE);
}

/* --- the answer ----------------------------------------------------------------------------- */

/* Members are looked at by name, wherever their struct stands: hits are flat, and so is a fault. */
struct answer {
	GPtrArray *hits;
	struct xmlrpc_hit *hit; /* of the struct that is open, or NULL */
	GString *text;		/* of the element that is open */
	char *member;		/* name of the member that is open, or NULL */
	char *code, *fault;	/* faultCode, faultString */
	int depth;
	bool is_answer, is_fault, typed; /* typed: the value has an element */
};

static void
hit_free(void *data)
{
	struct xmlrpc_hit *hit = data;
	if (!hit)
		return;
	g_free(hit->name);
	g_free(hit->summary);
	g_free(hit->version);
	g_free(hit);
}

static void
keep(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text);
}

static void
take_value(struct answer *answer, const char *member)
{
	const char *text = answer->text->str;
	struct xmlrpc_hit *hit = answer->hit;
	if (strcmp(member, "faultCode") == 0)
		keep(&answer->code, text);
	else if (strcmp(member, "faultString") == 0)
		keep(&answer->fault, text);
	else if (hit && strcmp(member, "name") == 0)
		keep(&hit->name, text);
	else if (hit && strcmp(member, "summary") == 0)
		keep(&hit->summary, text);
	else if (hit && strcmp(member, "version") == 0)
		keep(&hit->version, text);
}

static void
open_element(GMarkupParseContext *context, const char *element, const char **names,
	const char **values, void *user, GError **error)
{
	struct answer *answer = user;
	(void)context;
	(void)names;
	(void)values;
	g_string_truncate(answer->text, 0);
	answer->typed = strcmp(element, "value") != 0;
	answer->is_answer |= strcmp(element, "methodResponse") == 0;
	answer->is_fault |= strcmp(element, "fault") == 0;
	if (++answer->depth > MAX_DEPTH || answer->hits->len > MAX_HITS) {
		error_set(error, ERROR_INVALID_INPUT, "the answer of the index is too large");
		return;
	}
	if (strcmp(element, "struct") == 0) {
		hit_free(answer->hit);
		answer->hit = g_new0(struct xmlrpc_hit, 1);
	}
}

static void
end_element(GMarkupParseContext *context, const char *element, void *user, GError **error)
{
	struct answer *answer = user;
	(void)context;
	(void)error;
	answer->depth--;
	if (strcmp(element, "name") == 0) {
		keep(&answer->member, answer->text->str);
	} else if (strcmp(element, "value") == 0 && answer->member) {
		take_value(answer, answer->member);
		g_clear_pointer(&answer->member, g_free);
	} else if (strcmp(element, "struct") == 0 && answer->hit) {
		struct xmlrpc_hit *hit = g_steal_pointer(&answer->hit);
		if (!hit->name || !hit->version) {
			hit_free(hit);
			return;
		}
		if (!hit->summary)
			hit->summary = g_strdup("");
		g_ptr_array_add(answer->hits, hit);
	}
}

static void
add_text(GMarkupParseContext *context, const char *text, gsize length, void *user, GError **error)
{
	struct answer *answer = user;
	const char *element = g_markup_parse_context_get_element(context);
	(void)error;
	if (!element)
		return;
	/* White space around `<string>` is no value. */
	bool bare = strcmp(element, "value") == 0 && !answer->typed;
	if (bare || g_strv_contains(
			    (const char *const[]){"name", "string", "int", "i4", NULL}, element))
		g_string_append_len(answer->text, text, (gssize)length);
}

static bool
judge(const struct answer *answer, GError **error)
{
	if (answer->is_fault)
		return error_set(error, ERROR_NETWORK, "XMLRPC request failed [code: %s]\n%s",
			answer->code ? answer->code : "?", answer->fault ? answer->fault : "");
	return answer->is_answer ||
	       error_set(error, ERROR_INVALID_INPUT, "the index does not answer in XML-RPC");
}

GPtrArray *
xmlrpc_parse_hits(const char *bytes, size_t length, GError **error)
{
	static const GMarkupParser parser = {
		.start_element = open_element, .end_element = end_element, .text = add_text};
	g_autoptr(GPtrArray) hits = g_ptr_array_new_with_free_func(hit_free);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) why = NULL;
	struct answer answer = {.hits = hits, .text = text};
	if (length > MAX_SIZE) {
		error_set(error, ERROR_INVALID_INPUT, "the answer of the index is too large");
		return NULL;
	}
	GMarkupParseContext *context =
		g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &answer, NULL);
	bool ok = g_markup_parse_context_parse(context, bytes, (gssize)length, &why) &&
		  g_markup_parse_context_end_parse(context, &why);
	if (ok)
		ok = judge(&answer, error);
	else
		error_set(error, ERROR_INVALID_INPUT, "the index does not answer in XML-RPC: %s",
			why->message);
	g_markup_parse_context_free(context);
	hit_free(answer.hit);
	g_free(answer.member);
	g_free(answer.code);
	g_free(answer.fault);
	return ok ? g_steal_pointer(&hits) : NULL;
}
