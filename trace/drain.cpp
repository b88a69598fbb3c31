// SPDX-License-Identifier: Apache-2.0
#include "trace/drain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

namespace isolab {

namespace {

constexpr std::size_t kPipeBytes = 1 << 20;
constexpr Nanos kStopLimit = std::chrono::seconds{5};

Result<Fd> open_file(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd) return errno_error(fmt::format("cannot open {}", path), errno);
  return fd;
}

/// One CPU's buffer and its file. Pages go through a pipe without being copied by us; splice gives
/// full pages only, so that a poller costs no half-empty pages.
class CpuPipe {
 public:
  static Result<CpuPipe> open(const DrainPlan& plan, int cpu) {
    CpuPipe pipe;
    pipe.name_ = fmt::format("{}/per_cpu/cpu{}/trace_pipe_raw", plan.instance, cpu);
    pipe.in_ = TRY(open_file(pipe.name_, O_RDONLY | O_NONBLOCK));
    pipe.out_ = TRY(open_file(pages_file(plan.directory, cpu), O_WRONLY | O_CREAT));
    if (::lseek(pipe.out_.get(), 0, SEEK_END) < 0) return errno_error("lseek", errno);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
    pipe.read_end_ = Fd(ends[0]);
    pipe.write_end_ = Fd(ends[1]);
    ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // smaller only means more calls
    return pipe;
  }

  /// All full pages there are now.
  Result<void> take_full_pages() {
    while (true) {
      const ssize_t got = ::splice(in_.get(), nullptr, write_end_.get(), nullptr, kPipeBytes,
                                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
      if (got < 0 && errno == EINTR) continue;
      if (got == 0 || (got < 0 && errno == EAGAIN)) return {};
      if (got < 0) return errno_error(fmt::format("cannot splice from {}", name_), errno);
      for (auto left = static_cast<std::size_t>(got); left > 0;) {
        const ssize_t put =
            ::splice(read_end_.get(), nullptr, out_.get(), nullptr, left, SPLICE_F_MOVE);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return errno_error(fmt::format("cannot save pages of {}", name_), errno);
        left -= static_cast<std::size_t>(put);
      }
    }
  }

  /// The pages that are not full, each as a whole page with zeroes behind its events.
  Result<void> take_rest(std::uint32_t page_bytes) {
    std::vector<char> page(page_bytes);
    while (true) {
      const ssize_t got = ::read(in_.get(), page.data(), page.size());
      if (got < 0 && errno == EINTR) continue;
      if (got == 0 || (got < 0 && errno == EAGAIN)) return {};
      if (got < 0) return errno_error(fmt::format("cannot read {}", name_), errno);
      for (std::size_t done = 0; done < static_cast<std::size_t>(got);) {
        const ssize_t put =
            ::write(out_.get(), page.data() + done, static_cast<std::size_t>(got) - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno_error(fmt::format("cannot save pages of {}", name_), errno);
        done += static_cast<std::size_t>(put);
      }
    }
  }

 private:
  std::string name_;
  Fd in_, out_, read_end_, write_end_;
};

Result<std::vector<CpuPipe>> open_pipes(const DrainPlan& plan) {
  std::vector<CpuPipe> pipes;
  for (const int cpu : plan.cpus) pipes.push_back(TRY(CpuPipe::open(plan, cpu)));
  return pipes;
}

Result<void> poll_until(const std::atomic<std::uint32_t>& stop, const DrainPlan& plan) {
  auto pipes = TRY(open_pipes(plan));
  while (stop.load(std::memory_order_relaxed) == 0) {
    for (auto& pipe : pipes) TRY(pipe.take_full_pages());
    sleep_for(plan.interval);
  }
  return {};
}

}  // namespace

struct TraceDrain::Shared {
  std::atomic<std::uint32_t> stop{0};
  char error[512] = {};
};

TraceDrain::Shared& TraceDrain::shared() const { return *static_cast<Shared*>(memory_.data()); }

std::filesystem::path pages_file(const std::filesystem::path& directory, int cpu) {
  return directory / fmt::format("cpu{}.raw", cpu);
}

Result<TraceDrain> TraceDrain::start(const DrainPlan& plan) {
  TraceDrain drain;
  if (plan.cpus.empty()) return drain;
  drain.memory_ = TRY(SharedMemory::create(sizeof(Shared)));
  auto* shared = new (drain.memory_.data()) Shared;
  drain.child_ = TRY(Child::fork_into("trace-drain", plan.runs_on, [&plan, shared] {
    const auto ended = poll_until(shared->stop, plan);
    if (ended) return 0;
    std::strncpy(shared->error, ended.error().what.c_str(), sizeof shared->error - 1);
    return 1;
  }));
  return drain;
}

Result<void> TraceDrain::stop() {
  if (memory_.data() == nullptr || child_.pid() < 0) return {};
  shared().stop.store(1, std::memory_order_relaxed);
  auto exit = child_.wait_for(kStopLimit);
  if (!exit) exit = child_.stop(std::chrono::seconds{1});
  if (exit->ok()) return {};
  const std::string said = shared().error;
  return Error{ErrorKind::io, said.empty() ? "the trace reader ended: " + exit->text() : said};
}

Result<void> drain_rest(const DrainPlan& plan) {
  auto pipes = TRY(open_pipes(plan));
  for (auto& pipe : pipes) {
    TRY(pipe.take_full_pages());
    TRY(pipe.take_rest(plan.layout.page_bytes()));
  }
  return {};
}

}  // namespace isolab
