// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/params.hpp"

namespace nap::agent {

namespace {

std::unexpected<Error> wrong(const char* name, const char* wanted) {
    return fail(ErrorKind::usage, std::string("the parameter \"") + name + "\" must be " + wanted);
}

bool given(const Json& params, const char* name) {
    return params.is_object() && params.contains(name) && !params[name].is_null();
}

}  // namespace

Result<std::string> text(const Json& params, const char* name) {
    if (!given(params, name) || !params[name].is_string()) return wrong(name, "a text");
    auto value = params[name].get<std::string>();
    if (value.find('\0') != std::string::npos) return wrong(name, "a text without NUL");
    return value;
}

Result<std::string> text_or(const Json& params, const char* name, std::string otherwise) {
    if (!given(params, name)) return otherwise;
    return text(params, name);
}

Result<std::uint64_t> number(const Json& params, const char* name) {
    if (!given(params, name) || !params[name].is_number_integer() ||
        (!params[name].is_number_unsigned() && params[name].get<std::int64_t>() < 0))
        return wrong(name, "a whole number, not negative");
    return params[name].get<std::uint64_t>();
}

Result<std::uint64_t> number_or(const Json& params, const char* name, std::uint64_t otherwise) {
    if (!given(params, name)) return otherwise;
    return number(params, name);
}

Result<bool> truth_or(const Json& params, const char* name, bool otherwise) {
    if (!given(params, name)) return otherwise;
    if (!params[name].is_boolean()) return wrong(name, "true or false");
    return params[name].get<bool>();
}

Result<std::vector<std::string>> texts(const Json& params, const char* name) {
    if (!given(params, name) || !params[name].is_array() || params[name].empty())
        return wrong(name, "a list of texts, not empty");
    std::vector<std::string> values;
    for (const auto& item : params[name]) {
        if (!item.is_string() || item.get_ref<const std::string&>().find('\0') != std::string::npos)
            return wrong(name, "a list of texts without NUL");
        values.push_back(item.get<std::string>());
    }
    return values;
}

}  // namespace nap::agent
