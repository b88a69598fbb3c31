// SPDX-License-Identifier: Apache-2.0
#include "host/installation.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "host/owner.h"

namespace isolab {

namespace fs = std::filesystem;

namespace {

bool is_below(const fs::path& file, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), file.begin(), file.end()).first ==
         directory.end();
}

}  // namespace

Result<fs::path> own_program() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return errno_error("cannot find this program", error.value());
  return program;
}

Result<Installation> installation_of(const fs::path& program) {
  std::error_code error;
  const fs::path build = fs::canonical(ISOLAB_BINARY_DIR, error);
  if (!error && is_below(program, build)) return Installation{ISOLAB_SOURCE_DIR, build};
  const fs::path prefix = program.parent_path().parent_path(), share = prefix / "share/isolab";
  if (program.parent_path().filename() != "bin")
    return Error{ErrorKind::unsupported,
                 "cannot find the files that ship with isolab: " + program.string() +
                     " is not in the bin/ of an installation",
                 "start the installed program, or the one in the build tree"};
  struct stat facts {};
  if (::stat(share.c_str(), &facts) != 0)
    return Error{ErrorKind::unsupported,
                 "cannot find the files that ship with isolab: " + share.string() + ": " +
                     std::strerror(errno),
                 "install isolab again"};
  if (const std::string why = why_untrusted(facts); !why.empty())
    return Error{ErrorKind::denied,
                 "cannot use the files that ship with isolab: " + share.string() + ": " + why,
                 "chown or chmod it, or unpack isolab in your own directory"};
  return Installation{share, prefix / "lib/isolab"};
}

Result<Installation> installation() { return installation_of(TRY(own_program())); }

}  // namespace isolab
