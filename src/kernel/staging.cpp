// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;
constexpr std::chrono::minutes kPatience{10};
constexpr std::string_view kLock = ".lock", kStaging = ".staging";

Result<> sync_one(const fs::path& path) {
    NAP_TRY(auto fd, open_file(path, O_RDONLY));
    if (::fsync(fd.get()) != 0) return fail_errno("cannot sync " + path.string());
    return {};
}

// Not syncfs: what others have written to this disk is not ours to wait for.
Result<> sync_tree(const fs::path& tree) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(tree, error), end; !error && entry != end;
         entry.increment(error))
        NAP_CHECK(sync_one(entry->path()));
    if (error) return fail_errno("cannot sync " + tree.string(), error.value());
    return sync_one(tree);
}

}  // namespace

Result<Staging> Staging::begin(const fs::path& store) {
    std::error_code error;
    fs::create_directories(store, error);
    if (error) return fail_errno("cannot make the kernel store " + store.string(), error.value());
    NAP_TRY(auto lock, open_file(store / kLock, O_RDWR | O_CREAT));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail(ErrorKind::busy,
                        "the kernel store " + store.string() + " is being changed by another nap");
        return fail_errno("cannot lock the kernel store " + store.string());
    }
    Staging staging(store, std::move(lock));
    fs::remove_all(store / kStaging, error);
    staging.root_ = store / kStaging;
    for (const auto& directory : {staging.target(), staging.work()}) {
        fs::create_directories(directory, error);
        if (error) return fail_errno("cannot make the directory " + directory.string(), error.value());
    }
    return staging;
}

Result<Staging> Staging::begin(const fs::path& store, const Progress& progress) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (bool told = false;; std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
        auto staging = begin(store);
        if (staging || staging.error().kind != ErrorKind::busy || std::chrono::steady_clock::now() > end)
            return staging;
        if (!std::exchange(told, true)) progress("wait for another nap that changes the kernel store");
    }
}

Staging::Staging(Staging&& other) noexcept
    : store_(std::move(other.store_)), root_(std::exchange(other.root_, {})), lock_(std::move(other.lock_)) {}

Staging::~Staging() {
    std::error_code ignored;
    if (!root_.empty()) fs::remove_all(root_, ignored);
}

Result<> Staging::publish(const std::string& name) {
    const fs::path place = store_ / name;
    NAP_CHECK(sync_tree(target()));
    std::error_code error;
    // Exchanged, what was there is in our place and goes with us.
    unsigned how = fs::exists(place, error) ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (::renameat2(AT_FDCWD, target().c_str(), AT_FDCWD, place.c_str(), how) != 0)
        return fail_errno("cannot put the kernel in its place " + place.string());
    return sync_one(store_);
}

}  // namespace nap::kernel
