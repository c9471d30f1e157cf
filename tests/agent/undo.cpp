// SPDX-License-Identifier: GPL-2.0-only
// What CRIU notes, what a parasite leaves, and a thread of another process set right from outside.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "agent/undo/journal.hpp"
#include "agent/undo/parasite.hpp"
#include "agent/undo/traced.hpp"

namespace nap::agent {
namespace {

// As compel/include/uapi/undo.h lays it out.
class JournalBytes {
  public:
    JournalBytes() : bytes_(32) { put<std::uint32_t>(0, 0x4f444e55); }
    void note(Act act, bool open, std::uint64_t a, std::uint32_t data_size = 0) {
        const std::size_t at = bytes_.size();
        bytes_.resize(at + 56 + data_size);
        put<std::uint32_t>(at, 56 + data_size);
        put<std::uint16_t>(at + 4, static_cast<std::uint16_t>(act));
        put<std::uint16_t>(at + 6, open ? 1 : 0);
        put<std::int32_t>(at + 8, 12);
        put<std::int32_t>(at + 12, 5);
        put<std::int32_t>(at + 16, 77);
        put<std::uint32_t>(at + 20, data_size);
        put<std::uint64_t>(at + 24, a);
        put<std::uint64_t>(at + 40, last_);
        put<std::uint64_t>(24, last_ = at);
    }
    template <class Number>
    void put(std::size_t at, Number value) {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
    std::uint64_t last_ = 0;
};

TEST(UndoJournal, WhatIsOpenLastFirst) {
    JournalBytes journal;
    journal.note(Act::infected, true, 1);
    journal.note(Act::code, false, 2, 8);
    journal.note(Act::registers, true, 3, 16);
    const auto acts = open_acts(journal.bytes());
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0].act, Act::registers);
    EXPECT_EQ(acts[0].data.size(), 16U);
    EXPECT_EQ(acts[0].pid, 12);
    EXPECT_EQ(acts[0].descriptor, 5);
    EXPECT_EQ(acts[0].owner, 77);
    EXPECT_EQ(acts[1].act, Act::infected);
    EXPECT_EQ(acts[1].a, 1U);
}

TEST(UndoJournal, NonsenseHasNoActs) {
    EXPECT_TRUE(open_acts({}).empty());
    EXPECT_TRUE(open_acts(std::vector<std::byte>(4096)).empty());
    JournalBytes journal;
    journal.note(Act::code, true, 1, 8);
    journal.put<std::uint32_t>(32 + 20, 1U << 31);  // more data than there are
    EXPECT_TRUE(open_acts(journal.bytes()).empty());
    journal.put<std::uint64_t>(24, 1ULL << 40);  // the last record lies outside
    EXPECT_TRUE(open_acts(journal.bytes()).empty());
    journal.put<std::uint64_t>(24, 32);
    journal.put<std::uint32_t>(32 + 20, 8);
    journal.put<std::uint64_t>(32 + 40, 32);  // the one before is itself
    EXPECT_EQ(open_acts(journal.bytes()).size(), 1U);
}

TEST(Parasite, ItsMemoryAmongOthers) {
    const auto areas = parasite_areas(
        "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus-daemon\n"
        "7f12a0000000-7f12a0014000 rwxs 00000000 00:01 1025 /memfd:CRIUMFD (deleted)\n"
        "7f12b0000000-7f12b0001000 rw-s 00000000 00:01 1026 /memfd:other (deleted)\n");
    const std::vector<Parasite::Area> wanted = {{0x7f12a0000000, 0x7f12a0014000}};
    EXPECT_EQ(areas, wanted);
}

TEST(Traced, MakesASystemCallAndGoesOnAsIfNothingHadBeen) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0)
        for (;;) ::pause();
    ::usleep(20'000);
    {
        auto traced = Traced::seize(child);
        ASSERT_TRUE(traced) << traced.error().message;
        const auto before = traced->registers();
        ASSERT_TRUE(before);
        const std::uint64_t code = before->rip & ~7ULL;
        const auto word = traced->word(code);
        const auto called = traced->system_call(code, SYS_getpid, {});
        ASSERT_TRUE(called) << called.error().message;
        EXPECT_EQ(*called, child);
        EXPECT_EQ(*traced->word(code), *word);
        EXPECT_EQ(traced->registers()->rip, before->rip);
        EXPECT_EQ(traced->registers()->rax, before->rax);
        EXPECT_FALSE(traced->system_call(0, SYS_getpid, {}));
    }
    ::usleep(20'000);
    EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "it has ended";
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace nap::agent
