// SPDX-License-Identifier: Apache-2.0
#include "host/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <optional>

#include "base/output.h"
#include "base/untrusted_file.h"
#include "host/files.h"
#include "host/os.h"
#include "host/state_directory.h"

namespace isolab {
namespace {

constexpr std::string_view kHeader = "isolab-journal 3";
constexpr std::string_view kHeader2 = "isolab-journal 2";
constexpr std::size_t kLargestJournal = std::size_t{4} << 20;
constexpr std::string_view kEmpty = "%";  // a word cannot be empty

std::string escaped(std::string_view text) {
  if (text.empty()) return std::string(kEmpty);
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02x}", byte);
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view word) {
  if (word == kEmpty) return std::string();
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      out += word[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= word.size() ||
        std::from_chars(&word[i + 1], &word[i + 1] + 2, byte, 16).ptr != &word[i + 1] + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) break;
    line.remove_prefix(space + 1);
  }
  return words;
}

template <class Number>
bool read_whole(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

Error bad_line(std::string_view line) {
  return Error{ErrorKind::parse,
               fmt::format("journal: unexpected line \"{}\"", visible_line(line.substr(0, 200)))};
}

/// The words of a line and what they mean; a kind with `original` alone is a kprobe.
struct EntryForm {
  std::string_view word;
  Claim::Kind kind;
  std::size_t words;
};
constexpr EntryForm kForms[] = {{"value", Claim::Kind::value, 6},
                                {"directory", Claim::Kind::directory, 2},
                                {"cgroup", Claim::Kind::cgroup, 2},
                                {"controller", Claim::Kind::controller, 3},
                                {"kprobe", Claim::Kind::kprobe, 3}};

Result<StateGuard::Entry> parse_entry(std::string_view line) {
  const auto words = words_of(line);
  const auto form = std::find_if(std::begin(kForms), std::end(kForms), [&](const auto& one) {
    return !words.empty() && one.word == words[0] && one.words == words.size();
  });
  if (form == std::end(kForms)) return bad_line(line);
  StateGuard::Entry entry;
  entry.claim.kind = form->kind;
  std::string* const fields[] = {&entry.claim.path, &entry.original, &entry.written, &entry.stored};
  for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 5); ++i) {
    auto text = unescaped(words[i]);
    if (!text) return bad_line(line);
    *fields[i - 1] = std::move(*text);
  }
  if (!entry.claim.path.starts_with('/')) return bad_line(line);
  if (form->kind != Claim::Kind::value) return entry;
  if (words[5] != "0" && words[5] != "1") return bad_line(line);
  entry.knob = words[5] == "1";
  return entry;
}

std::uint64_t start_ticks_of(int pid) {
  const auto stat = SystemFiles().read(fmt::format("/proc/{}/stat", pid));
  if (!stat) return 0;
  // The name in parentheses may hold anything; field 3 follows the last parenthesis.
  const auto close = stat->rfind(')');
  if (close == std::string::npos || close + 2 > stat->size()) return 0;
  const auto fields = words_of(std::string_view(*stat).substr(close + 2));
  std::uint64_t ticks = 0;
  if (fields.size() < 20 || !read_whole(fields[19], ticks)) return 0;
  if (fields[0] == "Z" || fields[0] == "X")
    return 0;  // dead, though it has not been waited for yet
  return ticks;
}

std::string this_boot() {
  const auto text = SystemFiles().read("/proc/sys/kernel/random/boot_id");
  return text ? std::string(trimmed(*text)) : std::string();
}

Result<void> sync_directory_of(const Fd& directory, const std::filesystem::path& path) {
  if (::fsync(directory.get()) != 0)
    return errno_error("cannot sync " + path.parent_path().string(), errno);
  return {};
}

}  // namespace

ProcessIdentity own_identity() { return {::getpid(), start_ticks_of(::getpid()), this_boot()}; }

bool of_earlier_boot(const ProcessIdentity& process) {
  const std::string now = this_boot();
  return !process.boot.empty() && !now.empty() && process.boot != now;
}

bool still_running(const ProcessIdentity& process) {
  if (of_earlier_boot(process)) return false;
  const std::uint64_t now = start_ticks_of(process.pid);
  return now != 0 && (process.start_ticks == 0 || now == process.start_ticks);
}

std::string journal_text(const Journal& journal) {
  std::string text = fmt::format("{}\nowner {} {} {}\n", kHeader, journal.owner.pid,
                                 journal.owner.start_ticks, escaped(journal.owner.boot));
  for (const StateGuard::Entry& entry : journal.entries) {
    const std::string path = escaped(entry.claim.path);
    switch (entry.claim.kind) {
      case Claim::Kind::directory: text += fmt::format("directory {}\n", path); break;
      case Claim::Kind::cgroup: text += fmt::format("cgroup {}\n", path); break;
      case Claim::Kind::controller:
        text += fmt::format("controller {} {}\n", path, escaped(entry.original));
        break;
      case Claim::Kind::kprobe:
        text += fmt::format("kprobe {} {}\n", path, escaped(entry.original));
        break;
      case Claim::Kind::value:
        text += fmt::format("value {} {} {} {} {}\n", path, escaped(entry.original),
                            escaped(entry.written), escaped(entry.stored), entry.knob ? 1 : 0);
        break;
    }
    if (!entry.stuck.empty()) text += fmt::format("stuck {}\n", escaped(entry.stuck));
  }
  return text + "end\n";
}

Result<Journal> parse_journal(std::string_view text) {
  Journal journal;
  int number = 0;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    if (newline == std::string_view::npos) break;
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    ++number;
    if (number == 1) {
      if (line != kHeader && line != kHeader2) return bad_line(line);
    } else if (number == 2) {
      const auto words = words_of(line);
      if (words.size() != 4 || words[0] != "owner" || !read_whole(words[1], journal.owner.pid) ||
          !read_whole(words[2], journal.owner.start_ticks))
        return bad_line(line);
      const auto boot = unescaped(words[3]);
      if (!boot) return bad_line(line);
      journal.owner.boot = *boot;
    } else if (line == "end") {
      if (!text.empty()) return bad_line(text);
      return journal;
    } else if (line.starts_with("stuck ")) {
      const auto reason = unescaped(line.substr(6));
      if (!reason || journal.entries.empty()) return bad_line(line);
      journal.entries.back().stuck = *reason;
    } else {
      journal.entries.push_back(TRY(parse_entry(line)));
    }
  }
  return Error{ErrorKind::parse, "journal: it ends before its last line"};
}

Result<void> save_journal(const std::filesystem::path& path, const Journal& journal) {
  const Fd directory = TRY(prepare_state_directory(path.parent_path()));
  const std::string name = path.filename().string(), beside = name + ".new";
  const std::string text = journal_text(journal);
  // Of a process that was killed while it wrote; the rest is O_EXCL.
  ::unlinkat(directory.get(), beside.c_str(), 0);
  {
    const Fd fd(::openat(directory.get(), beside.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return errno_error("cannot write journal " + path.string() + ".new", errno);
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t done = ::write(fd.get(), rest.data(), rest.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno_error("cannot write journal " + path.string() + ".new", errno);
      rest.remove_prefix(static_cast<std::size_t>(done));
    }
    if (::fsync(fd.get()) != 0)
      return errno_error("cannot sync journal " + path.string() + ".new", errno);
  }
  if (::renameat(directory.get(), beside.c_str(), directory.get(), name.c_str()) != 0)
    return errno_error("cannot put journal " + path.string() + " in place", errno);
  return sync_directory_of(directory, path);
}

Result<void> remove_journal(const std::filesystem::path& path) {
  const auto directory = open_state_directory(path.parent_path());
  if (!directory)
    return directory.error().kind == ErrorKind::unsupported ? Result<void>{} : directory.error();
  if (::unlinkat(directory->get(), path.filename().c_str(), 0) != 0)
    return errno == ENOENT ? Result<void>{}
                           : errno_error("cannot remove journal " + path.string(), errno);
  return sync_directory_of(*directory, path);
}

Result<Journal> load_journal(const std::filesystem::path& path) {
  const Fd directory = TRY(open_state_directory(path.parent_path()));
  const std::string text = TRY(read_untrusted(path.filename().string(),
                                              {.most = kLargestJournal,
                                               .owner = ::geteuid(),
                                               .others_may_write = false,
                                               .directory = directory.get()},
                                              path.string()));
  auto journal = parse_journal(text);
  if (!journal) journal.error().what = path.string() + ": " + journal.error().what;
  return journal;
}

}  // namespace isolab
