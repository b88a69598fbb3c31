// SPDX-License-Identifier: Apache-2.0
// Opens files that another user may have made: what is checked is the open descriptor,
// never the path, so nothing can be put in its place in between.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace isolab {

/// A descriptor that is closed at the end of its scope.
class Closing {
 public:
  explicit Closing(int file) : file_(file) {}
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;
  ~Closing();
  int get() const { return file_; }
  int release() { return std::exchange(file_, -1); }

 private:
  int file_;
};

struct FileDemands {
  std::size_t most = std::size_t{1} << 20;  // bytes
  bool follow = false;                      // the last component may be a symbolic link
  std::optional<uid_t> owner = {};          // must own it
  bool others_may_write = true;             // false: no write bit for group and others
  int directory = -100;                     // AT_FDCWD; a relative path is opened below it
  bool beneath = false;  // and may not lead out of it, by .. or by a link (openat2, Linux 5.6)
};

/// An open descriptor of a regular file that meets `demands`; the caller closes it. A FIFO, device
/// or socket is refused without being waited for. io: it cannot be opened; denied: it does not
/// meet them (the text says which). `shown` is its name in messages.
Result<int> open_untrusted(const std::string& path, const FileDemands& demands,
                           const std::string& shown);
/// The whole of such a file; parse: it is larger than `demands.most` (also when it grows
/// in the meantime).
Result<std::string> read_untrusted(const std::string& path, const FileDemands& demands = {},
                                   const std::string& shown = {});
/// The same from a descriptor that is open already.
Result<std::string> read_untrusted(int file, std::size_t most, const std::string& shown);

/// For code that maps such a file: its owner may truncate it at any time, and the kernel answers a
/// read behind its end with SIGBUS (mmap(2)). From the first call on that ends the process with a
/// message and exit code 1; in a run, the supervisor then restores, as after any other end.
void end_when_mapped_file_is_cut();

}  // namespace isolab
