// SPDX-License-Identifier: GPL-2.0-only
// What machine.json may and may not say.
#include "machine/definition/config.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "machine/definition/layout.hpp"

namespace nap::machine {
namespace {

using Json = nlohmann::json;

Json good() {
    return Json::parse(R"({
        "name": "web-1", "disk": "/srv/web 1.img", "disk_format": "qcow2", "partition": 1,
        "kernel": "6.1.0-56-cloud-amd64", "memory": 1073741824, "kernel_memory": 536870912, "cpus": 2, "cpu": "EPYC-v3",
        "network": {"tap": "tap0", "netns": "blue", "mac": "52:54:00:12:34:56"},
        "address": "192.0.2.10/24", "gateway": "192.0.2.1", "init": "/lib/systemd/systemd"})");
}

TEST(Config, SurvivesTheWayThroughJson) {
    auto config = config_from_json(good());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->network->netns, "blue");
    EXPECT_EQ(to_json(*config), good());
}

TEST(Config, LeavesOutWhatHasADefault) {
    auto config = config_from_json({{"name", "a"},
                                    {"disk", "/d"},
                                    {"disk_format", "raw"},
                                    {"kernel", "6.12.0"},
                                    {"memory", kMemoryBlock}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->cpus, 1);
    EXPECT_EQ(config->cpu, "host");
    EXPECT_EQ(config->partition, 0);
    EXPECT_EQ(config->kernel_memory, 512 * kMiB);
    EXPECT_EQ(config->init, "/sbin/init");
    EXPECT_FALSE(config->network);
}

// In memory, without text between: numbers keep the signs of their C++ types.
TEST(Config, ChecksItsOwnJson) {
    auto config = config_from_json(good());
    ASSERT_TRUE(config);
    config->partition = 0;
    auto again = config_from_json(to_json(*config));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->partition, 0);
    config->partition = -1;
    EXPECT_FALSE(config_from_json(to_json(*config)));
}

struct Bad {
    const char* pointer;
    Json value;
};

class ConfigRefuses : public testing::TestWithParam<Bad> {};

TEST_P(ConfigRefuses, WithAUsageErrorThatNamesTheField) {
    auto json = good();
    Json::json_pointer pointer(GetParam().pointer);
    json[pointer] = GetParam().value;
    auto config = config_from_json(json);
    ASSERT_FALSE(config) << json.dump();
    EXPECT_EQ(config.error().kind, ErrorKind::usage);
    EXPECT_NE(config.error().message.find("machine's "), std::string::npos) << config.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ConfigRefuses,
    testing::Values(
        Bad{"/name", ""}, Bad{"/name", ".."}, Bad{"/name", "a/b"}, Bad{"/name", "../b"}, Bad{"/name", "a b"},
        Bad{"/name", "-a"}, Bad{"/name", "Web"}, Bad{"/name", std::string(64, 'a')}, Bad{"/name", 7},
        Bad{"/name", nullptr}, Bad{"/name", "a\n"}, Bad{"/name", std::string("a\0b", 3)}, Bad{"/name", "ä"},
        Bad{"/disk", ""}, Bad{"/disk", "relative.img"}, Bad{"/disk", "/new\nline"},
        Bad{"/disk", "/" + std::string(4096, 'd')}, Bad{"/disk_format", "vmdk"}, Bad{"/disk_format", ""},
        Bad{"/partition", -1}, Bad{"/partition", 129}, Bad{"/partition", "1"}, Bad{"/partition", 1.5},
        Bad{"/kernel", ""}, Bad{"/kernel", "../../etc"}, Bad{"/kernel", "6.1/x"}, Bad{"/kernel", ".."},
        Bad{"/memory", 0}, Bad{"/memory", 134217729}, Bad{"/memory", -134217728}, Bad{"/memory", "1G"},
        Bad{"/memory", 1e30}, Bad{"/kernel_memory", 1}, Bad{"/kernel_memory", 3221225472}, Bad{"/cpus", 0},
        Bad{"/cpus", 65}, Bad{"/cpus", -1}, Bad{"/cpus", true}, Bad{"/network", "tap0"},
        Bad{"/network/tap", ""}, Bad{"/network/tap", "a/b"}, Bad{"/network/tap", "."},
        Bad{"/network/tap", "sixteen-letters-"}, Bad{"/network/tap", "tap%d"}, Bad{"/network/netns", "../x"},
        Bad{"/network/netns", ".."}, Bad{"/network/mac", ""}, Bad{"/network/mac", "52:54:00:12:34"},
        Bad{"/network/mac", "52:54:00:12:34:5g"}, Bad{"/network/mac", "52-54-00-12-34-56"},
        Bad{"/network/mac", "53:54:00:12:34:56"}, Bad{"/network/mac", "00:00:00:00:00:00"},
        Bad{"/network/mac", "52:54:00:12:34:+6"}, Bad{"/network/mac", "52:54:00:12:34:567"},
        Bad{"/address", "192.0.2.10"}, Bad{"/address", "192.0.2.10/33"}, Bad{"/address", "192.0.2.10/-1"},
        Bad{"/address", "192.0.2.10/24x"}, Bad{"/address", "192.0.2/24"}, Bad{"/address", "/24"},
        Bad{"/address", "192.0.2.10/"}, Bad{"/address", "2001:db8::1/129"}, Bad{"/address", ""},
        Bad{"/gateway", "gate"}, Bad{"/gateway", "2001:db8::1"}, Bad{"/network", nullptr}, Bad{"/init", ""},
        Bad{"/init", "sbin/init"}));

TEST(Config, RefusesWhatIsNoObject) {
    for (const auto& json : {Json(), Json(3), Json("x"), Json::array()}) EXPECT_FALSE(config_from_json(json));
}

TEST(Config, DefaultMacIsStableLocalAndOfItsOwnForEachName) {
    EXPECT_EQ(default_mac("web-1"), default_mac("web-1"));
    EXPECT_NE(default_mac("web-1"), default_mac("web-2"));
    auto json = good();
    json["network"]["mac"] = default_mac("web-1");
    EXPECT_TRUE(config_from_json(json));
    EXPECT_TRUE(default_mac("").starts_with("52:54:00:"));
}

}  // namespace
}  // namespace nap::machine
