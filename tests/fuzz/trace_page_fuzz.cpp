// SPDX-License-Identifier: Apache-2.0
// Fuzz target: trace pages. The first byte chooses between layouts of pages, format text and the
// lists of symbols and tasks beside them.
#include <cstdint>
#include <string_view>

#include "tests/fuzz/trace_bytes.h"

namespace {

constexpr std::string_view kFormat =
    "name: kernel_stack\nID: 4\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
    "\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
    "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n"
    "\tfield:__data_loc char[] a;\toffset:12;\tsize:4;\tsigned:0;\n"
    "\tfield:__rel_loc char[] b;\toffset:12;\tsize:4;\tsigned:0;\n";

isolab::TraceFormats formats(std::uint32_t data_bytes) {
  isolab::TraceFormats formats;
  (void)formats.add(*isolab::EventFormat::parse("ftrace", kFormat));
  formats.layout.data_bytes = data_bytes;
  return formats;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Small pages too, so that short inputs hold several.
  static const isolab::TraceFormats layouts[] = {formats(4080), formats(112), formats(65520)};
  if (size == 0) return 0;
  const auto choice = data[0] % 5;
  const auto* rest = reinterpret_cast<const std::byte*>(data + 1);
  if (choice == 4)
    isolab::fuzz::read_names({reinterpret_cast<const char*>(data + 1), size - 1});
  else if (choice == 3)
    isolab::fuzz::read_format({reinterpret_cast<const char*>(data + 1), size - 1});
  else
    isolab::fuzz::read_pages(layouts[choice], std::vector<std::byte>(rest, rest + size - 1));
  return 0;
}
