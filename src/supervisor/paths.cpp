// SPDX-License-Identifier: GPL-2.0-only
#include "supervisor/paths.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdlib>

#include "base/hash.hpp"
#include "channel/unix_socket.hpp"

namespace nap::supervisor {

namespace {

namespace fs = std::filesystem;

bool on_tmpfs(fs::path path) {
    std::error_code ignored;
    while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
    struct statfs info {};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == TMPFS_MAGIC;
}

// Two roots must not share memory files: the folder is named after the root.
std::string short_hash(const std::string& text) {
    const std::uint64_t hash = stable_hash(text);
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[hash >> shift & 15];
    return out;
}

}  // namespace

Result<Paths> Paths::from(const std::optional<std::string>& root) {
    Paths paths;
    std::string chosen;
    if (root)
        chosen = *root;
    else if (const char* variable = std::getenv("NAP_ROOT"))
        chosen = variable;
    std::error_code failure;
    if (chosen.empty()) {
        paths.lib = "/var/lib/nap";
        paths.run = "/run/nap";
    } else {
        fs::path base = fs::weakly_canonical(fs::absolute(chosen, failure), failure);
        if (failure) return fail_errno("cannot use --root " + chosen, failure.value());
        if (fs::exists(base, failure) && !fs::is_directory(base, failure))
            return fail(ErrorKind::usage, "cannot use --root " + chosen + ": it is not a folder");
        paths.lib = base / "lib";
        paths.run = base / "run";
    }
    paths.memory =
        on_tmpfs(paths.run) ? paths.run : fs::path("/dev/shm/nap-" + short_hash(paths.run.string()));
    fs::path self = fs::read_symlink("/proc/self/exe", failure);
    if (failure)
        return fail(ErrorKind::io, "cannot find this program in /proc/self/exe: " + failure.message());
    paths.libexec = self.parent_path().parent_path() / "lib" / "nap";
    return paths;
}

Result<> check_socket_paths(const MachinePaths& machine) {
    // The longest: a generation's number grows with each update
    const auto longest = (machine.generation(99'999) / "agent.sock").string();
    if (longest.size() <= channel::kMaxSocketPath) return {};
    return fail(ErrorKind::usage, "the machine's sockets would have paths of up to " +
                                      std::to_string(longest.size()) + " bytes (" + longest + "), " +
                                      std::to_string(channel::kMaxSocketPath) +
                                      " are the most: choose a shorter --root, or a shorter name");
}

}  // namespace nap::supervisor
