// SPDX-License-Identifier: GPL-2.0-only
// Release: a deleter for what a C library hands out, as in std::unique_ptr<nl_sock, Release<nl_socket_free>>.
#pragma once

namespace nap {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

}  // namespace nap
