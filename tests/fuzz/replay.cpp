// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over files, without libFuzzer: seeds and every input that once crashed it.
// Links with one *_fuzz.cpp. Arguments: files and directories; each file also counts cut short and
// behind another first byte, so that each seed is a damaged one too.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

int replayed = 0;

void replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::printf("%s\n", file.c_str());  // the last line names the culprit
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(data, bytes.size());
  // Some targets choose a format by the first byte: let every seed meet every choice.
  std::vector<std::uint8_t> moved(bytes.size() + 1);
  for (std::size_t i = 0; i < bytes.size(); ++i) moved[i + 1] = data[i];
  for (std::uint8_t first = 0; first < 8; ++first) {
    moved[0] = first;
    LLVMFuzzerTestOneInput(moved.data(), moved.size());
  }
  for (std::size_t part = 1; part < 8; ++part)
    LLVMFuzzerTestOneInput(data, bytes.size() * part / 8);
  ++replayed;
}

}  // namespace

int main(int count, char** arguments) {
  namespace fs = std::filesystem;
  for (int i = 1; i < count; ++i) {
    const fs::path place = arguments[i];
    if (fs::is_regular_file(place)) replay(place);
    if (!fs::is_directory(place)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(place))
      if (entry.is_regular_file()) replay(entry.path());
  }
  std::printf("%d files replayed\n", replayed);
  return replayed > 0 ? 0 : 1;
}
