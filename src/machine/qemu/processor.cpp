// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/processor.hpp"

#include <cstdio>
#include <set>

#include "channel/json.hpp"

namespace nap::machine {

namespace {

using Json = nlohmann::json;
constexpr std::uint64_t kMost = 0xffff'ffff;

// CPUID's leaves; the register among them where only one bit of it is meant.
constexpr std::uint64_t kVmx = 1 << 5, kSvm = 1 << 2;
constexpr const char* kVmxIn = "1.ECX";
constexpr const char* kSvmIn = "80000001.ECX";
constexpr const char* kOfSvm = "8000000A.";

std::string hexadecimal(std::uint64_t number) {
    char text[20];
    std::snprintf(text, sizeof text, "%llX", static_cast<unsigned long long>(number));
    return text;
}

Features without_virtual_machines(Features features) {
    std::erase_if(features, [](const auto& word) { return word.first.starts_with(kOfSvm); });
    if (auto word = features.find(kVmxIn); word != features.end()) word->second &= ~kVmx;
    if (auto word = features.find(kSvmIn); word != features.end()) word->second &= ~kSvm;
    return features;
}

std::uint64_t word_of(const Features& features, const std::string& name) {
    const auto word = features.find(name);
    return word == features.end() ? 0 : word->second;
}

}  // namespace

Result<Features> features_from(const Json& words) {
    const auto bad = [] {
        return fail(ErrorKind::protocol, "QEMU does not tell what its processors can do");
    };
    if (!words.is_array()) return bad();
    Features features;
    for (const auto& word : words) {
        const auto leaf = channel::number_in(word, "cpuid-input-eax", kMost),
                   subleaf = channel::number_in(word, "cpuid-input-ecx", kMost),
                   bits = channel::number_in(word, "features", kMost);
        const auto* in = channel::text_in(word, "cpuid-register");
        if (!leaf || !bits || in == nullptr) return bad();
        const auto name =
            hexadecimal(*leaf) + (subleaf ? "." + hexadecimal(*subleaf) : "") + "." + channel::printable(*in);
        features[name] = *bits;
    }
    return features;
}

std::optional<std::string> difference(const Features& older, const Features& newer) {
    const auto before = without_virtual_machines(older), after = without_virtual_machines(newer);
    std::set<std::string> names;
    for (const auto* words : {&before, &after})
        for (const auto& [name, bits] : *words) names.insert(name);
    for (const auto& name : names) {
        const auto had = word_of(before, name), has = word_of(after, name);
        if (had != has)
            return "CPUID " + name + " was " + hexadecimal(had) + ", would be " + hexadecimal(has);
    }
    return std::nullopt;
}

Result<Features> features_of(Qmp& qmp) {
    NAP_TRY(const Json processors, qmp.execute("query-cpus-fast"));
    const auto* path = processors.is_array() && !processors.empty()
                           ? channel::text_in(processors.front(), "qom-path")
                           : nullptr;
    if (path == nullptr) return fail(ErrorKind::protocol, "QEMU tells of no processor");
    NAP_TRY(const Json words, qmp.execute("qom-get", {{"path", *path}, {"property", "feature-words"}}));
    return features_from(words);
}

}  // namespace nap::machine
