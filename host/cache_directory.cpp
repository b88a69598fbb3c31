// SPDX-License-Identifier: Apache-2.0
#include "host/cache_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/environment.h"
#include "host/os.h"
#include "host/owner.h"

namespace isolab {

namespace fs = std::filesystem;

fs::path cache_directory() {
  return is_root() && !environment("ISOLAB_CACHE") ? "/var/cache/isolab" : user_cache_directory();
}

fs::path user_cache_directory() {
  if (const auto named = environment("ISOLAB_CACHE")) return *named;
  if (const auto xdg = environment("XDG_CACHE_HOME"); xdg && xdg->starts_with('/'))
    return fs::path(*xdg) / "isolab";
  const auto home = environment("HOME");
  return home && home->starts_with('/') ? fs::path(*home) / ".cache" / "isolab" : fs::path();
}

Result<void> prepare_cache(const fs::path& directory) {
  if (directory.empty())
    return Error{ErrorKind::unsupported,
                 "cannot choose a cache directory: neither $HOME nor $XDG_CACHE_HOME is set",
                 "$ISOLAB_CACHE names one"};
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return errno_error("cannot make directory " + directory.string(), error.value());
  return check_cached(directory);
}

Result<void> check_cached(const fs::path& place) {
  struct stat found {};
  if (::stat(place.c_str(), &found) != 0)
    return errno_error("cannot look at " + place.string(), errno);
  if (const std::string why = why_untrusted(found); !why.empty())
    return Error{ErrorKind::denied, "cannot use the cache at " + place.string() + ": " + why,
                 "remove it, or name another cache with $ISOLAB_CACHE"};
  return {};
}

}  // namespace isolab
