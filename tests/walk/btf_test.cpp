// SPDX-License-Identifier: GPL-2.0-only
#include "walk/btf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/walk/btf_builder.hpp"

namespace nap::walk {
namespace {
using testing::HasSubstr;

TEST(Btf, FindsFieldsOfStructsAndOfTheirAnonymousMembers) {
    BtfBuilder builder;
    const auto integer = builder.other(1, 0, 1);
    const auto inner = builder.structure("", 16, {{"x", integer, 0}, {"y", integer, 64}});
    const auto either = builder.structure("", 16, {{"z", integer, 0}, {"", inner, 0}}, true);
    builder.structure("page", 32, {{"flags", integer, 0}, {"", either, 64}, {"end", integer, 192}});
    builder.structure("page", 8, {{"other", integer, 0}});  // of the same name: the first counts
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf) << btf.error().message;
    EXPECT_EQ(btf->size_of("page").value(), 32);
    EXPECT_EQ(btf->offset_of("page", "flags").value(), 0);
    EXPECT_EQ(btf->offset_of("page", "x").value(), 8);
    EXPECT_EQ(btf->offset_of("page", "y").value(), 16);
    EXPECT_EQ(btf->offset_of("page", "z").value(), 8);
    EXPECT_EQ(btf->offset_of("page", "end").value(), 24);
}

TEST(Btf, CountsFunctionsAsTheKernelDoes) {
    BtfBuilder builder;
    builder.other(1, 0, 1);
    builder.structure("page", 32, {{"flags", 0, 0}, {"more", 0, 64}});
    builder.function("first");
    const auto wanted = builder.function("second");
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf) << btf.error().message;
    EXPECT_EQ(btf->function_id("second").value(), wanted);
    EXPECT_THAT(btf->function_id("page").error().message, HasSubstr("no function page"));
}

TEST(Btf, NamesWhatIsMissing) {
    BtfBuilder builder;
    builder.structure("page", 32, {{"flags", 0, 0}, {"bit", 0, 3}});
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf);
    EXPECT_THAT(btf->size_of("folio").error().message, HasSubstr("no struct folio"));
    EXPECT_THAT(btf->offset_of("page", "mapping").error().message,
                HasSubstr("struct page has no field mapping"));
    EXPECT_THAT(btf->offset_of("page", "bit").error().message, HasSubstr("does not start on a byte"));
}

TEST(Btf, PassesOverEveryKindOfType) {
    BtfBuilder builder;
    for (const std::uint32_t kind : {2, 7, 8, 9, 10, 11, 12, 16, 18}) builder.other(kind, 0, 0);
    builder.other(1, 0, 1);
    builder.other(14, 0, 1);
    builder.other(17, 0, 1);
    builder.other(3, 0, 3);
    builder.other(6, 2, 4);
    builder.other(13, 3, 6);
    builder.other(15, 2, 6);
    builder.other(19, 2, 6);
    builder.structure("bits", 8, {{"a", 0, 3U << 24}, {"b", 0, 8U << 24 | 16}}, false, true);
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf) << btf.error().message;
    EXPECT_EQ(btf->offset_of("bits", "b").value(), 2);
}

TEST(Btf, RefusesUnknownKinds) {
    BtfBuilder builder;
    builder.other(20, 0, 0);
    EXPECT_THAT(Btf::parse(builder.bytes()).error().message, HasSubstr("unknown kind 20"));
}

TEST(Btf, SurvivesTypesThatContainThemselves) {
    BtfBuilder builder;
    std::vector<BtfBuilder::Member> members(2000, {"", 1, 0});
    builder.structure("page", 8, members);
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf);
    EXPECT_FALSE(btf->offset_of("page", "mapping"));
}

TEST(Btf, BoundsTheSearch) {
    BtfBuilder builder;
    for (std::uint32_t i = 2; i < 14; ++i)
        builder.structure(i == 2 ? "page" : "", 8, std::vector<BtfBuilder::Member>(100, {"", i, 0}));
    builder.structure("", 8, {});
    const auto bytes = builder.bytes();
    const auto btf = Btf::parse(bytes);
    ASSERT_TRUE(btf);
    EXPECT_THAT(btf->offset_of("page", "mapping").error().message, HasSubstr("too many"));
}

TEST(Btf, SurvivesTruncationAndChange) {
    BtfBuilder builder;
    const auto inner = builder.structure("", 16, {{"x", 0, 0}, {"y", 0, 64}});
    builder.structure("page", 32, {{"flags", 0, 0}, {"", inner, 64}});
    const auto bytes = builder.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(Btf::parse(std::span(bytes).first(size))) << size;
    std::mt19937 random(3);
    for (int round = 0; round < 20'000; ++round) {
        auto changed = bytes;
        for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<std::byte>(random());
        if (const auto btf = Btf::parse(changed)) (void)btf->offset_of("page", "y");
    }
}

}  // namespace
}  // namespace nap::walk
