// SPDX-License-Identifier: GPL-2.0-only
#include "walk/account_layout.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/units.hpp"
#include "walk/btf.hpp"

namespace nap::walk {

namespace {

constexpr std::uint32_t kLargestOffset = 64 * kKiB;

struct Field {
    std::string name;  // in JSON
    const char* structure;
    const char* path;
    std::uint32_t beyond;
    std::function<Place&(AccountLayout&)> place;
};

std::vector<Field> make_fields() {
    std::vector<Field> fields;
#define NAP_FIELD(name, structure, path, beyond)        \
    fields.push_back({#name, #structure, #path, beyond, \
                      [](AccountLayout& layout) -> Place& { return NAP_PLACE(layout)[NAP_##name]; }});
#define NAP_PLACE(layout) layout.thread
    NAP_OF_THREAD(NAP_FIELD)
#undef NAP_PLACE
#define NAP_PLACE(layout) layout.process
    NAP_OF_PROCESS(NAP_FIELD)
#undef NAP_PLACE
#undef NAP_FIELD
    const auto path = [&](const char* name, const char* structure, const char* field,
                          Place AccountPaths::*place) {
        fields.push_back({name, structure, field, 0,
                          [place](AccountLayout& layout) -> Place& { return layout.paths.*place; }});
    };
    path("thread_head", "signal_struct", "thread_head", &AccountPaths::thread_head);
    path("thread_node", "task_struct", "thread_node", &AccountPaths::thread_node);
    path("io_context", "task_struct", "io_context", &AccountPaths::io_context);
    path("mempolicy", "task_struct", "mempolicy", &AccountPaths::mempolicy);
    path("sighand", "task_struct", "sighand", &AccountPaths::sighand);
    path("autogroup", "signal_struct", "autogroup", &AccountPaths::autogroup);
    path("nsproxy", "task_struct", "nsproxy", &AccountPaths::nsproxy);
    path("time_ns", "nsproxy", "time_ns", &AccountPaths::time_ns);
    path("monotonic", "time_namespace", "offsets.monotonic", &AccountPaths::monotonic);
    path("boottime", "time_namespace", "offsets.boottime", &AccountPaths::boottime);
    return fields;
}

const std::vector<Field>& fields() {
    static const std::vector<Field> all = make_fields();
    return all;
}

}  // namespace

AccountLayout read_account_layout(const Btf& types) {
    AccountLayout layout;
    for (const auto& field : fields())
        if (const auto offset = types.offset_of(field.structure, field.path);
            offset && *offset + field.beyond < kLargestOffset)
            field.place(layout) = static_cast<std::uint32_t>(*offset + field.beyond);
    return layout;
}

nlohmann::json to_json(const AccountLayout& layout) {
    auto json = nlohmann::json::object();
    AccountLayout copy = layout;
    for (const auto& field : fields())
        if (const auto& place = field.place(copy)) json[field.name] = *place;
    return json;
}

Result<AccountLayout> account_layout_from_json(const nlohmann::json& json) {
    const auto refuse = [](const std::string& why) {
        return fail(ErrorKind::protocol, "Reading a kernel's layout failed: its accounts " + why + ".");
    };
    if (!json.is_object()) return refuse("are no object");
    AccountLayout layout;
    std::size_t known = 0;
    for (const auto& field : fields()) {
        const auto found = json.find(field.name);
        if (found == json.end()) continue;
        ++known;
        if (!found->is_number_unsigned() || found->get<std::uint64_t>() >= kLargestOffset)
            return refuse("have " + field.name + " where no kernel has it");
        field.place(layout) = found->get<std::uint32_t>();
    }
    if (known != json.size()) return refuse("have a member that is unknown");
    return layout;
}

}  // namespace nap::walk
