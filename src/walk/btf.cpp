// SPDX-License-Identifier: GPL-2.0-only
// BTF: the type information a kernel carries, read far enough to find where a field lies.
#include "walk/btf.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace nap::walk {

namespace {
constexpr std::uint16_t kMagic = 0xeb9f;
constexpr std::size_t kHeaderSize = 24, kTypeSize = 12, kMemberSize = 12;
constexpr int kAnonymousDepth = 16;               // how deep anonymous members may nest
constexpr std::uint64_t kMemberBudget = 1 << 20;  // members looked at for one field

enum Kind : std::uint32_t {
    kInt = 1,
    kPointer,
    kArray,
    kStruct,
    kUnion,
    kEnum,
    kForward,
    kTypedef,
    kVolatile,
    kConst,
    kRestrict,
    kFunction,
    kFunctionPrototype,
    kVariable,
    kDataSection,
    kFloat,
    kDeclarationTag,
    kTypeTag,
    kEnum64,
};

std::uint32_t load(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

// What follows the 12 bytes of a type, in bytes.
std::optional<std::size_t> trailer_size(std::uint32_t kind, std::size_t vlen) {
    switch (kind) {
        case kInt:
        case kVariable:
        case kDeclarationTag:
            return 4;
        case kArray:
            return 12;
        case kStruct:
        case kUnion:
        case kDataSection:
        case kEnum64:
            return 12 * vlen;
        case kEnum:
        case kFunctionPrototype:
            return 8 * vlen;
        case kPointer:
        case kForward:
        case kTypedef:
        case kVolatile:
        case kConst:
        case kRestrict:
        case kFunction:
        case kFloat:
        case kTypeTag:
            return 0;
        default:
            return std::nullopt;
    }
}

std::unexpected<Error> malformed(std::string_view why) {
    return fail(ErrorKind::protocol, "Reading the kernel's BTF failed: " + std::string(why) + ".");
}
}  // namespace

Result<Btf> Btf::parse(std::span<const std::byte> bytes) {
    if (bytes.size() < kHeaderSize) return malformed("it is shorter than its header");
    if ((load(bytes, 0) & 0xffff) != kMagic) return malformed("it does not start with BTF's magic number");
    const std::uint64_t header = load(bytes, 4);
    const std::uint64_t types_at = header + load(bytes, 8), types_size = load(bytes, 12);
    const std::uint64_t strings_at = header + load(bytes, 16), strings_size = load(bytes, 20);
    if (types_at > bytes.size() || types_size > bytes.size() - types_at)
        return malformed("its types lie outside of it");
    if (strings_at > bytes.size() || strings_size > bytes.size() - strings_at)
        return malformed("its strings lie outside of it");
    Btf btf;
    btf.types_ = bytes.subspan(types_at, types_size);
    btf.strings_ = bytes.subspan(strings_at, strings_size);
    NAP_CHECK(btf.index_types());
    return btf;
}

Result<> Btf::index_types() {
    std::uint32_t id = 1;  // 0 is void
    for (std::size_t at = 0; at < types_.size(); ++id) {
        if (types_.size() - at < kTypeSize) return malformed("its last type is cut off");
        const auto name_at = word(at), info = word(at + 4), size = word(at + 8);
        const auto kind = info >> 24 & 0x1f;
        const auto vlen = static_cast<std::uint16_t>(info & 0xffff);
        at += kTypeSize;
        const auto trailer = trailer_size(kind, vlen);
        if (!trailer)
            return malformed("type " + std::to_string(id) + " is of unknown kind " + std::to_string(kind));
        if (*trailer > types_.size() - at) return malformed("type " + std::to_string(id) + " is cut off");
        if (kind == kStruct || kind == kUnion) {
            aggregates_[id] = {size, static_cast<std::uint32_t>(at), vlen, (info >> 31) != 0};
            const auto name = string(name_at);
            if (!name)
                return malformed("the name of type " + std::to_string(id) + " lies outside of its strings");
            if (kind == kStruct && !name->empty()) struct_names_.try_emplace(*name, id);
        }
        at += *trailer;
    }
    return {};
}

std::uint32_t Btf::word(std::size_t at) const {
    return load(types_, at);
}

std::optional<std::string_view> Btf::string(std::uint32_t at) const {
    if (at >= strings_.size()) return std::nullopt;
    const auto rest = strings_.subspan(at);
    const auto* text = reinterpret_cast<const char*>(rest.data());
    const auto* end = static_cast<const char*>(std::memchr(text, 0, rest.size()));
    if (end == nullptr) return std::nullopt;
    return std::string_view(text, static_cast<std::size_t>(end - text));
}

Result<const Btf::Aggregate*> Btf::find(std::string_view name) const {
    const auto found = struct_names_.find(name);
    if (found == struct_names_.end()) return malformed("it has no struct " + std::string(name));
    return &aggregates_.at(found->second);
}

Result<std::uint64_t> Btf::size_of(std::string_view name) const {
    NAP_TRY(const auto* found, find(name));
    return found->size;
}

Result<std::uint64_t> Btf::offset_of(std::string_view name, std::string_view field) const {
    NAP_TRY(const auto* in, find(name));
    return offset_in(*in, name, field);
}

Result<std::uint64_t> Btf::offset_in(const Aggregate& in, std::string_view name,
                                     std::string_view path) const {
    const auto dot = path.find('.');
    const auto field = path.substr(0, dot);
    auto budget = kMemberBudget;
    NAP_TRY(const auto found, search(in, field, 0, budget));
    if (!found) return malformed("struct " + std::string(name) + " has no field " + std::string(field));
    if (found->offset % 8 != 0 || found->offset / 8 > in.size)  // equal: an array of flexible length
        return malformed("field " + std::string(field) + " of struct " + std::string(name) +
                         " does not start on a byte of it");
    if (dot == std::string_view::npos) return found->offset / 8;
    const auto inner = aggregates_.find(found->type);
    if (inner == aggregates_.end())
        return malformed("field " + std::string(field) + " of struct " + std::string(name) + " is no struct");
    NAP_TRY(const auto within, offset_in(inner->second, field, path.substr(dot + 1)));
    return found->offset / 8 + within;
}

Result<std::optional<Btf::Found>> Btf::search(const Aggregate& in, std::string_view field, int depth,
                                              std::uint64_t& budget) const {
    if (depth > kAnonymousDepth) return malformed("its anonymous members nest too deep");
    for (std::size_t i = 0; i < in.members; ++i) {
        if (budget-- == 0) return malformed("its anonymous members are too many");
        const auto at = in.members_at + i * kMemberSize;
        const auto name = string(word(at));
        if (!name) return malformed("the name of a member lies outside of its strings");
        const std::uint64_t offset = in.bit_fields ? word(at + 8) & 0xff'ffff : word(at + 8);
        const auto type = word(at + 4);
        if (*name == field) return Found{offset, type};
        if (!name->empty()) continue;
        const auto inner = aggregates_.find(type);
        if (inner == aggregates_.end()) continue;  // an unnamed bit field
        NAP_TRY(const auto within, search(inner->second, field, depth + 1, budget));
        if (within) return Found{offset + within->offset, within->type};
    }
    return std::nullopt;
}

}  // namespace nap::walk
