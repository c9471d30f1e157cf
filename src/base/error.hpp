// SPDX-License-Identifier: GPL-2.0-only
// Errors are values: one type with a kind, and a sentence for the user.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace nap {

enum class ErrorKind {
    usage,        // the caller asked for something malformed (exit status 2)
    not_found,    // machine, kernel, file, process: there is none of that name
    busy,         // somebody else holds it
    refused,      // it could be done, but must not be
    permission,   // not enough rights
    resources,    // not enough memory, disk or descriptors
    io,           // the operating system said no
    protocol,     // bytes from a guest, a disk or a peer are not what they must be
    timeout,      // a time limit passed
    guest,        // the guest reported a failure
    unsupported,  // nobody can do this yet
    internal,     // a bug in Nap
};

std::string_view to_string(ErrorKind kind);
ErrorKind error_kind_from(std::string_view name);  // unknown names: internal

// `message` says what was attempted, on what, and why it failed, as one or more full sentences.
struct Error {
    ErrorKind kind;
    std::string message;

    // "<what>: <message>", for the layer above to say what it attempted.
    [[nodiscard]] Error within(std::string_view what) const;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return std::unexpected(Error{kind, std::move(message)});
}

// "<what>: <strerror(error_number)>"; the kind follows from the number (EACCES: permission, ENOENT:
// not_found, EBUSY: busy, ENOMEM and ENOSPC: resources, ETIMEDOUT: timeout, else io).
std::unexpected<Error> fail_errno(std::string_view what, int error_number);
std::unexpected<Error> fail_errno(std::string_view what);  // with errno

}  // namespace nap

#define NAP_CONCAT_(a, b) a##b
#define NAP_CONCAT(a, b) NAP_CONCAT_(a, b)

// NAP_TRY(auto fd, open_file(path)); - declares `auto fd` from the value or returns the error.
// A declaration takes no parentheses: NOLINTBEGIN(bugprone-macro-parentheses)
#define NAP_TRY_(result, declaration, expression)                   \
    auto result = (expression);                                     \
    if (!result) return std::unexpected(std::move(result).error()); \
    declaration = std::move(*result)
#define NAP_TRY(declaration, expression) \
    NAP_TRY_(NAP_CONCAT(nap_result_, __COUNTER__), declaration, expression)
// NOLINTEND(bugprone-macro-parentheses)

// NAP_CHECK(step()); - returns the error of a step without a value of interest.
#define NAP_CHECK(expression)                                                                             \
    do {                                                                                                  \
        if (auto nap_step = (expression); !nap_step) return std::unexpected(std::move(nap_step).error()); \
    } while (false)
