// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/open_files.hpp"

#include <cstring>

namespace nap::agent {

namespace {

constexpr const char* kPass = "bpf_iter_task_file";
// Of struct bpf_iter__task_file: meta, task, fd, file. At the end of a pass there is neither task nor file.
constexpr std::uint64_t kDescriptor = 16, kFile = 24;

// What is written for each file, followed by the words.
struct Head {
    std::int32_t host_pid, fd;
    std::uint64_t object;
};
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kMostWords = 50;  // a program's stack has 512 bytes

// The object's address lies in BPF_REG_9.
void follow(PassCode& code, const WordPath& path, std::int16_t into) {
    if (path.empty()) code.set(BPF_REG_1, 0).into_record(into, BPF_DW, BPF_REG_1);
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (i != 0) code.from_record(BPF_REG_3, into);
        code.read_into_record(into, i == 0 ? BPF_REG_9 : BPF_REG_3, path[i]);
    }
}

}  // namespace

Result<OpenFileSearch> OpenFileSearch::load(const RunningKernel& kernel, std::string_view operations,
                                            std::span<const WordPath> words) {
    if (words.size() > kMostWords) return fail(ErrorKind::internal, "too many words of an open file");
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto kind, fields.offset("file", "f_op"));
    NAP_TRY(const auto object, fields.offset("file", "private_data"));
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    NAP_TRY(const auto wanted, kernel.symbol(operations));
    PassCode code(static_cast<std::int16_t>(sizeof(Head) + words.size() * kWord));
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kFile).unless_there(BPF_REG_7);
    code.begin_task(BPF_REG_8);
    code.load(BPF_DW, BPF_REG_1, BPF_REG_7, kind).wide(BPF_REG_2, wanted).unless_equal(BPF_REG_1, BPF_REG_2);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, tgid).into_record(0, BPF_W, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_6, kDescriptor).into_record(4, BPF_W, BPF_REG_1);
    code.load(BPF_DW, BPF_REG_9, BPF_REG_7, object).into_record(8, BPF_DW, BPF_REG_9);
    for (std::size_t i = 0; i < words.size(); ++i)
        follow(code, words[i], static_cast<std::int16_t>(sizeof(Head) + i * kWord));
    NAP_TRY(KernelPass pass, KernelPass::load(kernel, kPass, code.finish()));
    return OpenFileSearch(std::move(pass), words.size());
}

Result<std::vector<OpenFile>> OpenFileSearch::run() const {
    NAP_TRY(const std::string bytes, pass_.run());
    const std::size_t record = sizeof(Head) + words_ * kWord;
    std::vector<OpenFile> found;
    for (std::size_t at = 0; at + record <= bytes.size(); at += record) {
        Head head{};
        std::memcpy(&head, bytes.data() + at, sizeof head);
        OpenFile& file = found.emplace_back();
        file.host_pid = head.host_pid, file.fd = head.fd, file.object = head.object;
        file.words.resize(words_);
        if (words_ != 0) std::memcpy(file.words.data(), bytes.data() + at + sizeof head, words_ * kWord);
    }
    return found;
}

}  // namespace nap::agent
