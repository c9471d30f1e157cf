// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/found_generations.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/process.hpp"
#include "machine/qemu/qemu_command.hpp"
#include "tests/machine/scratch.hpp"

namespace nap::machine {
namespace {

std::string command_line(const std::string& machine, int number) {
    GenerationSpec spec;
    spec.machine = machine;
    spec.number = number;
    spec.layout = {256 * kMiB, 512 * kMiB};
    std::string joined;
    for (const auto& argument : qemu_command(spec)) joined += argument + '\0';
    return joined;
}

TEST(FoundGenerations, AreKnownByTheirCommandLine) {
    for (const char* machine : {"m", "web-1", "a.b_c"})
        for (int number : {1, 2, 731})
            EXPECT_EQ(generation_of(command_line(machine, number), machine), number);
}

TEST(FoundGenerations, KeepTheirAccelerator) {
    GenerationSpec spec;
    for (const auto accelerator : {Accelerator::tcg, Accelerator::kvm}) {
        spec.accelerator = accelerator;
        std::string joined;
        for (const auto& argument : qemu_command(spec)) joined += argument + '\0';
        EXPECT_EQ(accelerator_of(joined), accelerator);
    }
    EXPECT_EQ(accelerator_of(""), Accelerator::tcg);
    EXPECT_EQ(accelerator_of("qemu-system-x86_64\0-accel"), Accelerator::tcg);
}

TEST(FoundGenerations, OfOtherMachinesAreNotOurs) {
    EXPECT_EQ(generation_of(command_line("m2", 1), "m"), std::nullopt);
    EXPECT_EQ(generation_of(command_line("m-1", 1), "m"), std::nullopt);
    EXPECT_EQ(generation_of(command_line("m", 1), "m-1"), std::nullopt);
}

TEST(FoundGenerations, OtherProgramsAreNone) {
    using namespace std::string_literals;
    auto ours = command_line("m", 1);
    ours.replace(0, ours.find('\0'), "vim");
    EXPECT_EQ(generation_of(ours, "m"), std::nullopt);
    for (const auto& other : {""s, "\0\0"s, "qemu-system-x86_64"s, "qemu-system-x86_64\0-name"s,
                              "qemu-system-x86_64\0-name\0guest=m-"s,
                              "qemu-system-x86_64\0-name\0guest=m-1x"s, "qemu-system-x86_64\0guest=m-1"s})
        EXPECT_EQ(generation_of(other, "m"), std::nullopt);
}

// As root starts it: its log is its standard output.
TEST(FoundGenerations, AreFoundByTheLogTheyWrite) {
    test::Scratch scratch;
    const auto folder = scratch.path / "gen-7";
    std::filesystem::create_directory(folder);
    auto log = open_file(folder / "qemu.log", O_WRONLY | O_CREAT);
    // A shell that waits, without a child, stands for QEMU
    const auto pipe = (scratch.path / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::filesystem::create_symlink("/bin/bash", scratch.path / "qemu-system-bash");
    auto process = Process::start({.argv = {(scratch.path / "qemu-system-bash").string(), "-c",
                                            "read -t 60 <> " + pipe, "-name", "guest=m-7"},
                                   .descriptors = {{log->get(), 1}}});
    ASSERT_TRUE(process);
    auto found = find_generations("m", {.run = scratch.path});
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->at(7).pid, process->pid());
    EXPECT_EQ(found->at(7).start_time, process->start_time());
    EXPECT_TRUE(find_generations("m", {.run = scratch.path / "other"})->empty());
    EXPECT_TRUE(find_generations("n", {.run = scratch.path})->empty());
}

}  // namespace
}  // namespace nap::machine
