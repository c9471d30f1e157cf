// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>

#include "agent/calls/paths.hpp"
#include "base/units.hpp"

namespace nap::agent {

namespace {

constexpr std::uint32_t kMagic = 0x4f444e55;
// Sparse: some hundred bytes a socket in repair mode, some KiB a thread that is being dumped.
constexpr std::size_t kSize = 64 * kMiB;

struct Header {
    std::uint32_t magic, guarded;
    std::uint64_t size, end, last;
};

struct Record {
    std::uint32_t size;
    std::uint16_t kind, open;
    std::int32_t pid, descriptor, owner;
    std::uint32_t data_size;
    std::uint64_t a, b, previous;
};

std::filesystem::path journal_file() {
    return std::filesystem::path(kRunDirectory) / "undo";
}

template <class Struct>
bool read_at(std::span<const std::byte> journal, std::uint64_t offset, Struct& into) {
    if (offset > journal.size() || journal.size() - offset < sizeof into) return false;
    std::memcpy(&into, journal.data() + offset, sizeof into);
    return true;
}

}  // namespace

std::vector<OpenAct> open_acts(std::span<const std::byte> journal) {
    std::vector<OpenAct> acts;
    Header header;
    if (!read_at(journal, 0, header) || header.magic != kMagic) return acts;
    Record record;
    for (std::uint64_t at = header.last, before = journal.size(); at != 0 && at < before;
         before = at, at = record.previous) {
        if (!read_at(journal, at, record)) break;
        const std::uint64_t data = at + sizeof record;
        if (record.open == 0 || record.data_size > journal.size() - data) continue;
        acts.push_back({.act = Act{record.kind},
                        .pid = record.pid,
                        .owner = record.owner,
                        .descriptor = record.descriptor,
                        .a = record.a,
                        .b = record.b,
                        .data = {journal.begin() + static_cast<std::ptrdiff_t>(data),
                                 journal.begin() + static_cast<std::ptrdiff_t>(data + record.data_size)}});
    }
    return acts;
}

void UndoJournal::Unmap::operator()(std::byte* memory) const {
    ::munmap(memory, size);
}

Result<UndoJournal> UndoJournal::map(UniqueFd file) {
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return fail_errno("cannot map the undo journal");
    return UndoJournal(std::move(file), static_cast<std::byte*>(memory), kSize);
}

Result<UndoJournal> UndoJournal::make() {
    discard();
    NAP_TRY(UniqueFd file, open_file(journal_file(), O_RDWR | O_CREAT | O_EXCL));
    if (::ftruncate(file.get(), kSize) != 0) return fail_errno("cannot make the undo journal");
    NAP_TRY(UndoJournal journal, map(std::move(file)));
    const Header header{.magic = kMagic, .guarded = 0, .size = kSize, .end = 0, .last = 0};
    std::memcpy(journal.memory_.get(), &header, sizeof header);
    return journal;
}

Result<UndoJournal> UndoJournal::open_left() {
    const auto path = journal_file();
    if (::access(path.c_str(), F_OK) != 0) return fail(ErrorKind::not_found, "there is no undo journal");
    NAP_TRY(UniqueFd file, open_file(path, O_RDWR));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || status.st_size != static_cast<off_t>(kSize))
        return fail(ErrorKind::io, "the undo journal was never begun");
    return map(std::move(file));
}

void UndoJournal::discard() {
    std::error_code ignored;
    std::filesystem::remove(journal_file(), ignored);
}

void UndoJournal::guarded_by_us(pid_t criu) {
    auto& guarded = reinterpret_cast<Header*>(memory_.get())->guarded;
    std::atomic_ref(guarded).store(static_cast<std::uint32_t>(criu), std::memory_order_release);
}

pid_t UndoJournal::criu() const {
    return static_cast<pid_t>(reinterpret_cast<const Header*>(memory_.get())->guarded);
}

}  // namespace nap::agent
