// SPDX-License-Identifier: Apache-2.0
// Runs that end in every way there is. The knob is a file of ours, the guard and its journal are
// the real ones; each front is a process of its own, so that it can be killed.
#include "runner/supervise.h"
#include "host/descendants.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <new>
#include <optional>
#include <vector>

#include "base/exit_code.h"
#include "host/guard.h"
#include "host/journal.h"
#include "host/os.h"
#include "host/process.h"
#include "host/restore.h"
#include "host/run_lock.h"
#include "runner/complain.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kNotWhole = 64;  // added to the exit code of a front whose body was cut short
constexpr int not_whole(ExitCode code) { return static_cast<int>(code) + kNotWhole; }

class Supervised : public testing::Test {
 protected:
  Supervised() {
    knob_ = (directory_ / "knob").string();
    allow_claims_below(directory_.string());
    std::ofstream(knob_) << "1\n";
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // whatever escapes is found below us
  }

  Supervision how(Nanos limit = seconds(60)) const {
    return {
        .what = "profile test", .cpus = {}, .first_limit = limit, .state = directory_ / "state"};
  }

  /// Sets the knob through a guard, starts a family that nobody waits for, says so, then does
  /// `then`.
  std::function<ExitCode(Lifeline)> body(std::function<ExitCode()> then) const {
    return [this, then = std::move(then)](Lifeline) {
      StateGuard guard(files_, how().state);
      if (!guard.set(knob_, "2")) return ExitCode{70};
      // The second leaves the process group and the session, as a daemon does.
      auto family =
          Child::spawn({.argv = {"sh", "-c", "sleep 500 & setsid sleep 501 & exec sleep 502"}});
      if (!family) return ExitCode{71};
      std::ofstream(directory_ / "changed") << "yes";
      return then();
    };
  }

  /// What its stderr is: "" as ours.
  static void take_away_stderr(const std::string& kind) {
    if (kind == "full") ::dup2(::open("/dev/full", O_WRONLY), STDERR_FILENO);
    if (kind != "no reader" && kind != "nobody reads") return;
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK) != 0) ::_exit(99);
    if (kind == "no reader") ::close(ends[0]);
    while (::write(ends[1], "x", 1) > 0) {
    }
    ::fcntl(ends[1], F_SETFL, 0);
    ::dup2(ends[1], STDERR_FILENO);
  }

  Child front(const std::function<ExitCode(Lifeline)>& body, Nanos limit = seconds(60),
              const std::string& output = {}) const {
    auto child = Child::fork_into("front", {}, [&] {
      take_away_stderr(output);
      const auto end = supervise(how(limit), body);
      if (!end) return static_cast<int>(complain(end.error()));
      return static_cast<int>(end->code) + (end->whole ? 0 : kNotWhole);
    });
    EXPECT_TRUE(child);
    return std::move(*child);
  }

  void wait_until_changed() const {
    for (int i = 0; i < 1000 && !std::filesystem::exists(directory_ / "changed"); ++i)
      sleep_for(milliseconds(5));
    ASSERT_TRUE(std::filesystem::exists(directory_ / "changed"));
  }

  pid_t descendant(pid_t of, const std::string& name) const {
    for (const pid_t pid : descendants_of(files_, of))
      if (files_.read(fmt::format("/proc/{}/comm", pid)).value_or("") == name + "\n") return pid;
    return 0;
  }

  std::string knob() const { return std::string(trimmed(*files_.read(knob_))); }
  std::vector<std::filesystem::path> journals() const { return *stale_journals(how().state); }

  /// Sleepers of body() anywhere, ours or of whoever they were left to.
  std::vector<pid_t> sleepers() const {
    std::vector<pid_t> found;
    for (const pid_t pid : descendants_of(files_, ::getpid())) {
      const auto line = files_.read(fmt::format("/proc/{}/cmdline", pid)).value_or("");
      if (line.starts_with("sleep") && line.find("50") != std::string::npos) found.push_back(pid);
    }
    return found;
  }

  void expect_as_found() const {
    for (int i = 0; i < 400 && (knob() != "1" || !journals().empty() || !sleepers().empty()); ++i)
      sleep_for(milliseconds(25));
    // Who put things back may still be about to end.
    for (int i = 0; i < 400 && !RunLock::take(how().state, "test"); ++i)
      sleep_for(milliseconds(25));
    EXPECT_EQ(knob(), "1");
    EXPECT_TRUE(journals().empty());
    EXPECT_TRUE(sleepers().empty());
  }

  mutable SystemFiles files_;
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
  std::string knob_;
};

ExitCode sleep_on() {
  sleep_for(seconds(120));
  return ExitCode::done;
}

TEST_F(Supervised, AnEndByItselfHandsOverItsCode) {
  auto child = front(body([] { return ExitCode::disturbed; }));
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text(), "exit code 5");
  expect_as_found();
}

TEST_F(Supervised, ACrashIsUndone) {
  auto child = front(body([]() -> ExitCode {
    ::raise(SIGSEGV);
    return ExitCode::done;
  }));
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, not_whole(ExitCode::failed));
  expect_as_found();
}

TEST_F(Supervised, AnExceptionIsUndone) {
  auto child = front(body([]() -> ExitCode { throw std::bad_alloc(); }));
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, not_whole(ExitCode::failed));
  expect_as_found();
}

TEST_F(Supervised, MessagesThatCannotBeWrittenKeepNobodyFromRestoring) {
  for (const std::string kind : {"full", "no reader", "nobody reads"}) {
    std::filesystem::remove(directory_ / "changed");
    auto child = front(
        [&](Lifeline lifeline) {
          return body([&] {
            ::raise(SIGKILL);
            return ExitCode::done;
          })(lifeline);
        },
        seconds(60), kind);
    const auto exit = child.wait_for(seconds(20));
    ASSERT_TRUE(exit) << kind;
    EXPECT_EQ(exit->code, not_whole(ExitCode::failed)) << kind;
    expect_as_found();
  }
}

TEST_F(Supervised, AHangIsEndedAtTheDeadlineAndUndone) {
  auto child = front(
      [this](Lifeline lifeline) {
        lifeline.expect_within(milliseconds(300));
        return body(sleep_on)(lifeline);
      },
      seconds(60));
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, not_whole(ExitCode::failed));
  expect_as_found();
}

TEST_F(Supervised, AStoppedRunIsEndedAtTheDeadlineToo) {
  auto child = front(body([]() -> ExitCode {
                       ::raise(SIGSTOP);
                       return ExitCode::done;
                     }),
                     milliseconds(400));
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, not_whole(ExitCode::failed));
  expect_as_found();
}

TEST_F(Supervised, OneSignalIsPassedOnTheSecondKills) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    std::filesystem::remove(directory_ / "changed");
    auto child = front(body([this]() -> ExitCode {
      struct sigaction note {};
      note.sa_handler = [](int) {};
      for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &note, nullptr);
      std::ofstream(directory_ / "deaf") << "yes";
      ::pause();
      std::ofstream(directory_ / "heard") << "yes";
      return sleep_on();
    }));
    wait_until_changed();
    for (int i = 0; i < 1000 && !std::filesystem::exists(directory_ / "deaf"); ++i)
      sleep_for(milliseconds(5));
    sleep_for(milliseconds(50));  // it is about to pause
    ::kill(child.pid(), number);
    for (int i = 0; i < 1000 && !std::filesystem::exists(directory_ / "heard"); ++i)
      sleep_for(milliseconds(5));
    EXPECT_TRUE(std::filesystem::exists(directory_ / "heard"));
    EXPECT_TRUE(child.running());
    ::kill(child.pid(), number);
    const auto exit = child.wait_for(seconds(20));
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, not_whole(ExitCode::disturbed));
    expect_as_found();
    std::filesystem::remove(directory_ / "heard");
    std::filesystem::remove(directory_ / "deaf");
  }
}

TEST_F(Supervised, ASecondRunIsRefusedAndToldOfTheFirst) {
  auto child = front(body(sleep_on));
  wait_until_changed();
  Supervision second = how();
  second.what = "profile second";
  const auto refused = supervise(second, [](Lifeline) { return ExitCode::done; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  EXPECT_THAT(refused.error().what, HasSubstr(fmt::format("process {} of user {}, profile test",
                                                          child.pid(), ::geteuid())));
  ::kill(child.pid(), SIGTERM);
  ASSERT_TRUE(child.wait_for(seconds(20)));
  expect_as_found();
}

TEST_F(Supervised, AnyOneOrTwoOfTheThreeMayBeKilled) {
  const std::vector<std::string> kAll{"isolab-run", "isolab-keeper", "front"};
  for (unsigned victims = 1; victims < 8; ++victims) {
    std::filesystem::remove(directory_ / "changed");
    auto child = front(body(sleep_on));
    wait_until_changed();
    const pid_t keeper = descendant(child.pid(), "isolab-keeper");
    const pid_t run = descendant(child.pid(), "isolab-run");
    ASSERT_GT(keeper, 0);
    ASSERT_GT(run, 0);
    if ((victims & 1U) != 0) ::kill(run, SIGKILL);
    if ((victims & 2U) != 0) ::kill(keeper, SIGKILL);
    if ((victims & 4U) != 0) ::kill(child.pid(), SIGKILL);
    const auto exit = child.wait_for(seconds(20));
    ASSERT_TRUE(exit) << victims;
    if ((victims & 6U) == 6U) {  // nobody is left who would restore
      // The lock is held until the kernel has ended the run.
      for (int i = 0; i < 400 && !RunLock::take(how().state, "test"); ++i)
        sleep_for(milliseconds(5));
      const auto next = supervise(how(), [](Lifeline) { return ExitCode::done; });
      ASSERT_FALSE(next) << victims;
      EXPECT_THAT(next.error().text(), HasSubstr("isolab restore --dry-run")) << victims;
      for (const auto& journal : journals())
        EXPECT_TRUE(restore_journal(files_, journal).empty()) << victims;
      // Without a cgroup nobody can tell whose the sleepers are; our own parentage ends them here.
      for (const pid_t pid : sleepers()) ::kill(pid, SIGKILL);
    } else if ((victims & 4U) == 0) {
      EXPECT_EQ(exit->code, not_whole(ExitCode::failed)) << victims;
    }
    expect_as_found();
  }
}

TEST_F(Supervised, WhatCannotBePutBackIsExitCode4) {
  auto child = front([this](Lifeline) {
    StateGuard guard(files_, how().state);
    if (!guard.set(knob_, "2")) return ExitCode{70};
    std::filesystem::remove(knob_);
    ::raise(SIGKILL);
    return ExitCode::done;
  });
  const auto exit = child.wait_for(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, not_whole(ExitCode::not_restored));
  EXPECT_EQ(journals().size(), 1u);
}

}  // namespace
}  // namespace isolab
