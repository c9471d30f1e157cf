// SPDX-License-Identifier: GPL-2.0-only
#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "base/fd.hpp"

namespace nap {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    NAP_TRY(UniqueFd fd, open_file(path, O_RDONLY));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot look at " + path.string());
    auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) return MappedFile({});
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return fail_errno("cannot map " + path.string());
    return MappedFile({static_cast<const std::byte*>(at), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace nap
