// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the lock file of another user, who holds it and wrote what he liked.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/run_lock.h"
#include "tests/fuzz/scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isolab;
  static const fuzz::Scratch scratch;
  const auto others = scratch.put("isolab.99999", {reinterpret_cast<const char*>(data), size});
  const Fd held(::open(others.c_str(), O_RDONLY | O_CLOEXEC));
  fuzz::demand(held && ::flock(held.get(), LOCK_EX | LOCK_NB) == 0);
  const auto lock = RunLock::take(scratch.path(), "fuzz");
  fuzz::demand(!lock && lock.error().kind == ErrorKind::busy);
  return 0;
}
