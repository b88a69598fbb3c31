// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a journal that somebody left, from the file to what restoring it does to a machine
// made of text: only what the journal names may change, and no process is touched.

#include <algorithm>
#include <map>

#include "host/journal.h"
#include "host/restore.h"
#include "tests/fuzz/scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  static const fuzz::Scratch scratch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  scratch.put("999999-0.journal", text);
  const auto parsed = parse_journal(text);
  // Each entry that does not come back as written is waited for, some 25 ms.
  if (parsed && parsed->entries.size() > 3) return 0;
  const std::map<std::string, std::string> before{{"/proc/sys/vm/stat_interval", "2\n"},
                                                  {"/sys/kernel/mm/x", "[always] madvise never\n"},
                                                  {"/sys/kernel/tracing/instances/isolab-1/", ""},
                                                  {"/sys/kernel/tracing/kprobe_events", ""}};
  MemoryFiles files(before);
  const auto stale = stale_journals(scratch.path());
  fuzz::demand(stale.has_value());
  for (const auto& journal : *stale) {
    (void)restore_script(files, journal);
    for (const auto& problem : restore_journal(files, journal)) fuzz::demand(!problem.what.empty());
  }
  for (const auto& file : before) {
    const std::string& path = file.first;
    const auto named = [&](const StateGuard::Entry& entry) {
      return (path + '/').starts_with(entry.claim.path + '/');
    };
    const auto now = files.contents().find(path);
    const bool changed = now == files.contents().end() || now->second != file.second;
    fuzz::demand(!changed ||
                 (parsed && std::any_of(parsed->entries.begin(), parsed->entries.end(), named)));
  }
  return 0;
}
