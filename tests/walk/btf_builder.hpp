// SPDX-License-Identifier: GPL-2.0-only
// Writes small BTF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace nap::walk {

class BtfBuilder {
  public:
    struct Member {
        std::string name;
        std::uint32_t type, offset;  // in bits
    };

    std::uint32_t structure(const std::string& name, std::uint32_t size, const std::vector<Member>& members,
                            bool is_union = false, bool bit_fields = false) {
        word(string(name));
        word((is_union ? 5U : 4U) << 24 | (bit_fields ? 1U << 31 : 0) |
             static_cast<std::uint32_t>(members.size()));
        word(size);
        for (const auto& member : members) {
            word(string(member.name));
            word(member.type);
            word(member.offset);
        }
        return ++last_;
    }
    std::uint32_t function(const std::string& name) {
        word(string(name));
        word(12U << 24);
        word(0);
        return ++last_;
    }
    // Any other type, with `trailer` words after it.
    std::uint32_t other(std::uint32_t kind, std::uint32_t vlen, std::size_t trailer) {
        word(0);
        word(kind << 24 | vlen);
        word(0);
        types_.insert(types_.end(), trailer, 0);
        return ++last_;
    }
    [[nodiscard]] std::vector<std::byte> bytes() const {
        const auto types_size = static_cast<std::uint32_t>(types_.size() * 4);
        std::vector<std::uint32_t> all{0x0001'eb9f, 24,         0,
                                       types_size,  types_size, static_cast<std::uint32_t>(strings_.size())};
        all.insert(all.end(), types_.begin(), types_.end());
        std::vector<std::byte> bytes(all.size() * 4 + strings_.size());
        std::memcpy(bytes.data(), all.data(), all.size() * 4);
        std::memcpy(bytes.data() + all.size() * 4, strings_.data(), strings_.size());
        return bytes;
    }

  private:
    void word(std::uint32_t value) { types_.push_back(value); }
    std::uint32_t string(const std::string& text) {
        if (text.empty()) return 0;
        const auto at = strings_.size();
        strings_ += text + '\0';
        return static_cast<std::uint32_t>(at);
    }

    std::vector<std::uint32_t> types_;
    std::string strings_ = std::string(1, '\0');
    std::uint32_t last_ = 0;
};

}  // namespace nap::walk
