// SPDX-License-Identifier: GPL-2.0-only
// The file of message queues as CRIU reads it (include/mqueue.h of its patch): records after a magic number.
#include <array>
#include <cstring>

#include "agent/carried/ipc/message_queues.hpp"
#include "agent/carried/part_file.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr std::uint32_t kMagic = 0x4555514d, kEnd = 0, kQueue = 1, kMessage = 2, kNotify = 3;
constexpr std::size_t kCookieSize = 32;

class Image {
  public:
    template <class... Values>
    void put(Values... values) {
        (append(values), ...);
    }
    void put_bytes(std::string_view bytes) { bytes_ += bytes; }
    std::string take() { return std::move(bytes_); }

  private:
    template <class T>
    void append(T value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    std::string bytes_;
};

template <class T>
T number_in(const Json& object, const char* key) {
    return object.at(key).get<T>();
}

Result<> put_queue(Image& image, const Json& queue) {
    NAP_TRY(const std::string name, from_binary(queue.at("name")));
    const auto times = queue.value("times", std::array<std::int64_t, 4>{});
    image.put(kQueue, number_in<std::uint64_t>(queue, "inode"),
              number_in<std::int64_t>(queue, "most_messages"), number_in<std::int64_t>(queue, "message_size"),
              times[0], times[2], static_cast<std::uint32_t>(times[1]), static_cast<std::uint32_t>(times[3]),
              number_in<std::uint32_t>(queue, "mode"), number_in<std::uint32_t>(queue, "uid"),
              number_in<std::uint32_t>(queue, "gid"), static_cast<std::uint32_t>(name.size()));
    image.put_bytes(name);
    for (const Json& message : queue.at("messages")) {
        NAP_TRY(const std::string text, from_binary(message.at("text")));
        image.put(kMessage, number_in<std::uint32_t>(message, "priority"),
                  static_cast<std::uint32_t>(text.size()));
        image.put_bytes(text);
    }
    const auto notify = queue.find("notify");
    if (notify == queue.end()) return {};
    NAP_TRY(std::string cookie, from_binary(notify->at("cookie")));
    cookie.resize(kCookieSize);
    image.put(kNotify, number_in<std::int32_t>(*notify, "pid"),
              number_in<std::int32_t>(*notify, "descriptor"), number_in<std::int32_t>(*notify, "method"),
              number_in<std::int32_t>(*notify, "signal"), number_in<std::uint64_t>(*notify, "value"),
              number_in<std::int32_t>(*notify, "socket"), std::uint32_t{0});
    image.put_bytes(cookie);
    return {};
}

}  // namespace

Result<std::string> encode_message_queues(const Json& captured) {
    Image image;
    image.put(kMagic);
    try {
        for (const Json& queue : captured) NAP_CHECK(put_queue(image, queue));
    } catch (const Json::exception& error) {
        return fail(ErrorKind::protocol, std::string("message queues are not as captured: ") + error.what());
    }
    image.put(kEnd);
    return image.take();
}

}  // namespace nap::agent
