// SPDX-License-Identifier: GPL-2.0-only
#include "channel/tree_entry.hpp"

#include <array>
#include <limits>
#include <optional>

#include "base/fd.hpp"

namespace nap::channel {

namespace {

constexpr std::array kTypes = {std::pair{TreeEntry::Type::file, "file"},
                               std::pair{TreeEntry::Type::directory, "directory"},
                               std::pair{TreeEntry::Type::symlink, "symlink"}};

const char* name_of(TreeEntry::Type type) {
    for (auto [known, name] : kTypes)
        if (known == type) return name;
    return "";
}

// A member of a peer's object: 0 where it is absent, nothing where it does not fit.
template <class T>
std::optional<T> number(const Json& json, const char* key) {
    auto found = json.find(key);
    if (found == json.end()) return T{0};
    if (found->is_number_unsigned()) {
        auto value = found->get<std::uint64_t>();
        if (value <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())) return static_cast<T>(value);
    } else if (found->is_number_integer() && std::is_signed_v<T>) {
        return static_cast<T>(found->get<std::int64_t>());
    }
    return std::nullopt;
}

}  // namespace

bool is_safe_path(std::string_view path) {
    if (path.empty() || path.size() >= kMaxPath || path.contains('\0')) return false;
    for (std::size_t at = 0; at <= path.size();) {
        auto end = std::min(path.find('/', at), path.size());
        auto part = path.substr(at, end - at);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
        at = end + 1;
    }
    return true;
}

Result<std::string> encode_entry(const TreeEntry& entry) {
    Json json = {{"path", entry.path}, {"type", name_of(entry.type)},
                 {"mode", entry.mode}, {"mtime", entry.mtime},
                 {"uid", entry.uid},   {"gid", entry.gid}};
    if (entry.type == TreeEntry::Type::file) json["size"] = entry.size;
    if (entry.type == TreeEntry::Type::symlink) json["target"] = entry.target;
    if (!entry.name.empty()) json["name"] = entry.name;
    try {
        return json.dump();
    } catch (const Json::exception&) {
        return fail(ErrorKind::unsupported, "cannot send " + (entry.path.empty() ? entry.name : entry.path) +
                                                ": its name is not UTF-8");
    }
}

Result<TreeEntry> decode_entry(std::string_view header) {
    auto bad = [](std::string_view what) {
        return fail(ErrorKind::protocol, "bad entry in a tree: " + std::string(what));
    };
    NAP_TRY(Json json, parse_json(as_bytes(header)));
    if (!json.is_object()) return bad("it is not an object");
    TreeEntry entry;
    auto path = text_in(json, "path");
    if (!path || (!path->empty() && !is_safe_path(*path))) return bad("its path leads elsewhere");
    entry.path = *path;

    auto type = text_in(json, "type");
    const auto* known = kTypes.begin();
    while (known != kTypes.end() && (!type || *type != known->second)) ++known;
    if (known == kTypes.end()) return bad("its type is unknown");
    entry.type = known->first;

    auto mode = number<std::uint32_t>(json, "mode");
    auto size = number<std::uint64_t>(json, "size");
    auto mtime = number<std::int64_t>(json, "mtime");
    auto uid = number<std::uint32_t>(json, "uid");
    auto gid = number<std::uint32_t>(json, "gid");
    if (!mode || *mode > 07777 || !size || !mtime || !uid || !gid) return bad("a number is out of range");
    if (entry.type != TreeEntry::Type::file && *size != 0) return bad("only files have a size");
    entry.mode = *mode;
    entry.size = *size;
    entry.mtime = *mtime;
    entry.uid = *uid;
    entry.gid = *gid;

    if (auto target = text_in(json, "target")) entry.target = *target;
    bool target_fits =
        !entry.target.empty() && entry.target.size() < kMaxPath && !entry.target.contains('\0');
    if (entry.type == TreeEntry::Type::symlink && !target_fits) return bad("a symlink without a target");
    if (auto name = text_in(json, "name")) entry.name = *name;
    if (!entry.name.empty() && (!is_safe_path(entry.name) || entry.name.contains('/')))
        return bad("its name leads elsewhere");
    return entry;
}

}  // namespace nap::channel
