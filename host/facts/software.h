// SPDX-License-Identifier: Apache-2.0
// Which versions of the tools and libraries we lean on are installed, by the package manager's own
// file: running each tool with --version would cost some hundred milliseconds.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/records.h"
#include "host/files.h"

namespace isolab {

/// Package -> version of everything installed, from the text of /var/lib/dpkg/status.
std::map<std::string, std::string> installed_packages(std::string_view dpkg_status);

/// The software.* keys of docs/recording-format.md.
void add_software(const Files& files, Facts& facts);

}  // namespace isolab
