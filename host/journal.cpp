// SPDX-License-Identifier: Apache-2.0
#include "host/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

#include "host/files.h"
#include "host/os.h"

namespace isolab {
namespace {

constexpr std::string_view kHeader = "isolab-journal 1";
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
  return Error{ErrorKind::parse, fmt::format("journal: unexpected line \"{}\"", line)};
}

Result<StateGuard::Entry> parse_entry(std::string_view line) {
  const auto words = words_of(line);
  StateGuard::Entry entry;
  const bool directory = words.size() == 2 && words[0] == "directory";
  const bool value =
      words.size() == 6 && words[0] == "value" && (words[5] == "0" || words[5] == "1");
  if (!directory && !value) return bad_line(line);
  entry.claim.kind = directory ? Claim::Kind::directory : Claim::Kind::value;
  const auto path = unescaped(words[1]);
  if (!path || !path->starts_with('/')) return bad_line(line);
  entry.claim.path = *path;
  if (directory) return entry;
  const auto original = unescaped(words[2]), written = unescaped(words[3]),
             stored = unescaped(words[4]);
  if (!original || !written || !stored) return bad_line(line);
  entry.original = *original;
  entry.written = *written;
  entry.stored = *stored;
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
  return ticks;
}

}  // namespace

ProcessIdentity own_identity() { return {::getpid(), start_ticks_of(::getpid())}; }

bool still_running(const ProcessIdentity& process) {
  const std::uint64_t now = start_ticks_of(process.pid);
  return now != 0 && (process.start_ticks == 0 || now == process.start_ticks);
}

std::string journal_text(const Journal& journal) {
  std::string text =
      fmt::format("{}\nowner {} {}\n", kHeader, journal.owner.pid, journal.owner.start_ticks);
  for (const StateGuard::Entry& entry : journal.entries) {
    if (entry.claim.kind == Claim::Kind::directory) {
      text += fmt::format("directory {}\n", escaped(entry.claim.path));
    } else {
      text +=
          fmt::format("value {} {} {} {} {}\n", escaped(entry.claim.path), escaped(entry.original),
                      escaped(entry.written), escaped(entry.stored), entry.knob ? 1 : 0);
    }
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
      if (line != kHeader) return bad_line(line);
    } else if (number == 2) {
      const auto words = words_of(line);
      if (words.size() != 3 || words[0] != "owner" || !read_whole(words[1], journal.owner.pid) ||
          !read_whole(words[2], journal.owner.start_ticks))
        return bad_line(line);
    } else if (line == "end") {
      if (!text.empty()) return bad_line(text);
      return journal;
    } else {
      journal.entries.push_back(TRY(parse_entry(line)));
    }
  }
  return Error{ErrorKind::parse, "journal: it ends before its last line"};
}

Result<void> save_journal(const std::filesystem::path& path, const Journal& journal) {
  std::error_code error;
  if (std::filesystem::create_directories(path.parent_path(), error))
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, error);
  if (error)
    return errno_error("cannot make directory " + path.parent_path().string(), error.value());

  const std::string beside = path.string() + ".new";
  const std::string text = journal_text(journal);
  {
    const Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return errno_error("cannot write journal " + beside, errno);
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t done = ::write(fd.get(), rest.data(), rest.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno_error("cannot write journal " + beside, errno);
      rest.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0)
    return errno_error("cannot put journal " + path.string() + " in place", errno);
  return {};
}

Result<Journal> load_journal(const std::filesystem::path& path) {
  auto journal = parse_journal(TRY(SystemFiles().read(path.string())));
  if (!journal) journal.error().what = path.string() + ": " + journal.error().what;
  return journal;
}

}  // namespace isolab
