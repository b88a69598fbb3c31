// SPDX-License-Identifier: Apache-2.0
// The preloaded heap in real processes: what programs may ask of malloc and mmap holds on every
// kind of memory, pages are counted, and gcc makes the same object with it as without.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/process.h"
#include "tests/support/temporary_directory.h"
#include "workloads/support/compiler_heap.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

using test::text_of;

Exit run(const CommandSpec& spec) {
  auto child = Child::spawn(spec);
  EXPECT_TRUE(child) << child.error().text();
  return child->wait_for(std::chrono::seconds(60)).value_or(Exit{-1});
}

class CompilerHeapTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const auto can = CompilerHeap::check(GetParam()); !can) GTEST_SKIP() << can.error().text();
    if (!find_program("gcc")) GTEST_SKIP() << "gcc is not installed";
    ASSERT_TRUE(CompilerHeap::write_compiler(directory_ / "cc"));
  }

  Exit compile(const std::vector<std::string>& arguments, const CompilerHeap* heap) {
    CommandSpec spec{.argv = {(directory_ / "cc").string()}};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    if (heap != nullptr) spec.environment[CompilerHeap::kWrapperVariable] = heap->wrapper();
    spec.output = (directory_ / "log").string();
    return run(spec);
  }

  test::TemporaryDirectory directory_;
};

TEST_P(CompilerHeapTest, CompilesTheSameObjectAndCountsItsPages) {
  std::ofstream(directory_ / "a.c") << "int twice(int a) { return 2 * a; }\n";
  auto heap = CompilerHeap::create(GetParam());
  ASSERT_TRUE(heap) << heap.error().text();
  const std::string source = (directory_ / "a.c").string();
  const std::string object = (directory_ / "a.o").string();
  ASSERT_TRUE(compile({"-O2", "-c", source, "-o", object}, nullptr).ok());
  const std::string without = text_of(object);
  EXPECT_EQ(heap->counts().processes, 0u);
  ASSERT_TRUE(compile({"-O2", "-c", source, "-o", object}, &*heap).ok())
      << text_of(directory_ / "log");
  EXPECT_EQ(text_of(object), without);
  const HeapCounts counts = heap->counts();
  EXPECT_EQ(counts.processes, 2u);  // cc1 and as
  EXPECT_GT(counts.pages, 200u);    // cc1 takes about 3 MiB for nothing
  EXPECT_LT(counts.pages, 20000u);
  EXPECT_EQ(counts.fallbacks, 0u);
  EXPECT_EQ(counts.forks, 0u);
}

/// What a program may ask of malloc, mmap and madvise; the exit code says what was not kept.
constexpr const char* kProgram = R"(
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
enum { N = 100 };
static unsigned char* block[N];
static size_t size[N];
static unsigned char fill[N];
int main(void) {
  srand(1);
  for (int k = 0; k < 4000; k++) {
    int i = rand() % N, how = rand() % 5;
    size_t s = rand() % 20 == 0 ? rand() % 600000 : rand() % 5000;
    for (size_t j = 0; j < size[i]; j += 97) if (block[i][j] != fill[i]) return 1;
    unsigned char* old = block[i];
    if (how == 0) { free(old); block[i] = 0; size[i] = 0; continue; }
    if (how == 1 && old) {
      size_t kept = size[i] < s ? size[i] : s;
      block[i] = realloc(old, s + 1);
      for (size_t j = 0; j < kept; j += 97) if (block[i][j] != fill[i]) return 2;
    } else {
      free(old);
      if (how == 2) {
        block[i] = calloc(1, s);
        for (size_t j = 0; j < s; j++) if (block[i][j]) return 3;
      } else if (how == 3) {
        size_t align = (size_t)16 << rand() % 9;
        if (posix_memalign((void**)&block[i], align, s)) return 4;
        if ((uintptr_t)block[i] % align) return 5;
      } else {
        block[i] = malloc(s);
        if ((uintptr_t)block[i] % 16) return 6;
      }
    }
    if (malloc_usable_size(block[i]) < s) return 7;
    size[i] = s; fill[i] = (unsigned char)rand();
    memset(block[i], fill[i], s);
  }
  if (malloc((size_t)-64) || calloc((size_t)-1, 16)) return 8;
  enum { M = 1 << 20, P = 65536 };
  char* m = mmap(0, M, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(m, 7, M);
  madvise(m + P, 2 * P, MADV_DONTNEED);  /* private anonymous memory reads as zero after it */
  if (m[P - 1] != 7 || m[P] || m[3 * P - 1] || m[3 * P] != 7) return 9;
  munmap(m + P, P);
  munmap(m, M);
  return 0;
}
)";

TEST_P(CompilerHeapTest, KeepsThePromisesOfMallocAndMmap) {
  std::ofstream(directory_ / "promises.c") << kProgram;
  const std::string program = (directory_ / "promises").string();
  ASSERT_TRUE(
      compile({"-O1", "-fno-builtin", (directory_ / "promises.c").string(), "-o", program}, nullptr)
          .ok())
      << text_of(directory_ / "log");
  auto heap = CompilerHeap::create(GetParam());
  ASSERT_TRUE(heap) << heap.error().text();
  // The words of "env,A=1,B=2" are a command line of env.
  CommandSpec spec;
  std::string words = heap->wrapper();
  for (std::size_t comma; (comma = words.find(',')) != std::string::npos; words.erase(0, comma + 1))
    spec.argv.push_back(words.substr(0, comma));
  spec.argv.insert(spec.argv.end(), {words, program});
  const Exit exit = run(spec);
  EXPECT_TRUE(exit.ok()) << exit.text() << ": see the return values in the program above";
  EXPECT_EQ(heap->counts().processes, 1u);
  EXPECT_EQ(heap->counts().fallbacks, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CompilerHeapTest, ::testing::Values("plain", "memfd", "secret"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace isolab
