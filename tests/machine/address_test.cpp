// SPDX-License-Identifier: GPL-2.0-only
// Networks that work, and those that cannot.
#include "machine/definition/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nap::machine {
namespace {

struct Pair {
    const char *address, *gateway;
};

void PrintTo(const Pair& pair, std::ostream* out) {
    *out << pair.address << " by " << pair.gateway;
}

class Works : public testing::TestWithParam<Pair> {};

TEST_P(Works, AsGiven) {
    auto checked = check_address(GetParam().address, GetParam().gateway);
    EXPECT_TRUE(checked) << checked.error().message;
}

INSTANTIATE_TEST_SUITE_P(Networks, Works,
                         testing::Values(Pair{"192.0.2.10/24", "192.0.2.1"}, Pair{"192.0.2.10/24", ""},
                                         Pair{"192.0.2.0/31", "192.0.2.1"}, Pair{"192.0.2.255/32", ""},
                                         Pair{"10.0.1.0/16", "10.0.0.255"}, Pair{"1.2.3.4/1", "100.0.0.1"},
                                         Pair{"2001:db8::10/64", "2001:db8::1"},
                                         Pair{"2001:db8::10/64", "fe80::1"}, Pair{"fe80::2/64", ""},
                                         Pair{"2001:db8::ff/120", ""}, Pair{"2001:db8::1/128", ""}));

struct Bad {
    const char *address, *gateway, *why;
};

void PrintTo(const Bad& bad, std::ostream* out) {
    *out << bad.address << " by " << bad.gateway;
}

class CannotWork : public testing::TestWithParam<Bad> {};

TEST_P(CannotWork, WithTheReason) {
    auto checked = check_address(GetParam().address, GetParam().gateway);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, ErrorKind::usage);
    EXPECT_THAT(checked.error().message, testing::HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Networks, CannotWork,
    testing::Values(
        Bad{"192.0.2.10", "", "CIDR"}, Bad{"192.0.2.10/", "", "CIDR"}, Bad{"192.0.2.10/024", "", "CIDR"},
        Bad{"192.0.2.10/+24", "", "CIDR"}, Bad{"192.0.2.10/33", "", "CIDR"},
        Bad{"2001:db8::1/129", "", "CIDR"}, Bad{"web/24", "", "CIDR"}, Bad{"/24", "", "CIDR"},
        Bad{"0.0.0.0/0", "", "all addresses"}, Bad{"::/0", "", "all addresses"},
        Bad{"0.0.0.0/24", "", "no host"}, Bad{"::/64", "", "no host"},
        Bad{"192.0.2.0/24", "", "the network itself"}, Bad{"192.0.2.255/24", "", "broadcast"},
        Bad{"192.0.2.4/30", "", "the network itself"}, Bad{"255.255.255.255/32", "", "broadcast"},
        Bad{"224.0.0.1/24", "", "multicast"}, Bad{"ff02::1/64", "", "multicast"},
        Bad{"127.0.0.2/8", "", "loopback"}, Bad{"::1/128", "", "loopback"},
        Bad{"192.0.2.10/24", "192.0.3.1", "does not lie in the network"},
        Bad{"192.0.2.10/32", "192.0.2.1", "does not lie in the network"},
        Bad{"2001:db8::10/64", "2001:db8:1::1", "does not lie in the network"},
        Bad{"192.0.2.10/24", "192.0.2.10", "own address"},
        Bad{"192.0.2.10/24", "192.0.2.0", "network itself"}, Bad{"192.0.2.10/24", "192.0.2.255", "broadcast"},
        Bad{"192.0.2.10/24", "2001:db8::1", "family"}, Bad{"2001:db8::10/64", "192.0.2.1", "family"},
        Bad{"192.0.2.10/24", "gate", "family"}, Bad{"192.0.2.10/24", "192.0.2.1/24", "family"}));

}  // namespace
}  // namespace nap::machine
