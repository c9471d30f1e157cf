// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/program_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace nap::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ProgramFiles, AreWhatIsMappedOfFilesAndIsNotShared) {
    EXPECT_THAT(
        mapped_parts("55d0c0000000-55d0c0002000 r--p 00000000 fe:00 131 /usr/bin/redis-server\n"
                     "55d0c0002000-55d0c0102000 r-xp 00002000 fe:00 131              /usr/bin/my server\n"
                     "55d0c1000000-55d0c1100000 rw-p 00000000 00:00 0                [heap]\n"
                     "7f0000000000-7f0000001000 rw-s 00000000 00:05 9                /dev/zero (deleted)\n"
                     "7f0000002000-7f0000003000 r-xp 00000000 fe:00 7                /usr/bin/old (deleted)\n"
                     "7f0000004000-7f0000005000 rw-p 00003000 fe:00 8                /lib/x.so\n"
                     "7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                [vdso]\n"),
        ElementsAre(MappedPart{{"/usr/bin/redis-server", 0, 0x2000}, ""},
                    MappedPart{{"/usr/bin/my server", 0x2000, 0x100000}, ""},
                    MappedPart{{"/.nap-nameless/7", 0, 0x1000}, "7f0000002000-7f0000003000"},
                    MappedPart{{"/lib/x.so", 0x3000, 0x1000}, ""}));
}

TEST(ProgramFiles, AreNoneInOtherTexts) {
    EXPECT_THAT(mapped_parts(""), IsEmpty());
    EXPECT_THAT(
        mapped_parts("\n\nx-y r-xp 0 0 1 /x\n2000-1000 r-xp 0 0 1 /x\n1000-2000 r-xp\n1000-2000 r-xp 0 "
                     "0 1"),
        IsEmpty());
}

TEST(ResidentParts, AreStretchesWithoutLongGaps) {
    const FilePart whole{"/x", 0x10000, 32 * 4096};
    std::array<unsigned char, 32> pages{};
    EXPECT_THAT(resident_parts(whole, pages), IsEmpty());
    pages[1] = pages[2] = pages[10] = pages[31] = 1;
    pages[20] = 0xfe;  // only the lowest bit counts
    EXPECT_THAT(resident_parts(whole, pages),
                ElementsAre(FilePart{"/x", 0x11000, 10 * 4096}, FilePart{"/x", 0x10000 + 31 * 4096, 4096}));
}

}  // namespace
}  // namespace nap::agent
