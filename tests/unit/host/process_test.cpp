// SPDX-License-Identifier: Apache-2.0
#include "host/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>
#include <vector>

#include "host/files.h"
#include "host/os.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Nanos kLong = seconds{30};

CommandSpec shell(const std::string& script) {
  CommandSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  return spec;
}

Exit end_of(Child& child) {
  const auto exit = child.wait_for(kLong);
  EXPECT_TRUE(exit);
  return exit.value_or(Exit{.code = 12345});
}

Child started(const CommandSpec& spec) {
  auto child = Child::spawn(spec);
  EXPECT_TRUE(child) << child.error().what;
  return std::move(*child);
}

/// A process that is gone or a zombie nobody has reaped yet.
bool is_dead(pid_t pid) {
  const auto stat = SystemFiles().read(fmt::format("/proc/{}/stat", pid));
  if (!stat) return true;
  const auto close = stat->rfind(')');
  return stat->at(close + 2) == 'Z' || stat->at(close + 2) == 'X';
}

bool dies_soon(pid_t pid) {
  for (int i = 0; i < 2000 && !is_dead(pid); ++i) sleep_for(milliseconds{5});
  return is_dead(pid);
}

class InScratch : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  static std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  /// Waits for a child to write a process number into a file.
  static pid_t pid_in(const std::string& file) {
    for (int i = 0; i < 2000; ++i) {
      const std::string text = text_of(file);
      if (!text.empty() && text.back() == '\n') return static_cast<pid_t>(std::stol(text));
      sleep_for(milliseconds{5});
    }
    return -1;
  }
  const test::TemporaryDirectory directory_;
};
using ChildProcess = InScratch;

TEST_F(ChildProcess, ExitCodesAndSignals) {
  Child ok = started(shell("exit 0"));
  EXPECT_TRUE(end_of(ok).ok());
  Child seven = started(shell("exit 7"));
  EXPECT_EQ(end_of(seven).text(), "exit code 7");
  Child killed = started(shell("kill -SEGV $$"));
  EXPECT_EQ(end_of(killed).text(), "killed by SIGSEGV");
  EXPECT_FALSE(killed.exit()->ok());
}

TEST_F(ChildProcess, AMissingProgramIsAnErrorWithoutAChild) {
  CommandSpec spec;
  spec.argv = {"isolab-no-such-program"};
  const auto child = Child::spawn(spec);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(child.error().what, HasSubstr("isolab-no-such-program"));
  spec.argv = {"/nowhere/program"};
  EXPECT_EQ(Child::spawn(spec).error().kind, ErrorKind::unsupported);
  spec.argv = {};
  EXPECT_EQ(Child::spawn(spec).error().kind, ErrorKind::usage);
}

TEST_F(ChildProcess, WhatFailsAfterTheForkComesBackToo) {
  std::ofstream(path("script")) << "#!/nowhere/interpreter\n";
  std::filesystem::permissions(path("script"), std::filesystem::perms::owner_all);
  CommandSpec spec;
  spec.argv = {path("script")};
  const auto no_interpreter = Child::spawn(spec);
  ASSERT_FALSE(no_interpreter);
  EXPECT_THAT(no_interpreter.error().what, HasSubstr("executing"));
  EXPECT_EQ(no_interpreter.error().kind, ErrorKind::unsupported);
  CommandSpec nowhere = shell("true");
  nowhere.directory = path("none");
  EXPECT_THAT(Child::spawn(nowhere).error().what, HasSubstr("directory"));
  CommandSpec far = shell("true");
  far.cpus = CpuSet{8000};
  EXPECT_THAT(Child::spawn(far).error().what, HasSubstr("pinning"));
}

TEST_F(ChildProcess, DirectoryEnvironmentCpusAndOutput) {
  const int cpu = this_thread_cpus().first().value();
  CommandSpec spec =
      shell("pwd; echo $ISOLAB_WORD; grep Cpus_allowed_list /proc/self/status; echo complaint >&2");
  spec.directory = "/";
  spec.environment = {{"ISOLAB_WORD", "a b"}};
  spec.cpus = CpuSet{cpu};
  spec.output = path("out");
  Child child = started(spec);
  EXPECT_TRUE(end_of(child).ok());
  EXPECT_EQ(text_of(path("out")), fmt::format("/\na b\nCpus_allowed_list:\t{}\ncomplaint\n", cpu));
  Child again = started(spec);  // a second command adds to the file
  EXPECT_TRUE(end_of(again).ok());
  EXPECT_THAT(text_of(path("out")), HasSubstr("complaint\n/\n"));
}

TEST_F(ChildProcess, ARelativeProgramIsBelowItsDirectory) {
  std::ofstream(path("script")) << "#!/bin/sh\nexit 5\n";
  std::filesystem::permissions(path("script"), std::filesystem::perms::owner_all);
  CommandSpec spec;
  spec.argv = {"./script"};
  spec.directory = directory_.path().string();
  Child child = started(spec);
  EXPECT_EQ(end_of(child).code, 5);
  spec.argv = {"./none"};
  EXPECT_EQ(Child::spawn(spec).error().kind, ErrorKind::unsupported);
}

TEST_F(ChildProcess, OurDescriptorsAndMasksAreNotInherited) {
  const Fd leak(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  ASSERT_TRUE(leak);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  CommandSpec spec =
      shell(fmt::format("test ! -e /proc/self/fd/{} && grep SigBlk /proc/self/status", leak.get()));
  spec.output = path("out");
  Child child = started(spec);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_TRUE(end_of(child).ok());
  EXPECT_EQ(text_of(path("out")), "SigBlk:\t0000000000000000\n");
}

TEST_F(ChildProcess, WaitingIsBoundedAndRunningSaysSo) {
  Child child = started(shell("exec sleep 60"));
  EXPECT_TRUE(child.running());
  EXPECT_FALSE(child.wait_for(milliseconds{20}));
  EXPECT_FALSE(child.exit());
  const Exit exit = child.stop(seconds{10});
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_FALSE(child.running());
  EXPECT_EQ(child.stop(seconds{10}).signal, SIGTERM);  // twice is harmless
  EXPECT_TRUE(is_dead(child.pid()));
}

TEST_F(ChildProcess, StopKillsWhatIgnoresSigtermAndItsGrandchild) {
  // The shell and its background child both ignore SIGTERM.
  Child child = started(
      shell(fmt::format("trap '' TERM; sleep 61 & echo $! > {}; wait; wait; wait", path("pid"))));
  const pid_t grandchild = pid_in(path("pid"));
  ASSERT_GT(grandchild, 0);
  const auto begin = std::chrono::steady_clock::now();
  const Exit exit = child.stop(milliseconds{100});
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{6});
  EXPECT_TRUE(dies_soon(grandchild));
}

TEST_F(ChildProcess, AChildThatEndsLeavesNoGrandchildBehind) {
  Child child = started(shell(fmt::format("sleep 62 & echo $! > {}; exit 3", path("pid"))));
  EXPECT_EQ(end_of(child).code, 3);
  EXPECT_TRUE(dies_soon(pid_in(path("pid"))));
}

TEST_F(ChildProcess, TheDestructorEndsIt) {
  pid_t pid = -1;
  {
    Child child = started(shell("exec sleep 63"));
    pid = child.pid();
    Child moved = std::move(child);
    EXPECT_EQ(child.pid(), -1);
    EXPECT_TRUE(moved.running());
  }
  EXPECT_TRUE(is_dead(pid));
}

TEST_F(ChildProcess, ProcessorTimeOfItAndItsChildren) {
  // A grandchild burns until it has used 0.1 s; the child itself does nearly nothing.
  Child child = started(shell("sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'"));
  const Exit exit = end_of(child);
  EXPECT_TRUE(exit.ok());
  EXPECT_GT(exit.user_seconds, 0.02);
  EXPECT_GE(exit.system_seconds, 0);
}

TEST_F(ChildProcess, ItsGroupIsItsOwn) {
  Child child = started(shell("exec sleep 64"));
  EXPECT_EQ(::getpgid(child.pid()), child.pid());
  child.signal(SIGSTOP);
  EXPECT_TRUE(child.running());  // stopped is not ended
  child.signal(SIGCONT);
  child.stop(seconds{5});
}

TEST_F(ChildProcess, AForkRunsAFunctionAndSkipsAtexit) {
  std::atexit([] {
    if (const char* name = std::getenv("ISOLAB_TEST_ATEXIT")) std::ofstream(name) << "ran";
  });
  ::setenv("ISOLAB_TEST_ATEXIT", path("atexit").c_str(), 1);
  const int cpu = this_thread_cpus().first().value();
  auto child = Child::fork_into("worker", CpuSet{cpu}, [&] {
    std::ofstream(path("pid")) << ::getpid() << "\n";
    return this_thread_cpus() == CpuSet{cpu} ? 42 : 1;
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(*child).code, 42);
  ::unsetenv("ISOLAB_TEST_ATEXIT");
  EXPECT_FALSE(std::filesystem::exists(path("atexit")));
  EXPECT_EQ(pid_in(path("pid")), child->pid());
}

TEST_F(ChildProcess, BufferedOutputIsNotPrintedTwice) {
  FILE* file = std::fopen(path("out").c_str(), "w");
  std::fputs("once\n", file);
  auto child = Child::fork_into("worker", {}, [&] {
    std::fputs("child\n", file);
    return 0;
  });
  ASSERT_TRUE(child);
  EXPECT_TRUE(end_of(*child).ok());
  std::fclose(file);
  EXPECT_EQ(text_of(path("out")), "once\nchild\n");
}

TEST_F(ChildProcess, ChildrenDieWithTheirParent) {
  auto parent = Child::fork_into("parent", {}, [&] {
    auto grandchild = Child::spawn(shell("exec sleep 65"));
    if (!grandchild) return 1;
    std::ofstream(path("pid")) << grandchild->pid() << "\n" << std::flush;
    sleep_for(seconds{66});
    return 0;
  });
  ASSERT_TRUE(parent);
  const pid_t grandchild = pid_in(path("pid"));
  ASSERT_GT(grandchild, 0);
  EXPECT_FALSE(is_dead(grandchild));
  ::kill(parent->pid(), SIGKILL);  // not its group: the grandchild is in its own
  EXPECT_EQ(end_of(*parent).signal, SIGKILL);
  EXPECT_TRUE(dies_soon(grandchild));
}

TEST_F(ChildProcess, ACrashInAForkIsSeen) {
  auto child = Child::fork_into("crash", {}, []() -> int {
    ::raise(SIGABRT);
    return 0;
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(*child).text(), "killed by SIGABRT");
}

TEST_F(ChildProcess, AnExceptionEndsAForkAndIsSaid) {
  const int file = ::open(path("said").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(file, STDERR_FILENO);
  auto short_of_memory = Child::fork_into("worker", {}, []() -> int { throw std::bad_alloc(); });
  auto wrong = Child::fork_into("other", {}, []() -> int { return std::vector<int>{}.at(1); });
  ASSERT_TRUE(short_of_memory);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(end_of(*short_of_memory).text(), "exit code 1");
  EXPECT_EQ(end_of(*wrong).text(), "exit code 1");
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(file);
  EXPECT_THAT(text_of(path("said")), HasSubstr("isolab: worker: out of memory\n"));
  EXPECT_THAT(text_of(path("said")), HasSubstr("isolab: other: "));
}

TEST_F(ChildProcess, APipeWithoutReaderKillsProgramsButNotForks) {
  auto child = Child::fork_into("worker", {}, [&] {
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    ::close(ends[0]);
    if (::write(ends[1], "x", 1) != -1 || errno != EPIPE) return 2;
    CommandSpec spec = shell("echo x; exit 3");
    spec.stdout_fd = ends[1];
    auto program = Child::spawn(spec);
    return program && end_of(*program).signal == SIGPIPE ? 0 : 3;
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(end_of(*child).text(), "exit code 0");
}

TEST(RunForOutput, GivesStdoutOnly) {
  EXPECT_EQ(*run_for_output({"/bin/sh", "-c", "echo out; echo err >&2"}, kLong), "out\n");
  EXPECT_EQ(run_for_output({"/bin/sh", "-c", "head -c 300000 /dev/zero"}, kLong)->size(), 300'000u);
}

TEST(RunForOutput, FailureCarriesTheComplaint) {
  const auto failed = run_for_output({"/bin/sh", "-c", "echo why >&2; exit 9"}, kLong);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, testing::AllOf(HasSubstr("exit code 9"), HasSubstr("why")));
}

TEST(RunForOutput, ADeadlineEndsIt) {
  const auto begin = std::chrono::steady_clock::now();
  const auto late =
      run_for_output({"/bin/sh", "-c", "echo begun; exec sleep 67"}, milliseconds{200});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::interrupted);
  EXPECT_THAT(late.error().what, HasSubstr("begun"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{20});
}

TEST(RunForOutput, ADescendantHoldingThePipeDoesNotHoldUs) {
  const auto begin = std::chrono::steady_clock::now();
  const auto text = run_for_output({"/bin/sh", "-c", "setsid sleep 68 & echo $!"}, kLong);
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
  ::kill(static_cast<pid_t>(std::stol(*text)), SIGKILL);
}

TEST(FindProgram, LooksInPath) {
  EXPECT_THAT(*find_program("sh"), HasSubstr("/sh"));
  EXPECT_EQ(find_program("isolab-no-such-program").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(find_program("").error().kind, ErrorKind::usage);
  EXPECT_FALSE(find_program("/etc/passwd"));
}

}  // namespace
}  // namespace isolab
