// SPDX-License-Identifier: GPL-2.0-only
#include "base/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace nap {

namespace {
constexpr std::array kNames = {
    std::pair{ErrorKind::usage, std::string_view{"usage"}},
    std::pair{ErrorKind::not_found, std::string_view{"not_found"}},
    std::pair{ErrorKind::busy, std::string_view{"busy"}},
    std::pair{ErrorKind::refused, std::string_view{"refused"}},
    std::pair{ErrorKind::permission, std::string_view{"permission"}},
    std::pair{ErrorKind::resources, std::string_view{"resources"}},
    std::pair{ErrorKind::io, std::string_view{"io"}},
    std::pair{ErrorKind::protocol, std::string_view{"protocol"}},
    std::pair{ErrorKind::timeout, std::string_view{"timeout"}},
    std::pair{ErrorKind::guest, std::string_view{"guest"}},
    std::pair{ErrorKind::unsupported, std::string_view{"unsupported"}},
    std::pair{ErrorKind::internal, std::string_view{"internal"}},
};

ErrorKind kind_of(int error_number) {
    switch (error_number) {
        case EACCES:
        case EPERM:
            return ErrorKind::permission;
        case ENOENT:
        case ESRCH:
            return ErrorKind::not_found;
        case EBUSY:
        case EAGAIN:
            return ErrorKind::busy;
        case ENOMEM:
        case ENOSPC:
        case EMFILE:
            return ErrorKind::resources;
        case ETIMEDOUT:
            return ErrorKind::timeout;
        default:
            return ErrorKind::io;
    }
}
}  // namespace

std::string_view to_string(ErrorKind kind) {
    for (auto [known, name] : kNames)
        if (known == kind) return name;
    return "internal";
}

ErrorKind error_kind_from(std::string_view name) {
    for (auto [kind, known] : kNames)
        if (known == name) return kind;
    return ErrorKind::internal;
}

Error Error::within(std::string_view what) const {
    return Error{kind, std::string(what) + ": " + message};
}

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
    return fail(kind_of(error_number),
                std::string(what) + ": " + std::generic_category().message(error_number));
}

std::unexpected<Error> fail_errno(std::string_view what) {
    return fail_errno(what, errno);
}

}  // namespace nap
