// SPDX-License-Identifier: GPL-2.0-only
#include "tests/volume/disks.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/process.hpp"

namespace nap::test {

namespace fs = std::filesystem;

namespace {

std::string tool(std::vector<std::string> argv) {
    auto output = run({.argv = argv}, std::chrono::seconds(60));
    EXPECT_TRUE(output && output->status == 0) << argv.front() << ": " << (output ? output->out : "");
    return output ? output->out : "";
}

void fill(const fs::path& tree, const Contents& contents) {
    constexpr std::string_view kLink = "-> ";
    for (const auto& [path, content] : contents) {
        fs::create_directories((tree / path).parent_path());
        if (content.starts_with(kLink))
            fs::create_symlink(content.substr(kLink.size()), tree / path);
        else
            std::ofstream(tree / path) << content;
    }
}

}  // namespace

void make_ext4(const fs::path& image, const Ext4& what) {
    const auto tree = image.string() + ".tree";
    fs::create_directories(tree);
    fill(tree, what.contents);
    std::vector<std::string> argv{"mke2fs", "-q", "-F", "-t", "ext4", "-d", tree};
    if (!what.label.empty()) argv.insert(argv.end(), {"-L", what.label});
    if (!what.uuid.empty()) argv.insert(argv.end(), {"-U", what.uuid});
    argv.insert(argv.end(), {image.string(), std::to_string(what.mib) + "M"});
    tool(argv);
    fs::remove_all(tree);
}

void make_partitioned(const fs::path& image, int mib, const std::string& script,
                      const std::map<int, Ext4>& contents) {
    std::ofstream(image).close();
    fs::resize_file(image, static_cast<std::uintmax_t>(mib) << 20);
    std::ofstream(image.string() + ".script") << script;
    tool({"sh", "-c", "sfdisk -q " + image.string() + " <" + image.string() + ".script"});
    const auto table = nlohmann::json::parse(tool({"sfdisk", "--json", image.string()}));
    for (const auto& [number, what] : contents) {
        const auto part = image.string() + "." + std::to_string(number);
        const auto& entry = table["partitiontable"]["partitions"].at(static_cast<std::size_t>(number - 1));
        make_ext4(part, what);
        tool({"dd", "if=" + part, "of=" + image.string(), "conv=notrunc,sparse", "bs=512", "status=none",
              "seek=" + std::to_string(entry["start"].get<std::uint64_t>())});
        fs::remove(part);
    }
    fs::remove(image.string() + ".script");
}

}  // namespace nap::test
