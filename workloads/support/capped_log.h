// SPDX-License-Identifier: Apache-2.0
// A file for the output of commands that may write without end. What is over the limit is read and
// thrown away, so that the writer neither waits nor is killed for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

class CappedLog {
 public:
  static constexpr std::uint64_t kLimit = 16U << 20;  // bytes

  /// Appends to `file`, up to `limit` bytes; a thread of the caller reads.
  Result<void> open(const std::filesystem::path& file, std::uint64_t limit = kLimit);
  CappedLog() = default;
  CappedLog(const CappedLog&) = delete;
  CappedLog& operator=(const CappedLog&) = delete;
  ~CappedLog() { close(); }

  /// The write end of a pipe, for CommandSpec::stdout_fd and stderr_fd; valid until close().
  int descriptor() const { return write_end_.get(); }
  /// Takes what is still in the pipe, without waiting for processes that keep it open, and adds a
  /// line to the file when anything was cut. How many bytes were: over the limit, or refused by the
  /// file system. May be called twice.
  std::uint64_t close();

 private:
  void read_until_closed();
  std::size_t take();
  std::size_t keep();

  Fd file_, null_, read_end_, write_end_, closing_;
  std::uint64_t left_ = 0;  // of the limit
  std::atomic<std::uint64_t> cut_{0};
  std::thread reader_;
};

}  // namespace isolab
