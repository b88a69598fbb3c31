// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/kernel_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/digest.h"
#include "base/untrusted_file.h"
#include "host/cache_directory.h"
#include "host/process.h"
#include "workloads/support/programs.h"

namespace isolab {
namespace fs = std::filesystem;
namespace {

/// Only what compiles. Other targets of the makefiles install files, clean trees or run programs;
/// tools/ and Documentation/ have their own makefiles, which take the rest of the word as a
/// target.
bool is_target(const std::string& word) {
  if (word == "vmlinux") return true;
  static const std::regex form("([A-Za-z0-9_][A-Za-z0-9_.-]*/)+([A-Za-z0-9_][A-Za-z0-9_.-]*[.]o)?");
  return std::regex_match(word, form) && !word.starts_with("tools/") &&
         !word.starts_with("Documentation/");
}

constexpr const char* kStamp = ".isolab_stamp";
constexpr Nanos kShortCommand = std::chrono::seconds(60);

constexpr std::size_t kLargest = std::size_t{1} << 30;  // a tarball, to be hashed

/// Empty where it cannot be read.
std::string read_text(const fs::path& file, std::size_t most = std::size_t{1} << 20) {
  return read_untrusted(file.string(), {.most = most, .follow = true}).value_or(std::string());
}

Result<void> write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return errno_error("cannot write " + file.string(), errno);
  return {};
}

Result<void> make_dirs(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return errno_error("cannot make " + directory.string(), error.value());
  return {};
}

/// Name and version of the package a file belongs to; the path where dpkg does not know it.
std::string origin_of(const fs::path& tarball) {
  const auto owner = run_for_output({"dpkg-query", "-S", tarball.string()}, kShortCommand);
  if (!owner) return tarball.string();
  const std::string package = owner->substr(0, owner->find(':'));
  const auto version =
      run_for_output({"dpkg-query", "-W", "-f", "${Package} ${Version}", package}, kShortCommand);
  return version ? *version : tarball.string();
}

/// Its Makefiles are about to be run.
Result<KernelSource> cached_source(const fs::path& directory, const std::string& key) {
  for (const auto& place : {directory, directory / "tree", directory / "tree" / "Makefile"})
    TRY(check_cached(place));
  KernelSource source;
  source.tree = directory / "tree";
  source.key = key;
  source.origin = read_text(directory / "package");
  source.sha256 = read_text(directory / "sha256");
  const auto version = kernel_version(read_text(source.tree / "Makefile"));
  source.version = version ? *version : "unknown";
  return source;
}

Result<void> unpack(const fs::path& tarball, const fs::path& directory, const fs::path& log,
                    const StopFlag& stop) {
  const fs::path temporary = directory.string() + ".unpacking";
  std::error_code ignored;
  fs::remove_all(temporary, ignored);  // of a run that was killed; the lock shows that it is unused
  TRY(make_dirs(temporary / "tree"));
  CommandSpec tar;
  tar.argv = {"tar",
              "-xf",
              tarball.string(),
              "-C",
              (temporary / "tree").string(),
              "--strip-components=1",
              "--no-same-owner",
              "--no-same-permissions"};
  tar.output = log.string();
  auto done = run_and_succeed(tar, stop);
  if (done) {
    TRY(kernel_version(read_text(temporary / "tree" / "Makefile")));
    TRY(write_text(temporary / "sha256", sha256_hex(read_text(tarball, kLargest))));
    TRY(write_text(temporary / "package", origin_of(tarball)));
    if (::rename(temporary.c_str(), directory.c_str()) != 0)
      return errno_error("cannot rename " + temporary.string(), errno);
    return {};
  }
  fs::remove_all(temporary, ignored);
  return done;
}

bool is_object(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.starts_with('.')) return name.ends_with(".o.cmd") || name.ends_with(".a.cmd");
  return name.ends_with(".o") || name.ends_with(".a");
}

}  // namespace

Result<std::string> tarball_key(const fs::path& tarball) {
  struct stat facts = {};
  if (stat(tarball.c_str(), &facts) != 0)
    return errno_error("cannot read " + tarball.string(), errno);
  std::string name = tarball.filename().string();
  name.resize(std::min(name.size(), name.find(".tar")));
  return fmt::format("{}-{}-{}", name, facts.st_size, facts.st_mtime);
}

Result<KernelSource> unpacked_source(const fs::path& tarball, const fs::path& cache,
                                     const fs::path& log, const StopFlag& stop) {
  const std::string key = TRY(tarball_key(tarball));
  const fs::path directory = cache / "source" / key;
  std::error_code ignored;
  TRY(prepare_cache(cache));
  TRY(prepare_cache(cache / "source"));
  if (fs::exists(directory, ignored)) return cached_source(directory, key);
  while (!stop.requested()) {
    const auto lock = lock_directory(cache / "source");
    if (!lock && lock.error().kind != ErrorKind::busy) return lock.error();
    if (!lock) {
      sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    if (!fs::exists(directory, ignored)) TRY(unpack(tarball, directory, log, stop));
    return cached_source(directory, key);
  }
  return Error{ErrorKind::interrupted, "stopped while unpacking the kernel source"};
}

Result<KernelSource> given_source(const fs::path& tree) {
  std::error_code ignored;
  const fs::path absolute = fs::weakly_canonical(tree, ignored);
  KernelSource source;
  source.tree = absolute;
  auto version = kernel_version(read_text(absolute / "Makefile"));
  if (!version)
    return Error{ErrorKind::usage, fmt::format("{} is not a kernel source tree", tree.string()),
                 version.error().what};
  source.version = *version;
  if (fs::exists(absolute / ".config", ignored) || fs::exists(absolute / "include/config", ignored))
    return Error{
        ErrorKind::usage,
        fmt::format("{} was configured in place, so it cannot be built elsewhere", tree.string()),
        "make mrproper there, or name a clean tree"};
  source.key = absolute.string();
  std::replace(source.key.begin(), source.key.end(), '/', '_');
  source.origin = absolute.string();
  if (fs::exists(absolute / ".git", ignored)) {
    const auto commit =
        run_for_output({"git", "-C", absolute.string(), "rev-parse", "HEAD"}, kShortCommand);
    if (commit) source.sha256 = "git " + commit->substr(0, commit->find('\n'));
  }
  return source;
}

Result<std::string> kernel_version(std::string_view makefile) {
  std::array<std::string, 3> parts;
  constexpr std::array<std::string_view, 3> kNames{"VERSION = ", "PATCHLEVEL = ", "SUBLEVEL = "};
  std::istringstream lines{std::string(makefile.substr(0, 1000))};
  for (std::string line; std::getline(lines, line);)
    for (std::size_t i = 0; i < kNames.size(); ++i)
      if (parts[i].empty() && line.starts_with(kNames[i])) parts[i] = line.substr(kNames[i].size());
  if (parts[0].empty() || parts[1].empty() || parts[2].empty())
    return Error{ErrorKind::parse,
                 "its Makefile does not begin with VERSION, PATCHLEVEL and SUBLEVEL"};
  return fmt::format("{}.{}.{}", parts[0], parts[1], parts[2]);
}

Result<Fd> lock_directory(const fs::path& directory) {
  TRY(prepare_cache(directory));
  Fd lock(open((directory / ".lock").c_str(),
               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!lock) return errno_error("cannot open " + (directory / ".lock").string(), errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK)
    return Error{ErrorKind::busy, fmt::format("another run is using {}", directory.string())};
  return errno_error("cannot lock " + directory.string(), errno);
}

std::string config_sha256(const fs::path& build) {
  return sha256_hex(read_text(build / ".config"));
}

bool stamp_matches(const fs::path& build, const std::string& text) {
  return read_text(build / kStamp) == text;
}

Result<void> write_stamp(const fs::path& build, const std::string& text) {
  const fs::path temporary = build / (std::string(kStamp) + ".new");
  TRY(write_text(temporary, text));
  if (::rename(temporary.c_str(), (build / kStamp).c_str()) != 0)
    return errno_error("cannot rename " + temporary.string(), errno);
  return {};
}

std::uint64_t MakeOutput::feed(std::string_view piece) {
  std::uint64_t units = 0;
  rest_ += piece;
  std::size_t from = 0;
  for (std::size_t end; (end = rest_.find('\n', from)) != std::string::npos; from = end + 1)
    if (std::string_view(rest_).substr(from, end - from).starts_with("  CC ")) ++units;
  rest_.erase(0, from);
  return units;
}

Result<std::vector<std::string>> split_targets(const std::string& targets) {
  std::vector<std::string> words;
  std::istringstream in(targets);
  for (std::string word; in >> word;) {
    if (!is_target(word))
      return Error{ErrorKind::usage,
                   fmt::format("target: '{}' is neither vmlinux, nor a directory of the kernel "
                               "tree, nor an object file in one",
                               word),
                   "such as lib/, kernel/ mm/, lib/sort.o or vmlinux"};
    words.push_back(word);
  }
  if (words.empty())
    return Error{ErrorKind::usage, "target: there is nothing to build", "such as lib/"};
  return words;
}

std::size_t delete_objects(const fs::path& build, const std::string& target) {
  std::error_code error;
  if (target.ends_with(".o")) {
    const fs::path object = build / target;
    const fs::path command = object.parent_path() / ("." + object.filename().string() + ".cmd");
    return std::size_t{fs::remove(object, error)} + std::size_t{fs::remove(command, error)};
  }
  const bool folder = target.ends_with('/');
  std::vector<fs::path> objects;
  for (fs::recursive_directory_iterator at(folder ? build / target : build, error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!folder && at->is_directory(error) && (name == "scripts" || name == "tools"))
      at.disable_recursion_pending();
    else if (at->is_regular_file(error) && !at->is_symlink(error) && is_object(at->path()))
      objects.push_back(at->path());
  }
  std::size_t deleted = 0;
  for (const auto& object : objects) deleted += std::size_t{fs::remove(object, error)};
  return deleted;
}

}  // namespace isolab
