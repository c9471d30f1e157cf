// SPDX-License-Identifier: GPL-2.0-only
#include "status.hpp"

#include <cstdio>
#include <sstream>

#include "guest/harness.hpp"

namespace soak {

namespace {
std::string path_of(const std::string& directory, const std::string& worker) {
    return directory + "/" + worker + ".status";
}
}  // namespace

void write_status(const std::string& directory, const std::string& worker, const Status& status) {
    const std::string path = path_of(directory, worker), aside = path + ".new";
    std::ostringstream text;
    text << status.pid << " " << status.rounds << " " << status.done << " " << status.failure << "\n";
    guest::write_text(aside, text.str());
    guest::check(rename(aside.c_str(), path.c_str()), "rename " + aside);
}

Status read_status(const std::string& directory, const std::string& worker) {
    std::istringstream text(guest::read_text(path_of(directory, worker)));
    Status status;
    text >> status.pid >> status.rounds >> status.done;
    guest::require(!text.fail(), "the status of ", worker, " is not whole");
    text.get();
    std::getline(text, status.failure);
    return status;
}

}  // namespace soak
