// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as a journal: what is read of it is what writing it again gives.
#include <cstdlib>
#include <string_view>

#include "update/recovery/journal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace nap::update;
    const auto records = decode({reinterpret_cast<const char*>(data), size});
    std::string again;
    for (const auto& record : records) again += encode(record);
    const auto reread = decode(again);
    if (reread.size() != records.size()) std::abort();
    for (std::size_t i = 0; i < records.size(); ++i)
        if (reread[i].step != records[i].step) std::abort();
    return 0;
}
