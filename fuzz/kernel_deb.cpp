// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a Debian package: nothing is made beside the folder it is unpacked to.
#include <cstdlib>
#include <filesystem>

#include "base/fd.hpp"
#include "fuzz/arena.hpp"
#include "kernel/package/deb.hpp"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto deb = arena() / "deb", into = arena() / "into";
    fs::create_directory(into);
    if (!nap::replace_file(deb, {reinterpret_cast<const char*>(data), size})) std::abort();
    (void)nap::kernel::deb_control(deb);
    (void)nap::kernel::deb_unpack(deb, into);
    if (std::distance(fs::directory_iterator(arena()), {}) != 2) std::abort();
    fs::remove_all(into);
    return 0;
}
