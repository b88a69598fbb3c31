// SPDX-License-Identifier: Apache-2.0
#include "host/owner.h"

#include <unistd.h>

#include <optional>

#include "base/environment.h"
#include "host/os.h"

namespace isolab {

std::string why_untrusted(const struct stat& facts) {
  const auto sudo = is_root() ? environment("SUDO_UID") : std::nullopt;
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid() &&
      !(sudo && std::to_string(facts.st_uid) == *sudo))
    return "it belongs to user " + std::to_string(facts.st_uid);
  const bool by_group = (facts.st_mode & S_IWGRP) != 0 && facts.st_gid != ::getegid();
  return (facts.st_mode & S_IWOTH) != 0 || by_group ? "others may write to it" : "";
}

}  // namespace isolab
