// SPDX-License-Identifier: Apache-2.0
// A temporary directory that is removed with its owner.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/environment.h"
#include "base/result.h"

namespace isolab {

class Scratch {
 public:
  /// Below $TMPDIR or /tmp, for its owner alone.
  static Result<Scratch> make() {
    std::string name = environment("TMPDIR").value_or("/tmp") + "/isolab-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      return errno_error("cannot make " + name, errno, "$TMPDIR names another place");
    return Scratch(name);
  }
  Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace isolab
