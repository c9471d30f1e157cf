// SPDX-License-Identifier: GPL-2.0-only
// What is captured of IPC objects, as CRIU and the module are given it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/carried/ipc/message_queues.hpp"
#include "agent/carried/ipc/sysv_objects.hpp"
#include "agent/carried/part_file.hpp"

namespace nap::agent {
namespace {
using channel::Json;
using testing::HasSubstr;

TEST(IpcObjects, QueuesAreRecordsForCriu) {
    const Json queue = {{"inode", 7},
                        {"mode", 0100640},
                        {"uid", 1},
                        {"gid", 2},
                        {"most_messages", 10},
                        {"message_size", 64},
                        {"name", to_binary("ab")},
                        {"messages", {{{"priority", 9}, {"text", to_binary("ABC")}}}}};
    const auto image = encode_message_queues(Json::array({queue}));
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->substr(0, 8), std::string("MQUE\x01\0\0\0", 8));
    EXPECT_EQ(image->size(), 4 + 4 + 64 + 2 + 4 + 8 + 3 + 4);  // its struct mq_queue: 64 bytes
    EXPECT_EQ(image->substr(72, 2), "ab");
    EXPECT_EQ(image->substr(image->size() - 7, 3), "ABC");
    EXPECT_THAT(encode_message_queues(Json::array({{{"inode", 7}}})).error().message,
                HasSubstr("not as captured"));
}

TEST(IpcObjects, SemaphoresComeBeforeTheirSet) {
    const Json set = {{"id", 3}, {"cuid", 4}, {"cgid", 5}, {"times", {6, 7, 0}}, {"pids", {8, 0}}};
    const Json captured = {{"segments", Json::array()},
                           {"queues", Json::array()},
                           {"sets", Json::array({set})},
                           {"counters", {{1, 2}, {3, 4}, {5, 6}}}};
    const auto objects = ipc_objects_of(captured);
    ASSERT_TRUE(objects) << objects.error().message;
    ASSERT_EQ(objects->size(), 6);
    EXPECT_EQ(objects->at(0).kind, NAP_IPC_SEMAPHORE);
    EXPECT_EQ(objects->at(0).pids[0], 8);
    EXPECT_EQ(objects->at(1).index, 1);
    EXPECT_EQ(objects->at(2).kind, NAP_IPC_SET);
    EXPECT_EQ(objects->at(2).times[1], 7);
    EXPECT_EQ(objects->at(5).id, 2);
    EXPECT_EQ(objects->at(5).times[1], 6);
}

}  // namespace
}  // namespace nap::agent
