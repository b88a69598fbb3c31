// SPDX-License-Identifier: Apache-2.0
#include "vm/elf.h"

#include <elf.h>

#include <cstring>
#include <optional>

#include "base/untrusted_file.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestElf = std::size_t{1} << 30;  // of a program or library

/// A structure at `offset` of the file; nothing when the file is too short.
template <class T>
std::optional<T> at(const std::string& bytes, std::uint64_t offset) {
  T value;
  if (offset > bytes.size() || bytes.size() - offset < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string text_at(const std::string& bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const auto end = bytes.find('\0', offset);
  return end == std::string::npos ? std::string{} : bytes.substr(offset, end - offset);
}

std::string arch_of(const Elf64_Ehdr& header) {
  if (header.e_machine == EM_X86_64) return "x86_64";
  return header.e_machine == EM_AARCH64 ? "arm64" : "";
}

/// Places of libraries below a root, in the order of Debian's /etc/ld.so.conf.
std::vector<std::string> places(const std::string& arch) {
  const std::string triplet = arch == "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return {"/lib/" + triplet, "/usr/lib/" + triplet, "/lib", "/usr/lib", "/usr/" + triplet + "/lib"};
}

std::optional<fs::path> find_library(const std::string& name, const std::string& arch,
                                     const std::vector<fs::path>& roots) {
  std::vector<fs::path> all = roots;
  all.emplace_back("");
  for (const auto& root : all)
    for (const auto& place : places(arch)) {
      const fs::path candidate = root.string() + place + "/" + name;
      std::error_code error;
      if (!fs::is_regular_file(candidate, error)) continue;
      const auto elf = read_elf(candidate);
      if (elf && elf->arch == arch) return candidate;
    }
  return std::nullopt;
}

}  // namespace

Result<ElfNeeds> read_elf(const fs::path& path) {
  const std::string bytes =
      TRY(read_untrusted(path.string(), {.most = kLargestElf, .follow = true}));
  const Error not_elf{ErrorKind::parse, path.string() + " is not a program for x86-64 or arm64"};
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_phentsize != sizeof(Elf64_Phdr))
    return not_elf;
  ElfNeeds needs;
  needs.arch = arch_of(*header);
  if (needs.arch.empty()) return not_elf;

  std::vector<Elf64_Phdr> segments;
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    const auto segment = at<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return not_elf;
    segments.push_back(*segment);
  }
  const auto file_offset = [&](std::uint64_t address) -> std::uint64_t {
    for (const auto& segment : segments)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address < segment.p_vaddr + segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    return bytes.size();
  };
  for (const auto& segment : segments) {
    if (segment.p_type == PT_INTERP) needs.interpreter = text_at(bytes, segment.p_offset);
    if (segment.p_type != PT_DYNAMIC) continue;
    std::uint64_t strings = 0;
    std::vector<std::uint64_t> names;
    for (std::uint64_t i = 0; i < segment.p_filesz / sizeof(Elf64_Dyn); ++i) {
      const auto entry = at<Elf64_Dyn>(bytes, segment.p_offset + i * sizeof(Elf64_Dyn));
      if (!entry || entry->d_tag == DT_NULL) break;
      if (entry->d_tag == DT_STRTAB) strings = file_offset(entry->d_un.d_ptr);
      if (entry->d_tag == DT_NEEDED) names.push_back(entry->d_un.d_val);
    }
    for (const auto name : names) needs.libraries.push_back(text_at(bytes, strings + name));
  }
  return needs;
}

Result<std::map<std::string, fs::path>> libraries_of(const fs::path& program,
                                                     const std::vector<fs::path>& roots) {
  std::map<std::string, fs::path> found;
  const ElfNeeds first = TRY(read_elf(program));
  const std::string place = places(first.arch).front();
  std::vector<std::string> wanted = first.libraries;
  // glibc loads libgcc_s by name when a thread is cancelled (cyclictest does).
  if (!first.interpreter.empty()) wanted.push_back("libgcc_s.so.1");
  while (!wanted.empty()) {
    const std::string name = wanted.back();
    wanted.pop_back();
    const std::string target = place + "/" + name;
    if (found.contains(target)) continue;
    const auto file = find_library(name, first.arch, roots);
    if (!file)
      return Error{
          ErrorKind::unsupported,
          "no " + first.arch + " library " + name + ", which " + program.string() +
              " needs, is installed here",
          first.arch == "arm64" ? "scripts/build_arm64.sh installs what isolab needs" : ""};
    found[target] = *file;
    const ElfNeeds more = TRY(read_elf(*file));
    wanted.insert(wanted.end(), more.libraries.begin(), more.libraries.end());
  }
  if (!first.interpreter.empty()) {
    const fs::path loader = fs::path(first.interpreter).filename();
    const auto file = find_library(loader.string(), first.arch, roots);
    if (!file)
      return Error{ErrorKind::unsupported, "no " + first.arch + " loader " + loader.string(),
                   "install libc6 of that architecture"};
    found[first.interpreter] = *file;
  }
  return found;
}

}  // namespace isolab
