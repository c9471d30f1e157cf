// SPDX-License-Identifier: GPL-2.0-only
// A forked process that answers questions over two pipes; ends with its parent.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace guest {

class Child {
  public:
    using Answer = std::function<std::string(const std::string& question)>;
    // `body` runs in the child: sets it up and returns what answers. Questions and answers: at most 4 KiB,
    // one line.
    explicit Child(const std::function<Answer()>& body);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();  // kills and reaps it

    // The child's answer; fails as the child failed, or where it does not answer within ten seconds.
    [[nodiscard]] std::string ask(const std::string& question) const;
    [[nodiscard]] pid_t pid() const { return pid_; }

    // In a child: to be called again after a change of credentials, which clears it.
    static void end_with_parent();

  private:
    pid_t pid_;
    int questions_, answers_;
};

// What a process of its own does, as that user, which then ends. Its number, when it is gone; fails where it
// has failed.
pid_t in_process(const std::function<void()>& work, uid_t user = 0);

[[noreturn]] void sleep_for_ever();
pid_t fork_sleeper();  // a child that does nothing else; ends with its parent

}  // namespace guest
