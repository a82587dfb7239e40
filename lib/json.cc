/* SPDX-License-Identifier: MIT */
/* simdjson behind the C API of lib/json.h: its document is walked once into flat nodes. */
#include <simdjson.h>

#include <new>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* struct json_iter and its function */
extern "C" {
#include "lib/error.h"
#include "lib/json.h"
}
#pragma GCC diagnostic pop

namespace
{
constexpr size_t MAX_DEPTH = 64;

struct Node {
	enum json_type type;
	uint32_t next;	 /* index behind the subtree */
	uint32_t count;	 /* members of an array or object */
	const char *key; /* or nullptr */
	union {
		int64_t number;
		double real;
		const char *text;
		bool truth;
	};
	size_t length; /* of text */
};

using simdjson::dom::element;
using simdjson::dom::element_type;
} // namespace

struct Json {
	simdjson::dom::parser parser;
	std::vector<Node> nodes;
};

static void
add(std::vector<Node> &nodes, element value, const char *key)
{
	size_t at = nodes.size();
	Node node{};
	node.key = key;
	switch (value.type()) {
	case element_type::ARRAY:
		node.type = JSON_ARRAY;
		break;
	case element_type::OBJECT:
		node.type = JSON_OBJECT;
		break;
	case element_type::INT64:
		node.type = JSON_INT;
		node.number = int64_t(value);
		break;
	case element_type::UINT64:
		node.type = JSON_DOUBLE;
		node.real = double(uint64_t(value));
		break;
	case element_type::DOUBLE:
		node.type = JSON_DOUBLE;
		node.real = double(value);
		break;
	case element_type::STRING: {
		node.type = JSON_STRING;
		std::string_view text = value;
		node.text = text.data();
		node.length = text.size();
		break;
	}
	case element_type::BOOL:
		node.type = JSON_BOOL;
		node.truth = bool(value);
		break;
	case element_type::NULL_VALUE:
		node.type = JSON_NULL;
		break;
	}
	nodes.push_back(node);
	uint32_t count = 0;
	if (node.type == JSON_ARRAY) {
		for (element item : simdjson::dom::array(value)) {
			add(nodes, item, nullptr);
			count++;
		}
	} else if (node.type == JSON_OBJECT) {
		for (auto member : simdjson::dom::object(value)) {
			add(nodes, member.value, member.key.data());
			count++;
		}
	}
	nodes[at].count = count;
	nodes[at].next = uint32_t(nodes.size());
}

static const Node *
node_of(struct json value)
{
	if (!value.document)
		return nullptr;
	return &static_cast<const Json *>(value.document)->nodes[value.index];
}

extern "C" Json *
json_parse(const char *bytes, size_t length, GError **error)
{
	Json *json = nullptr;
	try {
		json = new Json;
		if (length > UINT32_MAX / 2) {
			error_set(error, ERROR_INVALID_INPUT, "JSON: larger than 2 GiB");
			delete json;
			return nullptr;
		}
		simdjson::error_code code = json->parser.allocate(length, MAX_DEPTH);
		element root;
		if (!code)
			code = json->parser.parse(bytes, length).get(root);
		if (code) {
			error_set(error, ERROR_INVALID_INPUT, "JSON: %s",
				simdjson::error_message(code));
			delete json;
			return nullptr;
		}
		json->nodes.reserve(length / 16 + 8);
		add(json->nodes, root, nullptr);
		return json;
	} catch (const std::exception &e) {
		error_set(error, ERROR_INVALID_INPUT, "JSON: %s", e.what());
		delete json;
		return nullptr;
	}
}

extern "C" void
json_free(Json *json)
{
	delete json;
}

extern "C" struct json
json_root(const Json *json)
{
	return {json, 0};
}

extern "C" enum json_type
json_type(struct json value)
{
	const Node *node = node_of(value);
	return node ? node->type : JSON_NONE;
}

extern "C" struct json
json_get(struct json object, const char *key)
{
	struct json_iter iter = json_iter(object);
	const char *name;
	struct json value;
	while (iter.object && json_next(&iter, &name, &value))
		if (strcmp(name, key) == 0)
			return value;
	return {nullptr, 0};
}

extern "C" const char *
json_string(struct json value, size_t *length)
{
	const Node *node = node_of(value);
	if (!node || node->type != JSON_STRING)
		return nullptr;
	if (length)
		*length = node->length;
	return node->text;
}

extern "C" bool
json_int(struct json value, int64_t *out)
{
	const Node *node = node_of(value);
	if (!node || node->type != JSON_INT)
		return false;
	*out = node->number;
	return true;
}

extern "C" bool
json_double(struct json value, double *out)
{
	const Node *node = node_of(value);
	if (!node || node->type != JSON_DOUBLE)
		return false;
	*out = node->real;
	return true;
}

extern "C" bool
json_bool(struct json value, bool fallback)
{
	const Node *node = node_of(value);
	return node && node->type == JSON_BOOL ? node->truth : fallback;
}

extern "C" size_t
json_length(struct json value)
{
	const Node *node = node_of(value);
	return node ? node->count : 0;
}

extern "C" struct json_iter
json_iter(struct json container)
{
	const Node *node = node_of(container);
	if (!node || (node->type != JSON_ARRAY && node->type != JSON_OBJECT))
		return {{nullptr, 0}, 0, 0, false};
	return {container, container.index + 1, node->next, node->type == JSON_OBJECT};
}

extern "C" bool
json_next(struct json_iter *iter, const char **key, struct json *value)
{
	if (iter->index >= iter->end)
		return false;
	*value = {iter->container.document, iter->index};
	const Node *node = node_of(*value);
	if (key)
		*key = node->key;
	iter->index = node->next;
	return true;
}

/* --- rows ---------------------------------------------------------------------------------- */

struct JsonRows {
	simdjson::dom::parser parser;
	element root;
	bool good = false;
};

constexpr size_t MAX_COLUMNS = 16;

extern "C" JsonRows *
json_rows_new(void)
{
	return new JsonRows;
}

extern "C" void
json_rows_free(JsonRows *rows)
{
	delete rows;
}

extern "C" bool
json_rows_parse(JsonRows *rows, const char *bytes, size_t length, GError **error)
{
	rows->good = false;
	if (length > UINT32_MAX / 2)
		return error_set(error, ERROR_INVALID_INPUT, "JSON: larger than 2 GiB");
	try {
		simdjson::error_code code = simdjson::SUCCESS;
		if (rows->parser.capacity() < length || rows->parser.max_depth() != MAX_DEPTH)
			code = rows->parser.allocate(length, MAX_DEPTH);
		if (!code)
			code = rows->parser.parse(bytes, length).get(rows->root);
		if (code)
			return error_set(error, ERROR_INVALID_INPUT, "JSON: %s",
				simdjson::error_message(code));
	} catch (const std::exception &e) {
		return error_set(error, ERROR_INVALID_INPUT, "JSON: %s", e.what());
	}
	rows->good = true;
	return true;
}

extern "C" const char *
json_rows_text(const JsonRows *rows, const char *outer, const char *inner)
{
	const char *text = nullptr;
	if (!rows->good || rows->root[outer][inner].get_c_str().get(text))
		return nullptr;
	return text;
}

static void
fill_members(struct json_cell *cell, element value)
{
	for (auto member : simdjson::dom::object(value)) {
		const char *text;
		if (cell->count == JSON_CELL_MEMBERS)
			break;
		if (member.value.get_c_str().get(text))
			continue;
		cell->members[cell->count].key = member.key.data();
		cell->members[cell->count++].text = text;
	}
}

static void
fill_cell(struct json_cell *cell, element value)
{
	switch (value.type()) {
	case element_type::STRING:
		cell->type = JSON_STRING;
		cell->text = value.get_c_str().value_unsafe();
		break;
	case element_type::INT64:
		cell->type = JSON_INT;
		cell->number = value.get_int64().value_unsafe();
		break;
	case element_type::BOOL:
		cell->type = JSON_BOOL;
		cell->number = value.get_bool().value_unsafe();
		break;
	case element_type::OBJECT:
		cell->type = JSON_OBJECT;
		fill_members(cell, value);
		break;
	case element_type::ARRAY:
		cell->type = JSON_ARRAY;
		break;
	case element_type::NULL_VALUE:
		cell->type = JSON_NULL;
		break;
	default:
		cell->type = JSON_DOUBLE;
	}
}

extern "C" bool
json_rows_each(JsonRows *rows, const char *array, const char *const *columns, size_t count,
	json_row_fn row, void *user)
{
	simdjson::dom::array items;
	std::string_view names[MAX_COLUMNS];
	g_assert(count <= MAX_COLUMNS);
	if (!rows->good || rows->root[array].get_array().get(items))
		return false;
	for (size_t i = 0; i < count; i++)
		names[i] = columns[i];
	for (element item : items) {
		simdjson::dom::object object;
		struct json_cell cells[MAX_COLUMNS];
		for (size_t i = 0; i < count; i++) {
			cells[i].type = JSON_NONE;
			cells[i].count = 0;
			cells[i].text = nullptr;
			cells[i].number = 0;
		}
		if (item.get_object().get(object))
			continue;
		for (auto member : object)
			for (size_t i = 0; i < count; i++)
				if (names[i] == member.key) {
					if (cells[i].type == JSON_NONE)
						fill_cell(&cells[i], member.value);
					break;
				}
		row(cells, user);
	}
	return true;
}
