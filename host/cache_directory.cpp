// SPDX-License-Identifier: Apache-2.0
#include "host/cache_directory.h"

#include "base/environment.h"
#include "host/os.h"

namespace isolab {

namespace fs = std::filesystem;

fs::path cache_directory() {
  return is_root() && !environment("ISOLAB_CACHE") ? "/var/cache/isolab" : user_cache_directory();
}

fs::path user_cache_directory() {
  if (const auto named = environment("ISOLAB_CACHE")) return *named;
  if (const auto xdg = environment("XDG_CACHE_HOME"); xdg && xdg->starts_with('/'))
    return fs::path(*xdg) / "isolab";
  return fs::path(environment("HOME").value_or("/tmp")) / ".cache" / "isolab";
}

}  // namespace isolab
