// SPDX-License-Identifier: GPL-2.0-only
#include "base/hash.hpp"

// Names on disk follow from it: FNV-1a's published values must not change.
static_assert(nap::stable_hash("") == 0xcbf29ce484222325);
static_assert(nap::stable_hash("a") == 0xaf63dc4c8601ec8c);
static_assert(nap::stable_hash("foobar") == 0x85944171f73967e8);
