// SPDX-License-Identifier: GPL-2.0-only
#include "channel/frame.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace nap;
using namespace nap::channel;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void append(std::vector<std::byte>& to, const std::vector<std::byte>& what) {
    to.insert(to.end(), what.begin(), what.end());
}

TEST(Frame, IsLaidOutAsDocumented) {
    auto bytes = encode({.type = FrameType::data, .part = 2, .call = 0x01020304, .payload = bytes_of("abc")});
    auto expected =
        bytes_of(std::string_view("\x03\0\0\0\x04\x02\x4e\x70\x04\x03\x02\x01"
                                  "abc",
                                  15));
    EXPECT_EQ(bytes, expected);
}

TEST(Decoder, GivesFramesWhateverTheSplit) {
    std::vector<std::byte> stream;
    append(stream, encode({.type = FrameType::request, .call = 1, .payload = bytes_of("{}")}));
    append(stream,
           encode({.type = FrameType::data, .part = 1, .call = 1, .payload = std::vector<std::byte>(5000)}));
    append(stream, encode({.type = FrameType::end, .part = 1, .call = 1}));
    append(stream, encode({.type = FrameType::abandon, .call = 0xffffffff}));
    for (std::size_t step : {1u, 2u, 11u, 12u, 13u, 4096u, 100000u}) {
        Decoder decoder;
        std::vector<Frame> frames;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            decoder.feed(std::span(stream).subspan(at, std::min(step, stream.size() - at)));
            for (;;) {
                auto frame = decoder.next();
                ASSERT_TRUE(frame);
                if (!*frame) break;
                frames.push_back(**frame);
            }
        }
        ASSERT_EQ(frames.size(), 4u) << "step " << step;
        EXPECT_EQ(frames[1].payload.size(), 5000u);
        EXPECT_EQ(frames[3].call, 0xffffffff);
    }
}

void expect_bad(
    Frame frame, void (*spoil)(std::vector<std::byte>&) = [](auto&) {}) {
    auto bytes = encode(frame);
    spoil(bytes);
    Decoder decoder;
    decoder.feed(bytes);
    auto got = decoder.next();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, ErrorKind::protocol);
    decoder.feed(encode({.type = FrameType::abandon}));
    EXPECT_FALSE(decoder.next()) << "an error is for good";
}

TEST(Decoder, RefusesBadHeaders) {
    auto payload = bytes_of("abcd");
    expect_bad({.type = FrameType::data, .payload = payload}, [](auto& bytes) { bytes[6] ^= std::byte{1}; });
    expect_bad({.type = FrameType::data, .payload = payload}, [](auto& bytes) { bytes[4] = std::byte{0}; });
    expect_bad({.type = FrameType::data, .payload = payload}, [](auto& bytes) { bytes[4] = std::byte{8}; });
    expect_bad({.type = FrameType::data, .payload = payload},
               [](auto& bytes) { bytes[3] = std::byte{0xff}; });
    expect_bad({.type = FrameType::data, .part = 6, .payload = payload});
    expect_bad({.type = FrameType::data});
    expect_bad({.type = FrameType::end, .part = 6});
    expect_bad({.type = FrameType::end, .payload = payload});
    expect_bad({.type = FrameType::reply, .part = 1, .payload = payload});
    expect_bad({.type = FrameType::credit, .part = 2, .payload = payload});
    expect_bad({.type = FrameType::credit});
    expect_bad({.type = FrameType::abandon, .payload = payload});
}

TEST(Decoder, LongestPayloadPassesOneMoreDoesNot) {
    Decoder decoder;
    decoder.feed(encode({.type = FrameType::reply, .payload = std::vector<std::byte>(kMaxPayload)}));
    EXPECT_TRUE(decoder.next());
    auto header = encode({.type = FrameType::reply});
    std::ranges::copy(encode_u32(kMaxPayload + 1), header.begin());
    decoder.feed(header);
    EXPECT_FALSE(decoder.next()) << "without waiting for the payload";
}

TEST(Decoder, GarbageEndsInAnErrorOrInWaiting) {
    std::mt19937 random(1);
    for (int round = 0; round < 1000; ++round) {
        auto bytes = encode(
            {.type = FrameType::data, .call = 7, .payload = std::vector<std::byte>(random() % 60 + 1)});
        append(bytes, bytes);
        for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = std::byte(random());
        Decoder decoder;
        decoder.feed(bytes);
        for (int frames = 0;; ++frames) {
            ASSERT_LT(frames, 3);
            auto frame = decoder.next();
            if (!frame || !*frame) break;
        }
    }
}

}  // namespace
