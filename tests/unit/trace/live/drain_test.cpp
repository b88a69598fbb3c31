// SPDX-License-Identifier: Apache-2.0
// The buffers of an instance, here pipes and files that behave like them: what one of them refuses
// is its loss alone.
#include "trace/live/drain.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using testing::HasSubstr;

class Drain : public testing::Test {
 protected:
  Drain() {
    std::filesystem::create_directories(directory_ / "out");
    plan_ = {.instance = directory_.path().string(),
             .directory = directory_ / "out",
             .interval = std::chrono::milliseconds{1}};
  }
  std::string buffer(int cpu) {
    const auto folder = directory_ / ("per_cpu/cpu" + std::to_string(cpu));
    std::filesystem::create_directories(folder);
    plan_.cpus.add(cpu);
    return (folder / "trace_pipe_raw").string();
  }
  /// A buffer that holds `bytes`, and more when they are written to the result.
  Fd full(int cpu, const std::string& bytes) {
    const auto path = buffer(cpu);
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    Fd end(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(::write(end.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return end;
  }
  /// Opening it fails with ENXIO, like the buffer of a CPU that is no more.
  void absent(int cpu) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto path = buffer(cpu);
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  /// Opening it succeeds, reading it fails.
  void broken(int cpu) { std::filesystem::create_directories(buffer(cpu)); }
  std::string taken(int cpu) const { return test::text_of(pages_file(plan_.directory, cpu)); }

  const test::TemporaryDirectory directory_;
  DrainPlan plan_;
};

TEST_F(Drain, OneBufferThatCannotBeReadIsThatCpusLoss) {
  const auto first = full(0, "events of 0"), third = full(2, "events of 2");
  broken(1);
  absent(3);
  plan_.cpus.add(4);  // no file at all
  const auto lost = drain_rest(plan_);
  ASSERT_TRUE(lost) << lost.error().text();
  EXPECT_EQ(taken(0), "events of 0");
  EXPECT_EQ(taken(2), "events of 2");
  ASSERT_EQ(lost->size(), 3U);
  EXPECT_FALSE(lost->at(1).absent);
  EXPECT_THAT(lost->at(1).what, HasSubstr("cpu1/trace_pipe_raw"));
  EXPECT_TRUE(lost->at(3).absent);
  EXPECT_THAT(lost->at(3).what, HasSubstr("No such device"));
  EXPECT_FALSE(lost->at(4).absent);
}

TEST_F(Drain, TheReaderGoesOnBesideABufferThatCannotBeRead) {
  broken(0);
  const auto second = full(1, "early");
  absent(2);
  auto drain = TraceDrain::start(plan_);
  ASSERT_TRUE(drain) << drain.error().text();
  while (taken(1) != "early") sleep_for(std::chrono::milliseconds{1});
  ASSERT_EQ(::write(second.get(), " late", 5), 5);
  while (taken(1) != "early late") sleep_for(std::chrono::milliseconds{1});
  EXPECT_TRUE(drain->stop());
}

TEST_F(Drain, ABufferThatComesLaterIsReadFromThenOn) {
  buffer(0);
  const auto second = full(1, "one");
  auto drain = TraceDrain::start(plan_);
  ASSERT_TRUE(drain) << drain.error().text();
  while (taken(1) != "one") sleep_for(std::chrono::milliseconds{1});
  const auto late = full(0, "online again");
  while (taken(0) != "online again") sleep_for(std::chrono::milliseconds{1});
  EXPECT_TRUE(drain->stop());
}

TEST_F(Drain, AReaderThatDiedIsAnError) {
  const auto first = full(0, "x");
  auto drain = TraceDrain::start(plan_);
  ASSERT_TRUE(drain) << drain.error().text();
  ASSERT_EQ(::kill(drain->pid(), SIGKILL), 0);
  const auto stopped = drain->stop();
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().what, HasSubstr("SIGKILL"));
}

TEST_F(Drain, AReaderBetweenTwoLooksEndsWhenTold) {
  const auto first = full(0, "x");
  plan_.interval = std::chrono::hours{1};
  auto drain = TraceDrain::start(plan_);
  ASSERT_TRUE(drain) << drain.error().text();
  while (taken(0) != "x") sleep_for(std::chrono::milliseconds{1});
  const auto stopped = drain->stop();
  EXPECT_TRUE(stopped) << stopped.error().text();
}

TEST_F(Drain, AFileThatCannotBeWrittenIsAnErrorOfTheWhole) {
  const auto first = full(0, "x");
  plan_.directory = directory_ / "not there";
  EXPECT_FALSE(drain_rest(plan_));
  auto drain = TraceDrain::start(plan_);
  ASSERT_TRUE(drain) << drain.error().text();
  siginfo_t ended{};  // it ends by itself; left to be reaped by stop()
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(drain->pid()), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(drain->stop());
}

// A machine may have more CPUs than the usual limit of open files allows for.
TEST_F(Drain, MoreBuffersThanTheLimitOfOpenFiles) {
  constexpr int kCpus = 300;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_GT(before.rlim_max, 2U * kCpus + 64) << "the hard limit of this machine";
  for (int cpu = 0; cpu < kCpus; ++cpu) {
    directory_.put("per_cpu/cpu" + std::to_string(cpu) + "/trace_pipe_raw", "page");
    plan_.cpus.add(cpu);
  }
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto lost = drain_rest(plan_);
  auto polled = plan_;
  polled.directory = directory_ / "polled";
  std::filesystem::create_directories(polled.directory);
  auto drain = TraceDrain::start(polled);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(lost) << lost.error().text();
  EXPECT_TRUE(lost->empty());
  ASSERT_TRUE(drain) << drain.error().text();
  while (test::text_of(pages_file(polled.directory, kCpus - 1)) != "page")
    ASSERT_EQ(::kill(drain->pid(), 0), 0);
  const auto stopped = drain->stop();
  EXPECT_TRUE(stopped) << stopped.error().text();
  for (int cpu = 0; cpu < kCpus; ++cpu) {
    EXPECT_EQ(taken(cpu), "page") << cpu;
    EXPECT_EQ(test::text_of(pages_file(polled.directory, cpu)), "page") << cpu;
  }
}

}  // namespace
}  // namespace isolab
