// SPDX-License-Identifier: Apache-2.0
// Root tests see tracefs and debugfs as a run does: mounted for this process alone where the
// machine has them not mounted. Linked into every binary of tests/root.
#include <gtest/gtest.h>

#include <iostream>

#include "host/os.h"

namespace isolab {
namespace {

class PrivateMounts final : public testing::Environment {
 public:
  void SetUp() override {
    if (!is_root()) return;
    if (const auto mounted = mount_private_kernel_filesystems(); !mounted)
      std::cerr << "without private mounts: " << mounted.error().what << "\n";
  }
};

[[maybe_unused]] const auto* const kMounts = testing::AddGlobalTestEnvironment(new PrivateMounts);

}  // namespace
}  // namespace isolab
