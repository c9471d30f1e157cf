// SPDX-License-Identifier: GPL-2.0-only
// Private memory: protections, holes, many small VMAs, file mappings with pages of our own, moved, locked,
// growing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "harness.hpp"
#include "memory/mapping.hpp"

namespace guest {
namespace {

std::span<std::byte> page_of(std::span<std::byte> range, std::size_t index) {
    return range.subspan(index * kPage, kPage);
}

// Every fifth page is a hole, the rest is readable, writable or inaccessible by turns.
class Protections : public State {
  public:
    void set_up() override {
        range_ = map_apart(kPages * kPage);
        fill_pattern(range_, 1);
        for (std::size_t i = 0; i < kPages; ++i) {
            if (i % 5 == 4)
                check(munmap(page_of(range_, i).data(), kPage), "munmap");
            else
                check(mprotect(page_of(range_, i).data(), kPage, protection(i)), "mprotect");
        }
        layout_ = layout_of(range_);
    }

    void verify() override {
        require_layout();
        std::vector<std::byte> expected(range_.size());
        fill_pattern(expected, 1);
        for (std::size_t i = 0; i < kPages; ++i) {
            if (i % 5 == 4) continue;
            const auto page = page_of(range_, i);
            if (protection(i) == PROT_NONE) check(mprotect(page.data(), kPage, PROT_READ), "mprotect");
            require(std::ranges::equal(page, page_of(expected, i)), "page ", i, " changed");
            if (protection(i) == PROT_NONE) check(mprotect(page.data(), kPage, PROT_NONE), "mprotect");
        }
    }

    void damage() override {
        check(mprotect(page_of(range_, 1).data(), kPage, PROT_READ | PROT_WRITE), "mprotect");
    }

  private:
    static constexpr std::size_t kPages = 1000;
    static int protection(std::size_t i) {
        if (i % 5 == 1) return PROT_READ;
        if (i % 5 == 2) return PROT_NONE;
        return PROT_READ | PROT_WRITE;
    }

    void require_layout() const {
        std::istringstream now(layout_of(range_)), before(layout_);
        for (std::string is, was; std::getline(before, was);) {
            require(static_cast<bool>(std::getline(now, is)), "VMA ", was, " is gone");
            require(is == was, "VMA ", was, " became ", is);
        }
    }

    std::span<std::byte> range_;
    std::string layout_;
};

// A large area of which only scattered pages were ever touched.
class Sparse : public State {
  public:
    void set_up() override {
        range_ = map_apart(64 << 20);
        check(madvise(range_.data(), range_.size(), MADV_NOHUGEPAGE), "madvise");
        for (std::size_t i = 0; i < range_.size() / kPage; i += 97) fill_pattern(page_of(range_, i), i);
    }
    void verify() override {
        const std::size_t pages = (range_.size() / kPage + 96) / 97;
        const std::size_t resident = smaps_bytes(getpid(), range_, "Rss") / kPage;
        require(resident <= pages + pages_read_, resident, " pages are resident, of ", pages,
                " ever touched");
        for (std::size_t i = 0; i < range_.size() / kPage; i += 97)
            require_pattern(page_of(range_, i), i, "sparse page");
        const auto untouched = page_of(range_, 1);
        pages_read_ = 1;
        for (const auto byte : untouched) require(byte == std::byte{0}, "an untouched page is not zero");
    }
    void damage() override { page_of(range_, 97)[5] ^= std::byte{1}; }

  private:
    std::span<std::byte> range_;
    std::size_t pages_read_ = 0;
};

// A private file mapping: some pages still the file's, some our own; the file must not see ours.
class FilePrivate : public State {
  public:
    void set_up() override {
        path_ = disk_directory("file_private") + "/mapped";
        write_text(path_, pattern_text(kPages * kPage, 2));
        const int fd = static_cast<int>(check(open(path_.c_str(), O_RDWR), "open " + path_));
        range_ = map(kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
        close(fd);
        for (std::size_t i = 1; i < kPages; i += 3) fill_pattern(page_of(range_, i), 1000 + i);
    }
    void verify() override {
        const std::string file = read_text(path_);
        require(file == pattern_text(kPages * kPage, 2), "the file changed");
        for (std::size_t i = 0; i < kPages; ++i) {
            if (i % 3 == 1) {
                require_pattern(page_of(range_, i), 1000 + i, "our page " + std::to_string(i));
            } else {
                const auto expected = std::as_bytes(std::span(file)).subspan(i * kPage, kPage);
                require(std::ranges::equal(page_of(range_, i), expected), "the file's page ", i, " changed");
            }
        }
    }
    void damage() override { page_of(range_, 4)[9] ^= std::byte{1}; }

  private:
    static constexpr std::size_t kPages = 60;
    std::string path_;
    std::span<std::byte> range_;
};

// Pages moved by mremap keep the index of where they were first.
class Moved : public State {
  public:
    void set_up() override {
        const auto source = map_apart(kSize);
        fill_pattern(source, 3);
        const auto target = map_apart(kSize);
        void* at = mremap(source.data(), kSize, kSize, MREMAP_MAYMOVE | MREMAP_FIXED, target.data());
        if (at == MAP_FAILED) check(-1, "mremap");
        range_ = target;
    }
    void verify() override { require_pattern(range_, 3, "moved memory"); }
    void damage() override { range_[kSize / 2] ^= std::byte{1}; }

  private:
    static constexpr std::size_t kSize = 1 << 20;
    std::span<std::byte> range_;
};

class Locked : public State {
  public:
    void set_up() override {
        range_ = map_apart(kSize);
        check(mlock(range_.data(), kSize), "mlock");
        fill_pattern(range_, 4);
    }
    void verify() override {
        require_pattern(range_, 4, "locked memory");
        const auto locked = smaps_bytes(getpid(), range_, "Locked");
        require(locked == kSize, locked, " of ", kSize, " bytes are locked");
    }
    void damage() override { check(munlock(range_.data(), kPage), "munlock"); }

  private:
    static constexpr std::size_t kSize = 512 << 10;
    std::span<std::byte> range_;
};

// The program break, and a stack-like area that grows downwards when touched.
class Growing : public State {
  public:
    void set_up() override {
        break_ = static_cast<std::byte*>(sbrk(kHeap));
        require(break_ != reinterpret_cast<std::byte*>(-1), "sbrk");
        fill_pattern({break_, kHeap}, 5);
        const auto room = map(kStackRoom, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
        check(munmap(room.data(), kStackRoom), "munmap");
        stack_ = map(kPage, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE, -1, 0,
                     room.data() + kStackRoom - kPage);
        grow();
    }
    void verify() override {
        require_pattern({break_, kHeap}, 5, "heap");
        for (std::size_t i = 0; i < grown_; ++i)
            require(*(stack_.data() - i * kPage) == static_cast<std::byte>(i + 1), "page ", i,
                    " of the stack changed");
        grow();
        void* end = sbrk(0);
        require(sbrk(static_cast<long>(kPage)) == end, "the program break does not move");
    }
    void damage() override { break_[77] ^= std::byte{1}; }

  private:
    static constexpr std::size_t kHeap = 256 << 10;
    static constexpr std::size_t kStackRoom = 8 << 20;

    void grow() {
        for (int more = 0; more < 8; ++more, ++grown_)
            *(stack_.data() - grown_ * kPage) = static_cast<std::byte>(grown_ + 1);
    }

    std::byte* break_ = nullptr;
    std::span<std::byte> stack_;
    std::size_t grown_ = 0;
};

NAP_GUEST_STATE("memory_protections", Protections);
NAP_GUEST_STATE("memory_sparse", Sparse);
NAP_GUEST_STATE("memory_file_private", FilePrivate);
NAP_GUEST_STATE("memory_moved", Moved);
NAP_GUEST_STATE("memory_locked", Locked);
NAP_GUEST_STATE("memory_growing", Growing);

}  // namespace
}  // namespace guest
