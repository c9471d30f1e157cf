// SPDX-License-Identifier: GPL-2.0-only
#include "machine/found_generations.hpp"

#include <gtest/gtest.h>

#include <string>

#include "machine/qemu_command.hpp"

namespace nap::machine {
namespace {

std::string command_line(int number, const std::filesystem::path& run) {
    GenerationSpec spec;
    spec.machine = "m";
    spec.number = number;
    spec.layout = {256 * kMiB, 512 * kMiB};
    spec.qmp_socket = run / ("gen-" + std::to_string(number)) / "qmp.sock";
    spec.agent_socket = run / ("gen-" + std::to_string(number)) / "agent.sock";
    std::string joined;
    for (const auto& argument : qemu_command(spec)) joined += argument + '\0';
    return joined;
}

TEST(FoundGenerations, AreKnownByTheirCommandLine) {
    for (const char* run : {"/run/nap/m", "/srv/a,b/run/m,,1", "/a b/m"})
        for (int number : {1, 2, 731})
            EXPECT_EQ(generation_of(command_line(number, run), run), number) << run;
}

TEST(FoundGenerations, OfOtherMachinesAreNotOurs) {
    EXPECT_EQ(generation_of(command_line(1, "/run/nap/m2"), "/run/nap/m"), std::nullopt);
    EXPECT_EQ(generation_of(command_line(1, "/run/nap/m/n"), "/run/nap/m"), std::nullopt);
}

TEST(FoundGenerations, OtherProgramsAreNone) {
    using namespace std::string_literals;
    auto ours = command_line(1, "/run/nap/m");
    ours.replace(0, ours.find('\0'), "vim");
    EXPECT_EQ(generation_of(ours, "/run/nap/m"), std::nullopt);
    for (const auto& other : {""s, "\0\0"s, "qemu-system-x86_64"s, "qemu-system-x86_64\0socket,id=qmp,"s,
                              "qemu-system-x86_64\0socket,id=qmp,path=/run/nap/m/gen-/qmp.sock"s,
                              "qemu-system-x86_64\0socket,id=qmp,path=/run/nap/m/gen-1x/qmp.sock"s,
                              "qemu-system-x86_64\0socket,id=qmp,path=,"s})
        EXPECT_EQ(generation_of(other, "/run/nap/m"), std::nullopt);
}

TEST(FoundGenerations, NoneRunHere) {
    auto found = find_generations("/no/such/folder");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->empty());
}

}  // namespace
}  // namespace nap::machine
