// SPDX-License-Identifier: Apache-2.0
#include "vm/archive.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <istream>
#include <ostream>
#include <sstream>
#include <vector>

#include "base/directory.h"
#include "base/untrusted_file.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[] = "070701";
constexpr char kTrailer[] = "TRAILER!!!";
constexpr std::size_t kHeaderBytes = 110;  // magic and thirteen fields of eight hexadecimal digits
constexpr std::uint64_t kLargestArchived = 0xffffffffU;

std::uint64_t padding(std::uint64_t length) { return (4 - length % 4) % 4; }

Error broken(std::string what) {
  return Error{ErrorKind::parse, "archive of the guest: " + std::move(what)};
}

bool goes_outside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return true;
  for (const auto& part : path)
    if (part == "..") return true;
  return false;
}

}  // namespace

void ArchiveWriter::pad() {
  for (std::uint64_t left = padding(written_); left > 0; --left, ++written_) out_.put('\0');
}

void ArchiveWriter::entry(const std::string& path, unsigned mode, std::string_view content,
                          unsigned major, unsigned minor) {
  const std::string header = fmt::format(
      "{}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", kMagic,
      inode_++, mode, 0, 0, 1, 0, content.size(), 0, 0, major, minor, path.size() + 1, 0);
  out_ << header << path << '\0';
  written_ += header.size() + path.size() + 1;
  pad();
  out_ << content;
  written_ += content.size();
  pad();
}

void ArchiveWriter::parents_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash != std::string::npos) add_directory(path.substr(0, slash));
}

void ArchiveWriter::add_directory(const std::string& path) {
  if (path.empty() || !made_.insert(path).second) return;
  parents_of(path);
  entry(path, S_IFDIR | 0755U, {});
}

void ArchiveWriter::add_file(const std::string& path, unsigned mode, std::string_view content) {
  parents_of(path);
  entry(path, S_IFREG | mode, content);
}

void ArchiveWriter::add_link(const std::string& path, std::string_view target) {
  parents_of(path);
  entry(path, S_IFLNK | 0777U, target);
}

void ArchiveWriter::add_character_device(const std::string& path, unsigned mode, unsigned major,
                                         unsigned minor) {
  parents_of(path);
  entry(path, S_IFCHR | mode, {}, major, minor);
}

Result<void> ArchiveWriter::add_tree(const std::string& path, const fs::path& from) {
  std::error_code error;
  if (fs::is_directory(from, error)) {
    add_directory(path);
    for (const auto& entry : TRY(entries_of(from)))
      TRY(add_tree(path + "/" + entry.filename().string(), entry));
    return {};
  }
  const std::string bytes =
      TRY(read_untrusted(from.string(), {.most = kLargestArchived, .follow = true}));
  const auto rights = fs::status(from, error).permissions();
  add_file(path, error ? 0644U : static_cast<unsigned>(rights) & 0777U, bytes);
  return {};
}

bool ArchiveWriter::finish() {
  entry(kTrailer, 0, {});
  out_.flush();
  return out_.good();
}

Result<void> extract_archive(std::istream& in, const fs::path& directory) {
  std::uint64_t at = 0;
  const auto take = [&](std::uint64_t length) -> Result<std::string> {
    // Grown piece by piece: a damaged length must not allocate 4 GiB before the end is seen.
    std::string bytes;
    constexpr std::uint64_t kPiece = 1U << 20;
    while (bytes.size() < length) {
      const auto begin = bytes.size();
      bytes.resize(begin + std::min(kPiece, length - begin));
      in.read(bytes.data() + begin, static_cast<std::streamsize>(bytes.size() - begin));
      if (static_cast<std::size_t>(in.gcount()) != bytes.size() - begin)
        return broken("it ends in the middle");
    }
    at += length;
    in.ignore(static_cast<std::streamsize>(padding(at)));
    at += padding(at);
    return bytes;
  };
  while (true) {
    std::string header(kHeaderBytes, '\0');
    in.read(header.data(), kHeaderBytes);
    if (static_cast<std::size_t>(in.gcount()) != kHeaderBytes) return broken("it has no end mark");
    at += kHeaderBytes;
    if (!header.starts_with(kMagic)) return broken("an entry does not begin with 070701");
    std::array<std::uint32_t, 13> field;
    for (std::size_t i = 0; i < field.size(); ++i) {
      const std::string digits = header.substr(6 + 8 * i, 8);
      char* end = nullptr;
      field[i] = static_cast<std::uint32_t>(std::strtoul(digits.c_str(), &end, 16));
      if (end != digits.c_str() + 8)
        return broken("\"" + digits + "\" is not a hexadecimal number");
    }
    const std::uint32_t mode = field[1], size = field[6], name_size = field[11];
    if (name_size == 0 || name_size > 4096) return broken("a name of " + std::to_string(name_size));
    std::string name = TRY(take(name_size));
    name.resize(name_size - 1);
    const std::string content = TRY(take(size));
    if (name == kTrailer) return {};
    if (goes_outside(name)) return broken("\"" + name + "\" is outside the directory");
    const fs::path target = directory / name;
    std::error_code error;
    if (S_ISDIR(mode)) {
      fs::create_directories(target, error);
      if (error)
        return Error{ErrorKind::io, "cannot make " + target.string() + ": " + error.message()};
    } else if (S_ISREG(mode)) {
      fs::create_directories(target.parent_path(), error);
      std::ofstream out(target, std::ios::binary);
      out << content;
      out.close();
      if (!out) return Error{ErrorKind::io, "cannot write " + target.string()};
    }
  }
}

}  // namespace isolab
