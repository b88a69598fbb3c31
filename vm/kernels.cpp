// SPDX-License-Identifier: Apache-2.0
#include "vm/kernels.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/digest.h"
#include "base/directory.h"
#include "base/text.h"
#include "base/units.h"
#include "base/untrusted_file.h"
#include "host/arch/cycles.h"
#include "host/cache_directory.h"
#include "host/files.h"
#include "host/process.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr Nanos kAptLimit = std::chrono::seconds(60);
constexpr Nanos kFetchLimit = std::chrono::minutes(10);
constexpr std::size_t kLargestPackage = std::size_t{1} << 30;  // of a package or kernel
// Which of a package's thousands of modules a guest loads; what is built in is not there.
constexpr const char* kModules[] = {"virtio",      "virtio_ring", "virtio_pci_legacy_dev",
                                    "virtio_mmio", "virtio_pci",  "virtio_pci_modern_dev",
                                    "virtio_blk",  "msr",         "cpuid"};

std::string debian_arch(const std::string& arch) { return arch == "arm64" ? "arm64" : "amd64"; }

/// The value of a "Name: value" line of apt's paragraphs, of the first paragraph.
std::string field(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !line.empty();)
    if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
  return {};
}

/// "6.12.117+deb12-rt-amd64" -> "6.12-rt"; "" when it is not such a release.
std::string short_name(const std::string& release, const std::string& arch) {
  const std::string tail = "-" + debian_arch(arch);
  if (!release.ends_with(tail)) return {};
  std::string rest = release.substr(0, release.size() - tail.size());
  std::string flavour;
  for (const char* suffix : {"-rt", "-cloud", "-16k"})
    if (rest.ends_with(suffix)) {
      flavour = suffix;
      rest.resize(rest.size() - flavour.size());
    }
  const auto first = rest.find('.');
  const auto second = first == std::string::npos ? first : rest.find('.', first + 1);
  if (second == std::string::npos || rest.find_first_not_of("0123456789.") == 0) return {};
  return rest.substr(0, second) + flavour;
}

/// 6.1.0-9 before 6.1.0-10: runs of digits compare as numbers.
bool older(const std::string& left, const std::string& right) {
  return ::strverscmp(left.c_str(), right.c_str()) < 0;
}

Result<void> make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{ErrorKind::io, "cannot make " + path.string() + ": " + error.message()};
  return {};
}

/// apt for another architecture than ours, without adding it to this machine: separate lists, read
/// again once a day. Nothing for our own architecture.
Result<std::vector<std::string>> apt_options(const std::string& arch) {
  std::vector<std::string> options;
  if (arch == (kArch == Arch::arm64 ? "arm64" : "x86_64")) return options;
  const fs::path place = TRY(vm_cache()) / ("apt-" + debian_arch(arch));
  const fs::path lists = place / "lists", stamp = place / "updated";
  TRY(make_directory(lists / "partial"));
  TRY(make_directory(place / "cache/archives/partial"));
  std::ofstream(place / "status", std::ios::app).close();
  for (const std::string& option :
       {"APT::Architecture=" + debian_arch(arch), "APT::Architectures=" + debian_arch(arch),
        "Dir::State::lists=" + lists.string(), "Dir::State::status=" + (place / "status").string(),
        "Dir::Cache=" + (place / "cache").string(), std::string("APT::Sandbox::User=")}) {
    options.emplace_back("-o");
    options.push_back(option);
  }
  std::error_code error;
  const auto updated = fs::last_write_time(stamp, error);
  if (!error && fs::file_time_type::clock::now() - updated < std::chrono::hours(24)) return options;
  std::vector<std::string> update{"apt-get", "-qq", "update"};
  update.insert(update.end(), options.begin(), options.end());
  const auto done = run_for_output(update, kFetchLimit);
  if (!done)
    return Error{ErrorKind::unsupported, "apt's lists for " + arch + ": " + done.error().what,
                 "needs Debian's apt and the network"};
  std::ofstream(stamp) << "apt-get update was here\n";
  return options;
}

Result<std::string> ask(const std::string& arch, std::vector<std::string> argv) {
  const auto options = TRY(apt_options(arch));
  argv.insert(argv.begin() + 1, options.begin(), options.end());
  return run_for_output(argv, kAptLimit);
}

Error no_apt(const std::string& arch, const std::string& what) {
  return Error{ErrorKind::unsupported, arch + ": " + what,
               "as root: apt-get update (Debian); or name a file: --kernel FILE"};
}

Result<std::string> read_whole(const fs::path& path) {
  return read_untrusted(path.string(), {.most = kLargestPackage, .follow = true});
}

/// Drops every module a guest never loads: a package unpacks to hundreds of megabytes.
void keep_wanted_modules(const fs::path& modules) {
  std::error_code error;
  for (const auto& module : files_below(modules).value_or(std::vector<fs::path>{})) {
    const std::string name = module.filename().string();
    if (name.find(".ko") == std::string::npos) continue;
    const auto matches = [&](const char* wanted) {
      return name.starts_with(std::string(wanted) + ".ko");
    };
    if (std::none_of(std::begin(kModules), std::end(kModules), matches)) fs::remove(module, error);
  }
}

Result<void> unpack(const fs::path& deb, const fs::path& into) {
  const fs::path unfinished = into.string() + ".unfinished";
  std::error_code error;
  fs::remove_all(unfinished, error);
  TRY(make_directory(unfinished));
  TRY(run_for_output({"dpkg-deb", "-x", deb.string(), unfinished.string()}, kFetchLimit));
  keep_wanted_modules(unfinished / "lib" / "modules");
  fs::rename(unfinished, into, error);
  if (error) return Error{ErrorKind::io, "cannot make " + into.string() + ": " + error.message()};
  return {};
}

Result<Kernel> kernel_below(const fs::path& root, const std::string& sha256) {
  std::error_code error;
  for (const auto& entry : entries_of(root / "boot").value_or(std::vector<fs::path>{})) {
    const std::string file = entry.filename().string();
    if (!file.starts_with("vmlinuz-")) continue;
    Kernel kernel;
    kernel.release = file.substr(8);
    kernel.name = kernel.release;
    kernel.image = entry;
    if (const fs::path config = root / "boot" / ("config-" + kernel.release);
        fs::exists(config, error))
      kernel.config = config;
    for (const char* place : {"lib/modules", "usr/lib/modules"})
      if (const fs::path modules = root / place / kernel.release; fs::exists(modules, error))
        kernel.modules = modules;
    kernel.sha256 = sha256;
    return kernel;
  }
  return Error{ErrorKind::parse, "the package in " + root.string() + " has no boot/vmlinuz-*"};
}

struct PackageFacts {
  std::string name, version, sha256;
};

/// The newest version of each package that apt can fetch; unknown ones are not in the answer. One
/// call for all: each start of apt-cache costs a second on a small machine.
Result<std::map<std::string, PackageFacts>> ask_apt(const std::string& arch,
                                                    const std::vector<std::string>& packages) {
  std::vector<std::string> argv{"apt-cache", "show", "--no-all-versions"};
  for (const auto& package : packages) argv.push_back(package + ":" + debian_arch(arch));
  const std::string shown = TRY(ask(arch, std::move(argv)));
  std::map<std::string, PackageFacts> found;
  for (std::size_t at = 0; at < shown.size();) {
    const auto end = std::min(shown.find("\n\n", at), shown.size());
    const std::string paragraph = shown.substr(at, end - at);
    at = end + 2;
    const PackageFacts facts{field(paragraph, "Package"), field(paragraph, "Version"),
                             field(paragraph, "SHA256")};
    if (facts.sha256.size() == 64) found.emplace(facts.name, facts);
  }
  return found;
}

fs::path unpacked_place(const fs::path& cache, const PackageFacts& facts, const std::string& arch) {
  return cache / fmt::format("{}_{}_{}", facts.name, debian_arch(arch), facts.sha256.substr(0, 12));
}

}  // namespace

Result<fs::path> vm_cache() {
  const fs::path user = user_cache_directory();
  TRY(prepare_cache(user));
  TRY(prepare_cache(user / "vm"));
  return user / "vm";
}

std::map<std::string, std::string> kernel_packages_in(const std::string& text,
                                                      const std::string& arch) {
  std::map<std::string, std::string> newest;  // "6.12-rt" -> package
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string package = line.substr(0, line.find(' '));
    if (const auto colon = package.find(':'); colon != std::string::npos) package.resize(colon);
    constexpr std::string_view kPrefix = "linux-image-";
    if (!package.starts_with(kPrefix)) continue;
    const std::string name = short_name(package.substr(kPrefix.size()), arch);
    if (name.empty()) continue;
    std::string& best = newest[name];
    if (best.empty() || older(best, package)) best = package;
  }
  return newest;
}

Result<std::vector<KernelPackage>> list_kernels(const std::string& arch) {
  const auto found = ask(arch, {"apt-cache", "search", "--names-only",
                                "^linux-image-[0-9].*-" + debian_arch(arch) + "$"});
  if (!found) return no_apt(arch, "cannot ask apt for kernels: " + found.error().what);
  std::vector<KernelPackage> kernels;
  const auto named = kernel_packages_in(*found, arch);
  std::vector<std::string> packages;
  for (const auto& [name, package] : named) packages.push_back(package);
  if (packages.empty()) return no_apt(arch, "apt has no kernel");
  const auto known = TRY(ask_apt(arch, packages));
  for (const auto& [name, package] : named) {
    const auto facts = known.find(package);
    if (facts == known.end()) continue;  // known by name only
    std::error_code error;
    const fs::path cache = user_cache_directory() / "vm";
    kernels.push_back({arch, name, package.substr(12), package, facts->second.version,
                       facts->second.sha256,
                       fs::exists(unpacked_place(cache, facts->second, arch), error)});
  }
  if (kernels.empty()) return no_apt(arch, "apt has no kernel");
  std::sort(kernels.begin(), kernels.end(), [](const auto& left, const auto& right) {
    const bool same =
        left.name.substr(0, left.name.find('-')) == right.name.substr(0, right.name.find('-'));
    return same ? left.name < right.name : older(right.name, left.name);
  });
  return kernels;
}

namespace {

Result<fs::path> provide(const std::string& arch, const PackageFacts& facts);

}  // namespace

Result<fs::path> provide_package(const std::string& arch, const std::string& package) {
  const auto known = TRY(ask_apt(arch, {package}));
  const auto found = known.find(package);
  if (found == known.end()) return no_apt(arch, "apt has no package " + package);
  return provide(arch, found->second);
}

namespace {

Result<fs::path> provide(const std::string& arch, const PackageFacts& facts) {
  const fs::path place = unpacked_place(TRY(vm_cache()), facts, arch);
  std::error_code error;
  if (fs::exists(place, error)) {
    TRY(check_cached(place));
    return place;
  }
  // A separate directory: apt names the file after the version, with escapes.
  const fs::path fetched = place.string() + ".fetched";
  fs::remove_all(fetched, error);
  TRY(make_directory(fetched));
  std::vector<std::string> argv{
      "apt-get", "-qq", "download",
      fmt::format("{}:{}={}", facts.name, debian_arch(arch), facts.version)};
  const auto apt = TRY(apt_options(arch));
  argv.insert(argv.begin() + 1, apt.begin(), apt.end());
  Child child = TRY(Child::spawn(
      {.argv = argv, .directory = fetched.string(), .output = (fetched / "apt.log").string()}));
  const auto exit = child.wait_for(kFetchLimit);
  if (!exit || !exit->ok())
    return Error{
        ErrorKind::unsupported,
        fmt::format("apt-get download {} {}: {}", facts.name, exit ? exit->text() : "did not end",
                    read_whole(fetched / "apt.log").value_or(std::string())),
        "is the network reachable? as root: apt-get update"};
  for (const auto& package : TRY(entries_of(fetched))) {
    if (package.extension() != ".deb") continue;
    const std::string sum = sha256_hex(TRY(read_whole(package)));
    if (sum != facts.sha256)
      return Error{ErrorKind::io,
                   fmt::format("{}: SHA-256 {} is not the {} of apt's lists", package.string(), sum,
                               facts.sha256),
                   "as root: apt-get update, then try again"};
    TRY(unpack(package, place));
    fs::remove_all(fetched, error);
    return place;
  }
  return Error{ErrorKind::io,
               "apt-get download " + facts.name + " left no package in " + fetched.string()};
}

}  // namespace

Result<Kernel> provide_kernel(const std::string& arch, const std::string& which) {
  std::error_code error;
  if (which.find('/') != std::string::npos || which.ends_with(".deb")) {
    if (!fs::is_regular_file(which, error))
      return Error{ErrorKind::usage, "cannot find kernel file " + which};
    const std::string sum = sha256_hex(TRY(read_whole(which)));
    if (!which.ends_with(".deb")) {
      Kernel kernel;
      kernel.name = fs::path(which).filename().string();
      kernel.image = which;
      kernel.sha256 = sum;
      return kernel;
    }
    const fs::path place = TRY(vm_cache()) / ("file_" + sum.substr(0, 12));
    if (!fs::exists(place, error)) TRY(unpack(which, place));
    TRY(check_cached(place));
    return kernel_below(place, sum);
  }
  const auto kernels = TRY(list_kernels(arch));
  std::string known;
  for (const auto& offered : kernels) {
    append_item(known, ", ", offered.name);
    const bool plain = offered.name.find('-') == std::string::npos;
    if (which.empty() ? plain : offered.name == which || offered.release == which) {
      const fs::path root = TRY(provide(arch, {offered.package, offered.version, offered.sha256}));
      Kernel kernel = TRY(kernel_below(root, offered.sha256));
      kernel.name = offered.name;
      return kernel;
    }
  }
  return Error{ErrorKind::usage, fmt::format("apt has no {} kernel \"{}\"", arch, which),
               "one of " + known + "; or the path of a .deb or an image (isolab vm kernels)"};
}

}  // namespace isolab
