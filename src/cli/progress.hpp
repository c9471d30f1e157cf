// SPDX-License-Identifier: GPL-2.0-only
// Progress of an update on standard error: a bar on a terminal, else a line for each phase.
#pragma once

#include <string>

namespace nap::cli {

class Progress {
  public:
    Progress();
    ~Progress();  // the bar goes
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void show(const std::string& phase, double fraction, const std::string& text);  // fraction of all, 0 to 1

  private:
    bool bar_;
    bool drawn_ = false;
    std::string last_;
};

// Pure: "[#####     ]  50 % prepare: booting", at most `columns` wide.
std::string bar_text(const std::string& phase, double fraction, const std::string& text, std::size_t columns);

}  // namespace nap::cli
