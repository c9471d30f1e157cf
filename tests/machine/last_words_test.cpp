// SPDX-License-Identifier: GPL-2.0-only
// Consoles as kernels left them, and what is said of them.
#include "machine/qemu/last_words.hpp"

#include <gtest/gtest.h>

namespace nap::machine {
namespace {

constexpr std::string_view kFirmware =
    "\x1b\x63\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)\r\nBooting from ROM...\r\n"
    "\x1b\x63\x1b[?7l\x1b[2J";

// As 6.1.0-47-cloud-amd64 ended at its boot.
constexpr std::string_view kPanicked =
    "[    7.193930] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\r\n"
    "[    7.194484] CPU: 0 PID: 103 Comm: exe Tainted: G           OE      6.1.0-47-cloud-amd64 #1\r\n"
    "[    7.977367] Call Trace:\r\n"
    "[    7.977825]  <TASK>\r\n"
    "[    7.978461]  panic+0x118/0x2f4\r\n"
    "[    7.993985]  </TASK>\r\n"
    "[    7.994340] Kernel Offset: 0x14400000 from 0xffffffff81000000\r\n"
    "[    7.994400] ---[ end Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled "
    "]---\r\n";

std::string text(std::initializer_list<std::string_view> parts) {
    std::string all;
    for (auto part : parts) all += part;
    return all;
}

TEST(LastWords, AreThoseOfThePanic) {
    EXPECT_EQ(last_words(text({kFirmware, kPanicked})),
              "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled");
}

TEST(LastWords, WithoutAPanicAreTheLastLine) {
    EXPECT_EQ(last_words(kFirmware), "Booting from ROM...");
    EXPECT_EQ(last_words(text({kFirmware, "[    0.1] one\r\n[    0.2] two\r\n \r\n\r\n"})), "[    0.2] two");
    EXPECT_EQ(last_words(text({kFirmware, "[    0.1] half a li"})), "[    0.1] half a li");
}

TEST(LastWords, OfSilenceAreNone) {
    for (auto silent : {"", "\r\n", "  \n \n", "\x1b[2J", "\x1b"}) EXPECT_EQ(last_words(silent), "");
}

TEST(LastWords, AreBounded) {
    EXPECT_EQ(last_words(std::string(5000, 'x')).size(), 400U);
    EXPECT_EQ(last_words("Kernel panic - not syncing: " + std::string(5000, 'x')).size(), 400U);
}

TEST(ControlSequences, GoWhole) {
    EXPECT_EQ(without_control_sequences("a\x1b[?7lb\x1b[31;1mc\x1b\x63"
                                        "d\x1b(Be"),
              "abcde");
    EXPECT_EQ(without_control_sequences("a\x1b]0;title\ab\x1b]0;title\x1b\\c"), "abc");
    EXPECT_EQ(without_control_sequences("a\x1b]0;no end\nb"), "a\nb");
    EXPECT_EQ(without_control_sequences("a\tb\x7f\r\n\x01"
                                        "c"),
              "ab\nc");
    EXPECT_EQ(without_control_sequences("a\x1b[12"), "a");
}

}  // namespace
}  // namespace nap::machine
