// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/installed/machine_kernels.hpp"

#include <gmock/gmock.h>

#include <map>

#include "kernel/installed/gather.hpp"
#include "kernel/record.hpp"
#include "tests/kernel/fixtures.hpp"

namespace nap::kernel {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeFiles : public Files {
  public:
    std::map<std::string, std::string> files;

    Result<std::vector<std::string>> list(const std::string& folder) override {
        std::vector<std::string> names;
        for (const auto& [path, content] : files)
            if (fs::path(path).parent_path() == folder) names.push_back(fs::path(path).filename());
        if (names.empty()) return fail(ErrorKind::not_found, "there is no " + folder);
        return names;
    }
    Result<std::string> read(const std::string& path, std::size_t limit) override {
        auto found = files.find(path);
        if (found == files.end()) return fail(ErrorKind::not_found, "there is no " + path);
        if (found->second.size() > limit) return fail(ErrorKind::protocol, path + " is too long");
        return found->second;
    }
};

std::string vmlinuz(const std::string& version, const std::string& build = "") {
    const auto kernel = testing::elf({{".BTF", "none" + build}});
    return testing::boot_image(version, testing::compressed(kernel, testing::Compression::gzip));
}

class MachineKernelsTest : public ::testing::Test {
  protected:
    MachineKernelsTest() {
        for (auto name : {"agent", "criu"})
            testing::write(root() / "libexec" / name, testing::elf({{".text", name}}));
        testing::write(root() / "libexec/module/nap.c", "");
    }
    [[nodiscard]] fs::path root() const { return temporary_.path(); }
    [[nodiscard]] MachineKernels kernels() const {
        return {root() / "lib/kernels", root() / "lib/machines/m/kernels", root() / "libexec"};
    }
    // Complete but for its features.
    void install(const std::string& version) {
        files_.files["/boot/vmlinuz-" + version] = vmlinuz(version);
        files_.files["/boot/config-" + version] = "CONFIG_MODULES=y\n";
        const auto modules = "/lib/modules/" + version;
        files_.files[modules + "/modules.builtin"] = "";
        files_.files[modules + "/modules.dep"] = "kernel/ext4.ko: kernel/jbd2.ko\nkernel/other.ko:\n";
        files_.files[modules + "/kernel/ext4.ko"] = files_.files[modules + "/kernel/jbd2.ko"] = "module";
    }
    void put(const fs::path& store, const std::string& version, const std::string& image) const {
        Record record;
        record.version = version;
        record.source = store.parent_path().filename();
        record.layout = {};
        record.layout.task_mm = 2272;
        record.socket_layout.listening_bucket_size = 16;
        record.layout.page_size = 64;
        record.layout.page_compound_head = 8;
        record.layout.page_mapping = 24;
        record.layout.upid_size = 16;
        record.layout.upid_ns = 8;
        fs::create_directories(store / version);
        ASSERT_TRUE(write_record(store / version, record));
        testing::write(store / version / "vmlinuz", image);
    }
    FakeFiles files_;

  private:
    testing::TemporaryDirectory temporary_;
};

TEST_F(MachineKernelsTest, TheNewestOfBootMustBeWhole) {
    EXPECT_EQ(MachineKernels::newest(files_, "").error().kind, ErrorKind::not_found);
    install("6.1.0-47-amd64");
    install("6.1.0-9-amd64");
    auto newest = MachineKernels::newest(files_, "");
    ASSERT_TRUE(newest) << newest.error().message;
    EXPECT_EQ(newest->version, "6.1.0-47-amd64");
    EXPECT_THAT(newest->others, ElementsAre("6.1.0-9-amd64"));

    auto& image = files_.files["/boot/vmlinuz-6.1.0-47-amd64"];
    const auto whole = image;
    for (const auto& bad : {std::string(), std::string("ELF"), whole.substr(0, whole.size() / 2),
                            std::string(whole.size(), '\0')}) {
        image = bad;
        newest = MachineKernels::newest(files_, "");
        ASSERT_FALSE(newest) << bad.size();
        EXPECT_EQ(newest.error().kind, ErrorKind::refused);
        EXPECT_THAT(newest.error().message,
                    AllOf(HasSubstr("/boot/vmlinuz-6.1.0-47-amd64"), HasSubstr("full")));
    }
    image = std::string(8192, 'a');  // of another architecture
    EXPECT_THAT(MachineKernels::newest(files_, "").error().message,
                AllOf(HasSubstr("no x86 boot image"), Not(HasSubstr("full"))));
    image = vmlinuz("6.1.0-1-amd64");
    EXPECT_THAT(MachineKernels::newest(files_, "").error().message,
                HasSubstr("says that it is 6.1.0-1-amd64"));
}

TEST_F(MachineKernelsTest, WhatNapCannotUseIsRefusedByAll) {
    install("6.1.0-47-amd64");
    const auto newest = MachineKernels::newest(files_, "").value();
    const auto take = [&] { return kernels().take(files_, newest, "m", "", [](const std::string&) {}); };
    EXPECT_THAT(take().error().message, HasSubstr("CONFIG_KPROBES"));
    EXPECT_THAT(kernels().look_at(files_, newest).error().message, HasSubstr("CONFIG_KPROBES"));
    for (const auto* gone : {"/lib/modules/6.1.0-47-amd64/modules.dep", "/boot/config-6.1.0-47-amd64"}) {
        const auto kept = files_.files.extract(gone);
        EXPECT_THAT(take().error().message, AllOf(HasSubstr("not installed completely"), HasSubstr(gone)));
        if (std::string(gone).ends_with("dep")) install("6.1.0-47-amd64");
    }
    EXPECT_EQ(fs::exists(root() / "lib/machines/m/kernels/6.1.0-47-amd64"), false);
}

TEST_F(MachineKernelsTest, ModulesAreThoseNeededAndNoneOutside) {
    install("6.1.0-47-amd64");
    const auto gathered = gather(files_, "6.1.0-47-amd64", "image", root() / "gathered");
    ASSERT_TRUE(gathered) << gathered.error().message;
    EXPECT_TRUE(fs::exists(root() / "gathered/modules/kernel/jbd2.ko"));
    EXPECT_FALSE(fs::exists(root() / "gathered/modules/kernel/other.ko"));
    files_.files["/lib/modules/6.1.0-47-amd64/modules.dep"] = "../../ext4.ko:\n";
    EXPECT_THAT(gather(files_, "6.1.0-47-amd64", "image", root() / "again").error().message,
                HasSubstr("outside"));
}

TEST_F(MachineKernelsTest, ItsOwnIsFoundFirstAndOnlyByIt) {
    put(root() / "lib/kernels", "6.1.0-47-amd64", "the archive's");
    put(root() / "lib/kernels", "6.1.0-9-amd64", "the archive's");
    put(root() / "lib/machines/m/kernels", "6.1.0-47-amd64", "its own");
    EXPECT_EQ(kernels().find("6.1.0-47-amd64")->source, "m");
    EXPECT_EQ(kernels().find("6.1.0-9-amd64")->source, "lib");
    EXPECT_EQ(kernels().find("6.2").error().kind, ErrorKind::not_found);
    const MachineKernels other(root() / "lib/kernels", root() / "lib/machines/n/kernels", root() / "libexec");
    EXPECT_EQ(other.find("6.1.0-47-amd64")->source, "lib");
}

TEST_F(MachineKernelsTest, TheRunningOneIsToldByItsImage) {
    install("6.1.0-47-amd64");
    const auto newest = MachineKernels::newest(files_, "").value();
    put(root() / "lib/kernels", "6.1.0-47-amd64", newest.vmlinuz);
    put(root() / "lib/kernels", "6.1.0-9-amd64", "older");
    put(root() / "lib/kernels", "6.12.0-1-amd64", "newer");
    EXPECT_TRUE(MachineKernels::runs_already(newest, *kernels().find("6.1.0-47-amd64")).value());
    EXPECT_FALSE(MachineKernels::runs_already(newest, *kernels().find("6.1.0-9-amd64")).value());
    EXPECT_TRUE(MachineKernels::runs_already(newest, *kernels().find("6.12.0-1-amd64")).value());
    put(root() / "lib/kernels", "6.1.0-47-amd64", vmlinuz("6.1.0-47-amd64", "rebuilt"));
    EXPECT_THAT(MachineKernels::runs_already(newest, *kernels().find("6.1.0-47-amd64")).error().message,
                HasSubstr("another build"));
}

}  // namespace
}  // namespace nap::kernel
