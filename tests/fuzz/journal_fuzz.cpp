// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the state guard's journal. What is accepted is restored on a machine made of text,
// which must end, and printing it must give the journal back.
#include "host/journal.h"

#include "host/restore.h"
#include "tests/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  const auto journal = parse_journal({reinterpret_cast<const char*>(data), size});
  if (!journal) return 0;
  const std::string text = journal_text(*journal);
  const auto again = parse_journal(text);
  fuzz::demand(again && journal_text(*again) == text);
  MemoryFiles files({{"/a", "2\n"}, {"/b", "[always] madvise never\n"}, {"/t/me/", ""}});
  for (const auto& entry : journal->entries) {
    fuzz::demand(entry.claim.path.starts_with('/'));
    const std::string line = undo_as_shell(files, entry);
    fuzz::demand(!line.starts_with('#') || line.find('\n') == std::string::npos);
    fuzz::demand(line.find('\x1b') == std::string::npos);
    if (!check_claim(files, entry.claim, entry.original)) continue;
    const std::string& path = entry.claim.path;
    fuzz::demand(path.starts_with("/proc/sys/") || path.starts_with("/proc/irq/") ||
                 path.starts_with("/sys/"));
    fuzz::demand(path.find("/../") == std::string::npos && !path.ends_with("/.."));
  }
  return 0;
}
