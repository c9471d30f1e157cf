// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/boot_id.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "agent/calls/paths.hpp"
#include "agent/carried/part_file.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

using channel::Json;

namespace {

Result<Json> capture(Agent&, const Task&) {
    NAP_TRY(const std::string text, read_file("/proc/sys/kernel/random/boot_id"));
    return Json{{"id", to_binary(boot_id_bytes(text))}};
}

Result<> put_before(Agent&, const Json& captured, Warnings&) {
    NAP_TRY(const std::string bytes, from_binary(captured.at("id")));
    nap_boot_id request{};
    if (bytes.size() != sizeof request.id)
        return fail(ErrorKind::protocol, "what was captured is no boot ID");
    std::ranges::copy(bytes, request.id);
    NAP_TRY(const UniqueFd module, open_file(kAdoptionDevice, O_RDWR));
    if (::ioctl(module.get(), NAP_IOC_BOOT_ID, &request) != 0)
        return fail_errno("the adoption module cannot set the boot ID");
    return {};
}

}  // namespace

std::string boot_id_bytes(std::string_view text) {
    constexpr std::size_t kSize = 16;
    std::string digits;
    for (const char character : text)
        if (std::isxdigit(static_cast<unsigned char>(character)) != 0) digits += character;
    if (digits.size() != 2 * kSize) return "";
    std::string bytes;
    for (std::size_t at = 0; at < digits.size(); at += 2)
        bytes += static_cast<char>(std::strtoul(digits.substr(at, 2).c_str(), nullptr, 16));
    return bytes;
}

const Part kBootId{"boot-id", capture, put_before, nullptr};

}  // namespace nap::agent
