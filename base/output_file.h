// SPDX-License-Identifier: Apache-2.0
// A file that is written once, from front to back, through a bounded buffer: exports of any size.
// It must not exist before, and does not exist after a failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace isolab {

class OutputFile {
 public:
  /// usage: a file of this name exists (it is left alone).
  static Result<OutputFile> create(const std::filesystem::path& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  /// Removes what was not finished.
  ~OutputFile();

  Result<void> write(std::string_view text);
  Result<void> write(std::span<const std::byte> bytes) {
    return write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  /// Keeps the file. After that, nothing more can be written.
  Result<void> finish();
  std::uint64_t size() const { return size_; }  // bytes taken so far

 private:
  explicit OutputFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  Result<void> flush();

  std::filesystem::path path_;
  int fd_ = -1;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

}  // namespace isolab
