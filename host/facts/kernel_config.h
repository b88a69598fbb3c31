// SPDX-License-Identifier: Apache-2.0
// The running kernel's build configuration. Knows zlib's gzip form.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

struct KernelConfig {
  std::string source;  // where it was read: "/proc/config.gz", "/boot/config-6.12.0"
  std::string text;
  std::map<std::string, std::string>
      options;  // "CONFIG_HZ" -> "250"; options that are off are absent
};

/// /proc/config.gz, else /boot/config-RELEASE, else /lib/modules/RELEASE/{config,build/.config}.
/// ErrorKind::unsupported when none can be read.
Result<KernelConfig> read_kernel_config(const Files& files, const std::string& release);

std::map<std::string, std::string> parse_kernel_config(std::string_view text);

/// gzip data as text; `packed` that is not gzip data is returned unchanged. At most 16 MiB.
Result<std::string> unpack_gzip(std::string packed);

}  // namespace isolab
