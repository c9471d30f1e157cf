// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/features.hpp"

#include <gmock/gmock.h>

namespace nap::kernel {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A configuration that passes: every option asked for is y, but those that must be off.
Config good() {
    auto refused = check_features("6.1.0", {});
    EXPECT_FALSE(refused);
    Config config;
    const std::string& message = refused.error().message;
    for (auto at = message.find("CONFIG_"); at != std::string::npos; at = message.find("CONFIG_", at + 1)) {
        auto name = message.substr(at + 7, message.find(' ', at) - at - 7);
        config.emplace(name, "y");
    }
    return config;
}

TEST(Config, ReadsOptionsAndSkipsTheRest) {
    auto config = parse_config(
        "# Linux\nCONFIG_A=y\n# CONFIG_B is not set\n\nCONFIG_C=m\nCONFIG_D=\"a=b\"\nOTHER=y\nCONFIG_E=y");
    EXPECT_EQ(config, (Config{{"A", "y"}, {"C", "m"}, {"D", "\"a=b\""}, {"E", "y"}}));
}

TEST(Features, AKernelWithAllOfThemPasses) {
    auto checked = check_features("6.12.117+deb12-cloud-amd64", good());
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(checked->at("TIME_NS"), "y");
    EXPECT_EQ(checked->at("MODULE_SIG_FORCE"), "n");
}

TEST(Features, NamesEveryMissingOptionAndItsPurpose) {
    auto config = good();
    config.erase("TIME_NS");
    config["KPROBES"] = "n";
    auto checked = check_features("6.1.0-47", config);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::refused);
    EXPECT_THAT(checked.error().message,
                AllOf(HasSubstr("kernel 6.1.0-47"), HasSubstr("CONFIG_TIME_NS is off"), HasSubstr("clock"),
                      HasSubstr("CONFIG_KPROBES is off"), Not(HasSubstr("CONFIG_PID_NS"))));
}

TEST(Features, DriversMayBeModulesAndTheCoreMayNot) {
    auto config = good();
    config["VIRTIO_BLK"] = "m";
    EXPECT_TRUE(check_features("6.1.0", config));
    config["MEMCG"] = "m";
    auto checked = check_features("6.1.0", config);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("CONFIG_MEMCG=m (must be y)"));
}

TEST(Features, RefusesKernelsThatOnlyLoadSignedModules) {
    auto config = good();
    config["MODULE_SIG_FORCE"] = "y";
    auto checked = check_features("6.1.0", config);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("CONFIG_MODULE_SIG_FORCE is on"));
}

TEST(Features, RefusesOldKernelsAndOddVersions) {
    EXPECT_THAT(check_features("5.10.0-30-amd64", good()).error().message, HasSubstr("too old"));
    EXPECT_THAT(check_features("6.0.9", good()).error().message, HasSubstr("too old"));
    EXPECT_TRUE(check_features("6.1", good()));
    EXPECT_TRUE(check_features("7.0.0", good()));
    for (auto version : {"", "6", "6.", "six.one", ".1"})
        EXPECT_FALSE(check_features(version, good())) << version;
}

}  // namespace
}  // namespace nap::kernel
