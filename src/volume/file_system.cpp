// SPDX-License-Identifier: GPL-2.0-only
#include "volume/file_system.hpp"

#include <sys/stat.h>

#include "volume/partition_channel.hpp"

namespace nap::volume {

namespace {

constexpr std::size_t kMostNames = 100'000;

std::string reason(errcode_t error) {
    return ::error_message(error);
}

class Ext : public FileSystem {
  public:
    explicit Ext(PartitionOfImage partition) : partition_(partition) {}
    Ext(const Ext&) = delete;
    Ext& operator=(const Ext&) = delete;
    ~Ext() override {
        if (fs_ != nullptr) ::ext2fs_close_free(&fs_);
    }

    Result<> begin() {
        ::initialize_ext2_error_table();
        const auto name = channel_name(partition_);
        const auto error = ::ext2fs_open(name.c_str(), EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, 0, 0,
                                         partition_manager(), &fs_);
        if (error != 0) return fail(ErrorKind::protocol, "the file system cannot be read: " + reason(error));
        return {};
    }

    [[nodiscard]] bool has_journal_to_replay() const override {
        return ext2fs_has_feature_journal_needs_recovery(fs_->super) != 0;
    }
    bool exists(const std::string& path) override { return find(path).has_value(); }
    Result<std::vector<std::string>> list(const std::string& folder) override;
    Result<std::string> read(const std::string& path, std::size_t limit) override;

  private:
    Result<ext2_ino_t> find(const std::string& path) {
        ext2_ino_t inode = 0;
        const auto error = ::ext2fs_namei_follow(fs_, EXT2_ROOT_INO, EXT2_ROOT_INO, path.c_str(), &inode);
        if (error == 0) return inode;
        const auto kind = error == EXT2_ET_FILE_NOT_FOUND || error == EXT2_ET_NO_DIRECTORY
                              ? ErrorKind::not_found
                              : ErrorKind::protocol;
        return fail(kind, "cannot find " + path + ": " + reason(error));
    }

    PartitionOfImage partition_;
    ext2_filsys fs_ = nullptr;
};

int add_name(ext2_ino_t, int, struct ext2_dir_entry* entry, int, int, char*, void* into) {
    auto& names = *static_cast<std::vector<std::string>*>(into);
    std::string name(entry->name, static_cast<std::size_t>(ext2fs_dirent_name_len(entry)));
    if (name != "." && name != "..") names.push_back(std::move(name));
    return names.size() < kMostNames ? 0 : DIRENT_ABORT;
}

Result<std::vector<std::string>> Ext::list(const std::string& folder) {
    NAP_TRY(const auto inode, find(folder));
    std::vector<std::string> names;
    if (const auto error = ::ext2fs_dir_iterate2(fs_, inode, 0, nullptr, add_name, &names))
        return fail(ErrorKind::protocol, "cannot read the folder " + folder + ": " + reason(error));
    return names;
}

Result<std::string> Ext::read(const std::string& path, std::size_t limit) {
    NAP_TRY(const auto number, find(path));
    const auto failed = [&](const std::string& why) {
        return fail(ErrorKind::protocol, "cannot read " + path + ": " + why);
    };
    ext2_inode inode{};
    if (const auto error = ::ext2fs_read_inode(fs_, number, &inode)) return failed(reason(error));
    if (!LINUX_S_ISREG(inode.i_mode)) return failed("it is no regular file");
    ext2_file_t file = nullptr;
    if (const auto error = ::ext2fs_file_open(fs_, number, 0, &file)) return failed(reason(error));
    __u64 size = 0;
    errcode_t error = ::ext2fs_file_get_lsize(file, &size);
    if (error == 0 && size > limit) {
        ::ext2fs_file_close(file);
        return failed("it has " + std::to_string(size) + " bytes, more than " + std::to_string(limit));
    }
    std::string content(error == 0 ? size : 0, '\0');
    for (std::size_t at = 0; error == 0 && at < content.size();) {
        unsigned got = 0;
        error =
            ::ext2fs_file_read(file, content.data() + at, static_cast<unsigned>(content.size() - at), &got);
        if (error == 0 && got == 0) error = EXT2_ET_SHORT_READ;
        at += got;
    }
    ::ext2fs_file_close(file);
    if (error != 0) return failed(reason(error));
    return content;
}

}  // namespace

bool is_readable(const Partition& partition) {
    return partition.type == "ext2" || partition.type == "ext3" || partition.type == "ext4";
}

Result<std::unique_ptr<FileSystem>> FileSystem::open(Image& image, const Partition& partition) {
    auto opened = std::make_unique<Ext>(PartitionOfImage{image, partition.offset, partition.size});
    NAP_CHECK(opened->begin());
    return opened;
}

}  // namespace nap::volume
