/* SPDX-License-Identifier: MIT */
/* toml++ behind the C API of lib/toml.h: its tables are written as JSON, which lib/json.cc reads.
 */
#undef TOML_SHARED_LIB /* only what we use, in our own executable */
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#define TOML_UNRELEASED_FEATURES 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <cmath>
#include <sstream>
#include <string>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* struct json_iter and its function */
extern "C" {
#include "lib/error.h"
#include "lib/toml.h"
}
#pragma GCC diagnostic pop

namespace
{
constexpr int MAX_DEPTH = 60;		   /* lib/json.cc reads 64 levels */
constexpr size_t MAX_LENGTH = 16U << 20;   /* bytes of a document */
constexpr size_t MAX_DOTS_PER_LINE = 4096; /* dotted keys nest: toml++ frees them recursively */

struct TooDeep {
};

void
put_quoted(std::string &out, std::string_view text)
{
	static const char hex[] = "0123456789abcdef";
	out += '"';
	for (char c : text) {
		auto byte = static_cast<unsigned char>(c);
		if (c == '"' || c == '\\') {
			out += '\\';
			out += c;
		} else if (byte < 0x20) {
			out += "\\u00";
			out += hex[byte >> 4];
			out += hex[byte & 15];
		} else {
			out += c;
		}
	}
	out += '"';
}

template <typename T>
std::string
printed(const T &value)
{
	std::ostringstream stream;
	stream << value;
	return stream.str();
}

void
put(std::string &out, const toml::node &node, int depth)
{
	if (depth > MAX_DEPTH)
		throw TooDeep();
	char separator = 0;
	if (const toml::table *table = node.as_table()) {
		out += '{';
		for (auto &&[key, value] : *table) {
			if (separator)
				out += separator;
			separator = ',';
			put_quoted(out, key.str());
			out += ':';
			put(out, value, depth + 1);
		}
		out += '}';
	} else if (const toml::array *array = node.as_array()) {
		out += '[';
		for (auto &&value : *array) {
			if (separator)
				out += separator;
			separator = ',';
			put(out, value, depth + 1);
		}
		out += ']';
	} else if (auto text = node.as_string()) {
		put_quoted(out, text->get());
	} else if (auto number = node.as_integer()) {
		out += std::to_string(number->get());
	} else if (auto real = node.as_floating_point()) {
		char buffer[G_ASCII_DTOSTR_BUF_SIZE];
		/* JSON has no inf and nan, and nothing that we read has such a value. */
		out += std::isfinite(real->get())
			       ? g_ascii_formatd(buffer, sizeof buffer, "%.17g", real->get())
			       : "null";
	} else if (auto truth = node.as_boolean()) {
		out += truth->get() ? "true" : "false";
	} else if (auto date = node.as_date()) {
		put_quoted(out, printed(date->get()));
	} else if (auto time = node.as_time()) {
		put_quoted(out, printed(time->get()));
	} else if (auto moment = node.as_date_time()) {
		put_quoted(out, printed(moment->get()));
	} else {
		out += "null";
	}
}

bool
has_deep_keys(const char *bytes, size_t length)
{
	size_t dots = 0;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			dots = 0;
		else if (bytes[i] == '.' && ++dots > MAX_DOTS_PER_LINE)
			return true;
	}
	return false;
}
} // namespace

extern "C" Json *
toml_parse(const char *bytes, size_t length, const char *source_name, GError **error)
{
	if (length > MAX_LENGTH || has_deep_keys(bytes, length)) {
		error_set(error, ERROR_INVALID_INPUT, "%s: too large for a TOML document",
			source_name);
		return nullptr;
	}
	try {
		toml::table table = toml::parse(std::string_view(bytes, length));
		std::string text;
		put(text, table, 0);
		return json_parse(text.data(), text.size(), error);
	} catch (const toml::parse_error &e) {
		error_set(error, ERROR_INVALID_INPUT, "%s: line %u, column %u: %.*s", source_name,
			e.source().begin.line, e.source().begin.column,
			static_cast<int>(e.description().size()), e.description().data());
	} catch (const TooDeep &) {
		error_set(error, ERROR_INVALID_INPUT, "%s: nested too deeply", source_name);
	} catch (const std::exception &e) {
		error_set(error, ERROR_INVALID_INPUT, "%s: %s", source_name, e.what());
	}
	return nullptr;
}
