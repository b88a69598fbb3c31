// SPDX-License-Identifier: Apache-2.0
#include "host/facts/software.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <array>

#include "base/text.h"
#include "base/version.h"

namespace isolab {
namespace {

struct Wanted {
  const char* key;
  const char* package;  // its whole name, or with `family` the beginning of it
  bool family = false;  // libraries carry their ABI version in the name: libyaml-cpp0.7
};

constexpr std::array kWanted = {
    Wanted{"rt_tests", "rt-tests"},
    Wanted{"gcc", "gcc"},
    Wanted{"make", "make"},
    Wanted{"linux_source", "linux-source-", true},
    Wanted{"perf", "linux-perf"},
    Wanted{"trace_cmd", "trace-cmd"},
    Wanted{"python3", "python3"},
    Wanted{"matplotlib", "python3-matplotlib"},
    Wanted{"hwloc", "libhwloc15"},
    Wanted{"yaml_cpp", "libyaml-cpp0", true},
    Wanted{"fmt", "libfmt", true},
    Wanted{"sqlite", "libsqlite3-0"},
    Wanted{"traceevent", "libtraceevent1"},
    Wanted{"zlib", "zlib1g"},
    Wanted{"openssl", "libssl3"},
    Wanted{"irqbalance", "irqbalance"},
    Wanted{"tuned", "tuned"},
};

std::string version_of(const std::map<std::string, std::string>& packages, const Wanted& wanted) {
  if (!wanted.family) {
    const auto found = packages.find(wanted.package);
    return found == packages.end() ? "not installed" : found->second;
  }
  std::string out;
  for (auto at = packages.lower_bound(wanted.package);
       at != packages.end() && at->first.starts_with(wanted.package); ++at) {
    if (at->first.ends_with("-dev") || at->first.ends_with("-doc")) continue;
    append_item(out, ", ", fmt::format("{} {}", at->first, at->second));
  }
  return out.empty() ? "not installed" : out;
}

}  // namespace

std::map<std::string, std::string> installed_packages(std::string_view text) {
  std::map<std::string, std::string> packages;
  std::string_view name, version;
  bool installed = false;
  const auto finish = [&] {
    if (installed && !name.empty()) packages.emplace(name, version);
    name = version = {};
    installed = false;
  };
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);
    if (line.empty()) finish();
    if (line.starts_with("Package: ")) name = line.substr(9);
    if (line.starts_with("Version: ")) version = line.substr(9);
    if (line.starts_with("Status: ")) installed = line.ends_with(" installed");
  }
  finish();
  return packages;
}

void add_software(const Files& files, Facts& facts) {
  facts["software.isolab"] = kVersion;
#if defined(__clang__)
  facts["software.built_with"] = "Clang " __clang_version__;
#else
  facts["software.built_with"] = "GCC " __VERSION__;
#endif
  facts["software.libc"] = fmt::format("glibc {}", ::gnu_get_libc_version());
  const auto status = files.read("/var/lib/dpkg/status");
  const auto packages = status ? installed_packages(*status) : std::map<std::string, std::string>{};
  for (const Wanted& wanted : kWanted) {
    const std::string key = fmt::format("software.{}", wanted.key);
    facts[key] = status ? version_of(packages, wanted) : "unknown: " + status.error().what;
  }
}

}  // namespace isolab
