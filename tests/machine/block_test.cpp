// SPDX-License-Identifier: GPL-2.0-only
// The overlay's backing and its merge, in a QEMU without a guest.
#include "machine/disk/block.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/process.hpp"
#include "base/units.hpp"
#include "machine/disk/disk.hpp"
#include "machine/qemu/qemu_command.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

using Json = nlohmann::json;

class Block : public testing::TestWithParam<const char*> {
  protected:
    struct Running {
        Process process;
        std::unique_ptr<Qmp> qmp;
        std::filesystem::path said;
        // Whether qemu-io did it; it prints to QEMU's standard output, and says so where a pattern differs
        bool io(const std::string& node, const std::string& command) {
            auto before = read_file(said)->size();
            auto answer = qmp->execute("human-monitor-command",
                                       {{"command-line", "qemu-io " + node + " \"" + command + "\""}});
            auto output = read_file(said)->substr(before);
            auto bad = [&](const char* word) { return output.find(word) != std::string::npos; };
            bool done = answer && *answer == "" && !output.empty() && !bad("failed") && !bad("rror");
            return done || command == "flush";
        }
    };

    // A QEMU with the node, whose file it has as a descriptor; `device`: a disk that uses it.
    Running start(const std::string& socket, const Json& node, const std::filesystem::path& file, FdSet set,
                  bool device = false) {
        auto path = scratch.path / socket;
        auto said = scratch.path / (socket + ".out");
        auto output = open_file(said, O_WRONLY | O_CREAT | O_APPEND);
        auto disk = open_file(file, O_RDWR);
        Command command{.argv = {"qemu-system-x86_64", "-machine", device ? "q35" : "none", "-nodefaults",
                                 "-nographic", "-qmp", "unix:" + path.string() + ",server=on,wait=off",
                                 "-add-fd", "fd=" + std::to_string(kDiskFd) + ",set=" + std::to_string(set),
                                 "-blockdev", node.dump()},
                        .descriptors = {{output->get(), 1}, {disk->get(), kDiskFd}}};
        if (device)
            command.argv.insert(command.argv.end(), {"-S", "-device", "virtio-blk-pci,drive=root-overlay"});
        auto process = Process::start(command);
        EXPECT_TRUE(process);
        auto qmp = Qmp::connect(path, std::chrono::seconds(20));
        EXPECT_TRUE(qmp) << qmp.error().message;
        return {std::move(*process), std::move(*qmp), said};
    }

    Running start_older() { return start("older.sock", image_node(image, false), image.path, kImageSet); }
    Running start_newer(bool device = false) {
        return start("newer.sock", overlay_node(), overlay, kOverlaySet, device);
    }

    void SetUp() override {
        image = {scratch.path / "image", GetParam(), false};
        overlay = scratch.path / "overlay.qcow2";
        ASSERT_EQ(run({.argv = {"qemu-img", "create", "-q", "-f", image.format, image.path, "64M"}},
                      std::chrono::seconds(30))
                      ->status,
                  0);
        ASSERT_TRUE(create_overlay(overlay, 64 * kMiB));
    }

    std::string bytes() { return *read_file(image.path, 128 << 20); }
    bool holds(const std::string& pattern) {
        auto out =
            run({.argv = {"qemu-io", "-r", "-f", image.format, "-c", "read -P " + pattern, image.path}},
                std::chrono::seconds(30));
        return out && out->status == 0 && out->out.find("failed") == std::string::npos;
    }

    test::Scratch scratch;
    Image image;
    std::filesystem::path overlay;
};

TEST_P(Block, NewerSeesWhatOlderWroteLastAndCommits) {
    auto newer = start_newer();
    EXPECT_TRUE(newer.io("root-overlay", "read -P 0 0 1M"));
    EXPECT_FALSE(newer.io("root-overlay", "read -P 1 0 1M"));
    {
        auto older = start_older();
        EXPECT_TRUE(older.io("root-image", "write -P 0x11 0 2M"));
        ASSERT_TRUE(older.qmp->execute("stop"));
        auto attached = attach_backing(*newer.qmp, image);
        ASSERT_TRUE(attached) << attached.error().message;
    }
    EXPECT_TRUE(newer.io("root-overlay", "read -P 0x11 0 2M"));
    // Part of a cluster: the rest must come from the image
    EXPECT_TRUE(newer.io("root-overlay", "write -P 0x22 4096 512"));
    EXPECT_TRUE(newer.io("root-overlay", "write -P 0x33 8M 1M"));
    EXPECT_TRUE(newer.io("root-overlay", "discard 1M 64k"));
    auto merged = merge_into_image(*newer.qmp, image, overlay, std::chrono::seconds(20));
    ASSERT_TRUE(merged) << merged.error().message;
    // Its file, too: no descriptor is left that would keep its memory
    for (const auto& open :
         std::filesystem::directory_iterator("/proc/" + std::to_string(newer.process.pid()) + "/fd"))
        EXPECT_FALSE(std::filesystem::read_symlink(open).string().starts_with(overlay.string()));
    EXPECT_FALSE(std::filesystem::exists(overlay)) << "it could be merged again";
    // The overlay is gone, the image is written to directly from now on
    EXPECT_FALSE(newer.qmp->execute("blockdev-del", {{"node-name", "root-overlay"}}));
    EXPECT_TRUE(newer.io("root-image", "write -P 0x44 16M 64k"));
    EXPECT_TRUE(newer.io("root-image", "flush"));
    newer.process.kill_and_wait();
    EXPECT_TRUE(holds("0x11 0 4096"));
    EXPECT_TRUE(holds("0x22 4096 512"));
    EXPECT_TRUE(holds("0x11 4608 1000000"));
    EXPECT_TRUE(holds("0x33 8M 1M"));
    EXPECT_TRUE(holds("0x44 16M 64k"));
    EXPECT_TRUE(holds("0 1M 64k"));
}

TEST_P(Block, RollbackLeavesTheImageUntouched) {
    auto older = start_older();
    EXPECT_TRUE(older.io("root-image", "write -P 0x11 0 2M"));
    ASSERT_TRUE(older.qmp->execute("stop"));
    auto before = bytes();
    {
        auto newer = start_newer();
        ASSERT_TRUE(attach_backing(*newer.qmp, image));
        EXPECT_TRUE(newer.io("root-overlay", "write -P 0x99 0 4M"));
        EXPECT_EQ(bytes(), before);
        newer.process.kill_and_wait();
    }
    EXPECT_EQ(bytes(), before);
    ASSERT_TRUE(older.qmp->execute("cont"));
    EXPECT_TRUE(older.io("root-image", "write -P 0x12 2M 1M"));
    EXPECT_TRUE(older.io("root-image", "flush"));
    older.process.kill_and_wait();
    EXPECT_TRUE(holds("0x11 0 2M"));
    EXPECT_TRUE(holds("0x12 2M 1M"));
}

TEST_P(Block, FailedAttachmentCanBeTriedAgain) {
    auto newer = start_newer();
    EXPECT_FALSE(attach_backing(*newer.qmp, {scratch.path / "missing", image.format, false}));
    EXPECT_TRUE(attach_backing(*newer.qmp, image));
}

// The disk of a device, as in a machine: a successor may not know how far the merge went.
TEST_P(Block, MergeCanBeDoneAgain) {
    auto written = run({.argv = {"qemu-io", "-f", "qcow2", "-c", "write -P 0x22 4096 512", overlay}},
                       std::chrono::seconds(30));
    ASSERT_EQ(written->status, 0) << written->out;
    auto newer = start_newer(true);
    ASSERT_TRUE(attach_backing(*newer.qmp, image));
    auto writable = open_file(image.path, O_RDWR);
    ASSERT_TRUE(
        newer.qmp->execute("add-fd", {{"fdset-id", kImageSet}}, std::chrono::seconds(10), writable->get()));
    ASSERT_TRUE(newer.qmp->execute(
        "block-commit", {{"job-id", "merge"}, {"device", "root-overlay"}, {"auto-dismiss", false}}));
    for (int times = 0; times < 3; ++times) {
        auto merged = merge_into_image(*newer.qmp, image, overlay, std::chrono::seconds(20));
        ASSERT_TRUE(merged) << merged.error().message;
    }
    newer.process.kill_and_wait();
    EXPECT_TRUE(holds("0x22 4096 512"));
}

TEST_P(Block, MergeWithoutBackingIsAnError) {
    auto newer = start_newer();
    auto merged = merge_into_image(*newer.qmp, image, overlay, std::chrono::seconds(20));
    ASSERT_FALSE(merged);
    EXPECT_NE(merged.error().message.find("Merging the overlay"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Formats, Block, testing::Values("raw", "qcow2"));

}  // namespace
}  // namespace nap::machine
