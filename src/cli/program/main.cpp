// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.hpp"

int main(int count, char** arguments) {
    return nap::cli::run({arguments + 1, arguments + count});
}
