// SPDX-License-Identifier: Apache-2.0
// The directory of journals and the lock of a run: their owner's alone, through no link, held once.
#include "host/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/journal.h"
#include "host/run_lock.h"
#include "tests/support/guarded_machine.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using StateDirectory = test::GuardedMachine;

TEST_F(StateDirectory, AStateDirectoryOfSomebodyElseIsRefused) {
  const auto state = directory_ / "state";
  ASSERT_TRUE(prepare_state_directory(state));
  ASSERT_TRUE(prepare_state_directory(state));
  namespace fs = std::filesystem;
  fs::permissions(state, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(prepare_state_directory(state).error().kind, ErrorKind::denied);
  fs::remove(state);
  fs::create_directory(directory_ / "elsewhere");
  fs::create_directory_symlink(directory_ / "elsewhere", state);
  EXPECT_THAT(prepare_state_directory(state).error().what, HasSubstr("not a directory"));
  if (::geteuid() != 0) return;
  fs::remove(state);
  fs::create_directory(state);
  ASSERT_EQ(::chown(state.c_str(), 65534, 65534), 0);
  EXPECT_THAT(prepare_state_directory(state).error().what, HasSubstr("another user"));
}

TEST_F(StateDirectory, JournalsFollowNoLinksAndAreForTheirOwnerAlone) {
  const auto path = directory_ / "1-0.journal";
  const auto target = directory_ / "target";
  std::ofstream(target) << "precious";
  std::filesystem::create_symlink(target, path.string() + ".new");
  std::filesystem::create_symlink(target, path);
  ASSERT_TRUE(save_journal(path, {{1, 1}, {}}));
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ostringstream text;
  text << std::ifstream(target).rdbuf();
  EXPECT_EQ(text.str(), "precious");
}

TEST_F(StateDirectory, TheLockIsHeldOnceAndNamesItsHolder) {
  {
    const auto first = RunLock::take(directory_, "profile quick");
    ASSERT_TRUE(first);
    const auto second = RunLock::take(directory_, "profile other");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::busy);
    EXPECT_THAT(second.error().what, HasSubstr(fmt::format("process {} of user {}, profile quick",
                                                           ::getpid(), ::geteuid())));
  }
  EXPECT_TRUE(RunLock::take(directory_, "profile other"));
}

TEST_F(StateDirectory, AnotherUsersLockIsSeenAndAFileOfTheirsUnderOurNameIsNot) {
  const auto theirs = directory_ / "isolab.4711";
  {
    std::ofstream(theirs) << "process 5 of user 4711, profile quick\n";
    const Fd held(::open(theirs.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
    const auto refused = RunLock::take(directory_, "profile other");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::busy);
    EXPECT_THAT(refused.error().what, HasSubstr("process 5 of user 4711, profile quick"));
  }
  ASSERT_TRUE(RunLock::take(directory_, "profile other"));
  const auto ours = directory_ / ("isolab." + std::to_string(::geteuid()));
  std::filesystem::remove(ours);
  std::filesystem::create_symlink(theirs, ours);
  EXPECT_FALSE(RunLock::take(directory_, "profile other"));
  std::filesystem::remove(ours);
  std::filesystem::create_hard_link(theirs, ours);
  EXPECT_EQ(RunLock::take(directory_, "profile other").error().kind, ErrorKind::denied);
  std::ostringstream kept;
  kept << std::ifstream(theirs).rdbuf();
  EXPECT_EQ(kept.str(), "process 5 of user 4711, profile quick\n");
}

// /run/lock is everybody's: what lies there is waited for by nobody, read in part, and shown
// visibly.
TEST_F(StateDirectory, WhatAnotherUserPutsBesideTheLockIsNotBelieved) {
  const auto theirs = directory_ / "isolab.4711";
  std::ofstream(theirs) << "\x1b[2K\r" << std::string(100, 'x') << "\n" << std::string(300, 'y');
  std::filesystem::resize_file(theirs, std::uintmax_t{8} << 30);  // sparse
  {
    const Fd held(::open(theirs.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
    const auto refused = RunLock::take(directory_, "profile other");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr(fmt::format("user {} holds", ::geteuid())));
    EXPECT_THAT(refused.error().what, HasSubstr("\\x1b[2K"));
    EXPECT_EQ(refused.error().what.find_first_of("\x1b\r\n"), std::string::npos);
    EXPECT_LT(refused.error().what.size(), 600u);
  }
  std::filesystem::remove(theirs);
  ASSERT_EQ(::mkfifo(theirs.c_str(), 0666), 0);
  const Fd held(::open(theirs.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(RunLock::take(directory_, "profile other"));
  const auto ours = directory_ / ("isolab." + std::to_string(::geteuid()));
  std::filesystem::remove(ours);
  ASSERT_EQ(::mkfifo(ours.c_str(), 0666), 0);
  EXPECT_EQ(RunLock::take(directory_, "profile other").error().kind, ErrorKind::denied);
}

}  // namespace
}  // namespace isolab
