// SPDX-License-Identifier: GPL-2.0-only
// Processors, compared by what CPUID says; and QEMU's list of models.
#include "machine/qemu/processor.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "machine/qemu/cpu_models.hpp"

namespace nap::machine {
namespace {

using nlohmann::json;

TEST(Processor, IsReadFromQemusWords) {
    const auto words = json::parse(R"([
        {"cpuid-register": "EBX", "cpuid-input-eax": 7, "cpuid-input-ecx": 0, "features": 563888065},
        {"cpuid-register": "EDX", "cpuid-input-eax": 2147483649, "features": 1}])");
    const auto features = features_from(words);
    ASSERT_TRUE(features);
    EXPECT_EQ(*features, (Features{{"7.0.EBX", 563888065}, {"80000001.EDX", 1}}));
    for (const auto& bad : {json(), json(3), json{3}, json{{{"cpuid-register", 3}}}})
        EXPECT_FALSE(features_from(bad));
}

TEST(Processor, ThatIsAnotherIsNamed) {
    const Features older{{"1.ECX", 0xff}, {"7.0.EBX", 0x10}};
    EXPECT_FALSE(difference(older, older));
    EXPECT_EQ(difference(older, {{"1.ECX", 0xff}, {"7.0.EBX", 0x30}}), "CPUID 7.0.EBX was 10, would be 30");
    EXPECT_EQ(difference(older, {{"1.ECX", 0xff}}), "CPUID 7.0.EBX was 10, would be 0");
}

// Which an older Nap did not hide.
TEST(Processor, MayLoseVirtualMachines) {
    const Features older{{"1.ECX", 0x21}, {"80000001.ECX", 0x7}, {"8000000A.EDX", 3}};
    EXPECT_FALSE(difference(older, {{"1.ECX", 0x01}, {"80000001.ECX", 0x3}}));
    EXPECT_TRUE(difference(older, {{"1.ECX", 0x01}, {"80000001.ECX", 0x2}}));
}

TEST(CpuModels, AreQemus) {
    const auto models = models_in(
        "Available CPUs:\nx86 486                   (alias configured by machine type)\n"
        "x86 EPYC-v3               AMD EPYC Processor\n\nRecognized CPUID flags:\n  3dnow 3dnowext\n");
    EXPECT_EQ(models, (std::set<std::string>{"486", "EPYC-v3"}));
}

TEST(CpuModels, AreKnownToTheHostsQemu) {
    EXPECT_TRUE(check_cpu_model("host"));
    EXPECT_TRUE(check_cpu_model("qemu64"));
    const auto unknown = check_cpu_model("Pentagon-v9");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace nap::machine
