// SPDX-License-Identifier: Apache-2.0
// Kernel files that cannot be written: those of a captured machine.
#pragma once

#include "host/files.h"

namespace isolab {

class ReadOnlyFiles : public Files {
 public:
  Result<void> write(const std::string& path, std::string_view) final { return refused(path); }
  Result<void> make_dir(const std::string& path) final { return refused(path); }
  Result<void> remove_dir(const std::string& path) final { return refused(path); }

 private:
  static Error refused(const std::string& path) {
    return {ErrorKind::usage, "a captured machine is read only: " + path};
  }
};

}  // namespace isolab
