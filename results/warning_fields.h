// SPDX-License-Identifier: Apache-2.0
// A warning's form in window.json and manifest.json.
#pragma once

#include "base/records.h"
#include "results/codec.h"

namespace isolab::codec {

template <>
struct Fields<Warning> {
  static void list(auto& field, auto& it) {
    field("id", it.id);
    field("seen", it.seen);
    field("matters", it.matters);
    field("advice", it.advice);
  }
};

}  // namespace isolab::codec
