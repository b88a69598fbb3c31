// SPDX-License-Identifier: Apache-2.0
#include "trace/live/drain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

namespace isolab {

namespace {

constexpr std::size_t kPipeBytes = 1 << 20;
// How long stop() waits: a reader that is alive ends within one nap and what it is writing.
constexpr Nanos kStopLimit = std::chrono::seconds{5};
constexpr Nanos kNap = std::chrono::milliseconds{100}, kShortestNap = std::chrono::milliseconds{1};
constexpr int kMostPagesAPoll = 1 << 14;  // 64 MiB: a poll ends
constexpr int kRestTries = 10;
constexpr Nanos kRestPause = std::chrono::milliseconds{20};

std::string raw_pipe(const std::string& instance, int cpu) {
  return fmt::format("{}/per_cpu/cpu{}/trace_pipe_raw", instance, cpu);
}

/// The pipe through which pages go without being copied by us. One is enough for all CPUs: it is
/// empty between two calls of move().
class Conduit {
 public:
  static Result<Conduit> make() {
    Conduit conduit;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
    conduit.read_end_ = Fd(ends[0]);
    conduit.write_end_ = Fd(ends[1]);
    ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // smaller only means more calls
    return conduit;
  }
  /// Takes pages out of the buffer: their bytes, 0 if there are none, or -errno.
  ssize_t fill(int from) const {
    while (true) {
      const ssize_t got = ::splice(from, nullptr, write_end_.get(), nullptr, kPipeBytes,
                                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
      if (got >= 0) return got;
      if (errno == EAGAIN) return 0;
      if (errno != EINTR) return -errno;
    }
  }
  Result<void> empty_into(int to, ssize_t bytes, const std::string& name) const {
    while (bytes > 0) {
      const ssize_t put = ::splice(read_end_.get(), nullptr, to, nullptr,
                                   static_cast<std::size_t>(bytes), SPLICE_F_MOVE);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return errno_error("cannot write " + name, errno);
      bytes -= put;
    }
    return {};
  }

 private:
  Fd read_end_, write_end_;
};

/// One CPU's buffer and its file. The functions return the errno of the buffer's side, 0 if all of
/// it was taken; an Error is one of the file's side.
class CpuPipe {
 public:
  CpuPipe(const DrainPlan& plan, int cpu)
      : buffer_(raw_pipe(plan.instance, cpu)), file_(pages_file(plan.directory, cpu)) {}

  /// All full pages there are now: splice gives no others, so that a poller makes no half-empty
  /// pages.
  Result<int> take_full_pages(const Conduit& conduit) {
    if (const int refused = open_buffer(); refused != 0) return refused;
    while (true) {
      const ssize_t got = conduit.fill(in_.get());
      if (got < 0) return static_cast<int>(-got);
      TRY(open_file());
      if (got == 0) return 0;
      TRY(conduit.empty_into(out_.get(), got, file_.string()));
    }
  }

  /// The pages that are not full, each as a whole page with zeroes behind its events.
  Result<int> take_rest(std::uint32_t page_bytes) {
    if (const int refused = open_buffer(); refused != 0) return refused;
    std::vector<char> page(page_bytes);
    while (true) {
      const ssize_t got = ::read(in_.get(), page.data(), page.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno != EAGAIN) return errno;
      TRY(open_file());
      if (got <= 0) return 0;
      TRY(save({page.data(), static_cast<std::size_t>(got)}));
    }
  }

  /// Everything there is now, also the page that is not full.
  int pass_to(PageSink& sink, int cpu, std::uint32_t page_bytes) {
    if (const int refused = open_buffer(); refused != 0) return refused;
    std::vector<std::byte> page(page_bytes);
    for (int pages = 0; pages < kMostPagesAPoll; ++pages) {
      const ssize_t got = ::read(in_.get(), page.data(), page.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno != EAGAIN) return errno;
      if (got <= 0) return 0;
      sink.page(cpu, {page.data(), static_cast<std::size_t>(got)});
    }
    return 0;
  }

 private:
  int open_buffer() {
    if (in_) return 0;
    in_ = Fd(::open(buffer_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return in_ ? 0 : errno;
  }
  /// At its end. Not O_APPEND, which splice(2) refuses.
  Result<void> open_file() {
    if (out_) return {};
    out_ = Fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!out_ || ::lseek(out_.get(), 0, SEEK_END) < 0)
      return errno_error("cannot open " + file_.string(), errno);
    return {};
  }
  Result<void> save(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(out_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno_error("cannot write " + file_.string(), errno);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

  std::string buffer_;
  std::filesystem::path file_;
  Fd in_, out_;
};

/// Two files a CPU: more than the usual 1024 on a machine of 512.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: opening says so
}

/// However long the interval is, a request to stop is seen after a nap.
void nap(const std::atomic<std::uint32_t>& stop, Nanos interval) {
  interval = std::max<Nanos>(interval, kShortestNap);
  while (interval > Nanos{0} && stop.load(std::memory_order_relaxed) == 0) {
    sleep_for(std::min(interval, kNap));
    interval -= std::min(interval, kNap);
  }
}

/// A buffer that cannot be read keeps its events; whether they are lost is decided by drain_rest().
Result<void> poll_until(const std::atomic<std::uint32_t>& stop, const DrainPlan& plan) {
  allow_many_files();
  const Conduit conduit = TRY(Conduit::make());
  std::vector<CpuPipe> pipes;
  for (const int cpu : plan.cpus) pipes.emplace_back(plan, cpu);
  while (stop.load(std::memory_order_relaxed) == 0) {
    for (auto& pipe : pipes) TRY(pipe.take_full_pages(conduit));
    nap(stop, plan.interval);
  }
  return {};
}

Result<void> poll_into(PageSink& sink, const std::atomic<std::uint32_t>& stop,
                       const DrainPlan& plan) {
  allow_many_files();
  std::vector<CpuPipe> pipes;
  for (const int cpu : plan.cpus) pipes.emplace_back(plan, cpu);
  while (stop.load(std::memory_order_relaxed) == 0) {
    sink.poll_begins();
    std::size_t at = 0;
    for (const int cpu : plan.cpus)
      (void)pipes[at++].pass_to(sink, cpu, plan.layout.page_bytes());  // drain_rest() says it
    TRY(sink.polled());
    nap(stop, plan.interval);
  }
  return sink.ended(plan.directory);
}

bool is_absent(int code) { return code == ENODEV || code == ENXIO; }

/// A CPU on its way offline or back may refuse for moments.
Result<int> take_everything(const DrainPlan& plan, int cpu, const Conduit& conduit) {
  for (int tries = 1;; ++tries) {
    CpuPipe pipe(plan, cpu);
    int code = TRY(pipe.take_full_pages(conduit));
    if (code == 0) code = TRY(pipe.take_rest(plan.layout.page_bytes()));
    if (code == 0 || is_absent(code) || tries == kRestTries) return code;
    sleep_for(kRestPause);
  }
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
    const auto ended = plan.sink != nullptr ? poll_into(*plan.sink, shared->stop, plan)
                                            : poll_until(shared->stop, plan);
    if (ended) return 0;
    std::strncpy(shared->error, ended.error().what.c_str(), sizeof shared->error - 1);
    return 1;
  }));
  return drain;
}

Result<void> TraceDrain::stop() {
  if (memory_.data() == nullptr || child_.pid() < 0) return {};
  shared().stop.store(1, std::memory_order_relaxed);
  const auto exit = child_.wait_for(kStopLimit);
  if (exit && exit->ok()) return {};
  const char* lost = "; its pages are lost";
  if (!exit) {
    child_.stop(std::chrono::seconds{1});
    return Error{ErrorKind::io, "the trace reader did not end within " + human_span(kStopLimit) +
                                    " and was killed" + lost};
  }
  const std::string said = shared().error;
  return Error{ErrorKind::io,
               said.empty() ? "the trace reader ended: " + exit->text() + lost : said};
}

Result<std::map<int, LostBuffer>> drain_rest(const DrainPlan& plan) {
  const Conduit conduit = TRY(Conduit::make());
  std::map<int, LostBuffer> lost;
  for (const int cpu : plan.cpus)
    if (const int code = TRY(take_everything(plan, cpu, conduit)); code != 0)
      lost[cpu] = {is_absent(code),
                   errno_error("cannot read " + raw_pipe(plan.instance, cpu), code).what};
  return lost;
}

}  // namespace isolab
