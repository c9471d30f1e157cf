// SPDX-License-Identifier: GPL-2.0-only
#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>
#include <utility>

#include "base/fd.hpp"

namespace nap {

namespace {

constexpr std::uintptr_t kPage = 4096;

// The mappings there are; a slot that is free has no end.
struct Slot {
    std::atomic<std::uintptr_t> begin = 0, end = 0;
};
std::array<Slot, 16> slots;
std::mutex taking;

// A page that the file no longer has: zeros take its place, and the read goes on.
void on_bus_error(int, siginfo_t* info, void*) {
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (const Slot& slot : slots) {
        if (at < slot.begin || at >= slot.end) continue;
        void* page = reinterpret_cast<void*>(at / kPage * kPage);
        if (::mmap(page, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
            return;
    }
    std::signal(SIGBUS, SIG_DFL);
    std::raise(SIGBUS);
}

Result<> guard(std::span<const std::byte> bytes) {
    const std::lock_guard lock(taking);
    static const bool installed = [] {
        struct sigaction action {};
        action.sa_sigaction = on_bus_error;
        action.sa_flags = SA_SIGINFO;
        return ::sigaction(SIGBUS, &action, nullptr) == 0;
    }();
    if (!installed) return fail_errno("cannot handle SIGBUS");
    for (Slot& slot : slots) {
        if (slot.end != 0) continue;
        slot.begin = reinterpret_cast<std::uintptr_t>(bytes.data());
        slot.end = slot.begin + bytes.size();
        return {};
    }
    return fail(ErrorKind::resources, "too many files are mapped");
}

void unguard(std::span<const std::byte> bytes) {
    const std::lock_guard lock(taking);
    for (Slot& slot : slots)
        if (slot.begin == reinterpret_cast<std::uintptr_t>(bytes.data())) slot.end = 0;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    NAP_TRY(UniqueFd fd, open_file(path, O_RDONLY));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot look at " + path.string());
    auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) return MappedFile({});
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return fail_errno("cannot map " + path.string());
    MappedFile mapped({static_cast<const std::byte*>(at), size});
    NAP_CHECK(guard(mapped.bytes()));
    return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MappedFile::~MappedFile() {
    if (bytes_.empty()) return;
    unguard(bytes_);
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace nap
