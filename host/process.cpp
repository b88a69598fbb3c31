// SPDX-License-Identifier: Apache-2.0
// Between fork and exec only async-signal-safe calls are made; everything they need (argv,
// environment, open files) is prepared before. What fails there comes back through a close-on-exec
// pipe.
#include "host/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/caught.h"
#include "base/environment.h"
#include "base/output.h"
#include "host/os.h"

extern char** environ;

namespace isolab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Nanos kKillWait =
    std::chrono::seconds{5};  // after SIGKILL; longer means a hung kernel path
constexpr Nanos kGroupWait = std::chrono::milliseconds{500};
constexpr std::size_t kOutputLimit = 16U << 20;
constexpr int kNeverEnded = -1;

/// What the child was doing when it failed, sent through the pipe.
enum class Step : int { none, pin, directory, output, run };

struct SetupFailure {
  Step step = Step::none;
  int code = 0;
};

const char* to_string(Step step) {
  switch (step) {
    case Step::none: return "starting";
    case Step::pin: return "pinning it";
    case Step::directory: return "changing to its directory";
    case Step::output: return "redirecting its output";
    case Step::run: return "executing it";
  }
  return "starting";
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

[[noreturn]] void give_up(int pipe, Step step, int code) {
  const SetupFailure failure{step, code};
  [[maybe_unused]] const ssize_t sent = ::write(pipe, &failure, sizeof failure);
  ::_exit(127);
}

/// In the child: a separate process group, death with the parent, default signals, its CPUs.
void settle(int pipe, pid_t parent, const CpuSet& cpus) {
  ::setpgid(0, 0);
  // Bound to the *thread* that forked (man 2 prctl): fork from the main thread.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before prctl
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &plain, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (cpus.empty()) return;
  // On the stack: CPU_ALLOC would call malloc after fork.
  struct {
    unsigned long words[8192 / (8 * sizeof(unsigned long))];
  } mask{};
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  for (int cpu : cpus) {
    const auto bit = static_cast<std::size_t>(cpu);
    mask.words[bit / kBits] |= 1UL << (bit % kBits);
  }
  if (::syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask) != 0) give_up(pipe, Step::pin, errno);
}

/// In the parent: waits until the child has set itself up (or executed), and says why if it did
/// not.
Result<void> hear_setup(pid_t pid, Pipe& pipe, const std::string& name) {
  pipe.write.reset();
  SetupFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(pipe.read.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof failure) return {};
  ::waitpid(pid, nullptr, 0);
  Error error = errno_error(
      fmt::format("cannot start {}: {} failed", name, to_string(failure.step)), failure.code);
  // The program, or the interpreter its first line names.
  if (failure.step == Step::run && failure.code == ENOENT) error.kind = ErrorKind::unsupported;
  return error;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
  }
  for (const auto& [name, value] : added) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

Result<std::string> find_in(const std::string& name, std::string_view path) {
  if (name.empty()) return Error{ErrorKind::usage, "the name of a program is empty"};
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    const int code = errno;
    Error error = errno_error("cannot run " + name, code);
    if (code == ENOENT || code == ENOTDIR) error.kind = ErrorKind::unsupported;
    return error;
  }
  while (true) {
    const auto colon = path.find(':');
    const std::string directory(path.substr(0, colon));
    std::string full = (directory.empty() ? "." : directory) + "/" + name;
    if (::access(full.c_str(), X_OK) == 0) return full;
    if (colon == std::string_view::npos) break;
    path.remove_prefix(colon + 1);
  }
  return Error{ErrorKind::unsupported, "program " + name + " is not installed (not found in PATH)"};
}

std::string path_variable() {
  return environment("PATH").value_or(
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Waits until `pid` has ended or the deadline has passed. True: it ended (and is still a zombie).
bool await_end(pid_t pid, Clock::time_point deadline) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  while (true) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 &&
        errno == ECHILD)
      return true;
    if (info.si_pid == pid) return true;
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return false;
    // Without pidfd (before Linux 5.3) look again every 2 ms.
    const auto pause = pidfd ? std::chrono::duration_cast<Nanos>(left)
                             : std::min<Nanos>(left, std::chrono::milliseconds{2});
    const timespec timeout{static_cast<time_t>(pause.count() / 1'000'000'000),
                           static_cast<long>(pause.count() % 1'000'000'000)};
    pollfd watch{pidfd.get(), POLLIN, 0};
    ::ppoll(&watch, pidfd ? 1U : 0U, &timeout, nullptr);
  }
}

/// The exit code of a fork. No exception goes on into the frames of the parent's copy.
int code_of(const std::string& name, const std::function<int()>& body) {
  const auto code = caught([&]() -> Result<int> { return body(); });
  if (code) return *code;
  say(name + ": " + code.error().text());
  return 1;
}

Clock::time_point after(Nanos span) {
  const Nanos capped = std::clamp(span, Nanos{0}, Nanos{std::chrono::hours{24 * 365}});
  return Clock::now() + capped;
}

}  // namespace

std::string Exit::text() const {
  if (signal != 0) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? fmt::format("killed by SIG{}", name)
                           : fmt::format("killed by signal {}", signal);
  }
  if (code == kNeverEnded) return "did not end within 5 s of SIGKILL";
  return fmt::format("exit code {}", code);
}

Result<Child> Child::spawn(const CommandSpec& spec) {
  if (spec.argv.empty()) return Error{ErrorKind::usage, "cannot run an empty command"};
  const auto own_path = spec.environment.find("PATH");
  const std::string& name = spec.argv.front();
  // "./configure" is meant below the child's directory, which is entered after the fork.
  const bool below =
      !spec.directory.empty() && name.find('/') != std::string::npos && name[0] != '/';
  const std::string program =
      below ? name
            : TRY(find_in(name,
                          own_path != spec.environment.end() ? own_path->second : path_variable()));
  std::vector<std::string> words = spec.argv;
  std::vector<std::string> variables = environment_with(spec.environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(variables);

  Fd output;
  if (!spec.output.empty()) {
    output = Fd(::open(spec.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!output)
      return errno_error("cannot open " + spec.output + " for the output of " + program, errno);
  }
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int out = spec.stdout_fd >= 0 ? spec.stdout_fd : output.get();
  const int err = spec.stderr_fd >= 0 ? spec.stderr_fd : output.get();

  Pipe pipe = TRY(make_pipe());
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("cannot fork for " + program, errno);
  if (pid == 0) {
    const int report = pipe.write.get();
    settle(report, parent, spec.cpus);
    if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0)
      give_up(report, Step::directory, errno);
    if (null) ::dup2(null.get(), 0);
    if (out >= 0 && ::dup2(out, 1) < 0) give_up(report, Step::output, errno);
    if (err >= 0 && ::dup2(err, 2) < 0) give_up(report, Step::output, errno);
    ::syscall(SYS_close_range, 3U, ~0U,
              4U);  // CLOSE_RANGE_CLOEXEC, Linux 5.11: nothing of ours leaks
    ::execve(program.c_str(), argv.data(), envp.data());
    give_up(report, Step::run, errno);
  }
  ::setpgid(pid, pid);  // in both, so that the group exists regardless of the order
  TRY(hear_setup(pid, pipe, program));
  return Child(pid);
}

Result<Child> Child::fork_into(const std::string& name, const CpuSet& cpus,
                               const std::function<int()>& body) {
  Pipe pipe = TRY(make_pipe());
  std::fflush(nullptr);  // what is buffered now must not be printed twice
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("cannot fork for " + name, errno);
  if (pid == 0) {
    settle(pipe.write.get(), parent, cpus);
    // What it says neither kills nor stops it, regardless of the reader and of `stty tostop` says.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGTTOU, SIG_IGN);
    ::prctl(PR_SET_NAME, name.substr(0, 15).c_str());
    pipe.read.reset();
    pipe.write.reset();
    const int code = code_of(name, body);
    std::fflush(nullptr);
    ::_exit(code);
  }
  ::setpgid(pid, pid);
  TRY(hear_setup(pid, pipe, name));
  return Child(pid);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_(std::exchange(other.exit_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    if (pid_ > 0 && !exit_) stop(std::chrono::seconds{1});
    pid_ = std::exchange(other.pid_, -1);
    exit_ = std::exchange(other.exit_, std::nullopt);
  }
  return *this;
}

Child::~Child() {
  if (pid_ > 0 && !exit_) stop(std::chrono::seconds{1});
}

bool Child::running() {
  if (pid_ <= 0) return false;
  return !wait_for(Nanos{0});
}

std::optional<Exit> Child::wait_for(Nanos limit) {
  if (exit_ || pid_ <= 0) return exit_;
  if (!await_end(pid_, after(limit))) return std::nullopt;

  // While the leader is a zombie its number cannot be given to another group: what it left behind
  // is killed now, before it is reaped.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  rusage used{};
  Exit ended;
  pid_t reaped = 0;
  do {
    reaped = ::wait4(pid_, &status, 0, &used);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == pid_) {
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    ended.user_seconds = seconds(used.ru_utime);
    ended.system_seconds = seconds(used.ru_stime);
  } else {
    ended.code = kNeverEnded;  // another waiter reaped it
  }
  exit_ = ended;
  const auto deadline = Clock::now() + kGroupWait;
  while (::kill(-pid_, 0) == 0 && Clock::now() < deadline) sleep_for(std::chrono::milliseconds{1});
  return exit_;
}

Exit Child::stop(Nanos grace) {
  if (exit_ || pid_ <= 0) return exit_.value_or(Exit{});
  signal(SIGTERM);
  if (const auto ended = wait_for(grace)) return *ended;
  signal(SIGKILL);
  if (const auto ended = wait_for(kKillWait)) return *ended;
  exit_ = Exit{.code = kNeverEnded};
  return *exit_;
}

void Child::signal(int number) {
  if (pid_ > 0 && !exit_) ::kill(-pid_, number);
}

Result<std::string> run_for_output(const std::vector<std::string>& argv, Nanos limit,
                                   const std::map<std::string, std::string>& environment) {
  Pipe out = TRY(make_pipe());
  Pipe err = TRY(make_pipe());
  CommandSpec spec;
  spec.argv = argv;
  spec.environment = environment;
  spec.stdout_fd = out.write.get();
  spec.stderr_fd = err.write.get();
  Child child = TRY(Child::spawn(spec));
  out.write.reset();
  err.write.reset();

  const auto deadline = after(limit);
  std::string text, complaint;
  std::array<pollfd, 2> watch{pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}};
  std::array<std::string*, 2> sinks{&text, &complaint};
  bool ended = false;
  while (watch[0].fd >= 0 || watch[1].fd >= 0) {
    const int ready = ::poll(watch.data(), watch.size(), ended ? 0 : 10);
    if (ready <= 0 && ended) break;  // a descendant holds the pipe open; its leader is gone
    for (std::size_t i = 0; ready > 0 && i < watch.size(); ++i) {
      if (watch[i].fd < 0 || watch[i].revents == 0) continue;
      std::array<char, 16384> buffer;
      const ssize_t got = ::read(watch[i].fd, buffer.data(), buffer.size());
      if (got > 0 && sinks[i]->size() < kOutputLimit)
        sinks[i]->append(buffer.data(), static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) watch[i].fd = -1;
    }
    if (!ended && ready == 0) ended = !child.running();
    if (Clock::now() >= deadline) break;
  }
  const auto exit = child.wait_for(
      std::max<Nanos>(Nanos{0}, std::chrono::duration_cast<Nanos>(deadline - Clock::now())));
  const std::string shown = complaint.empty() ? text.substr(0, 2000) : complaint.substr(0, 2000);
  if (!exit) {
    child.stop(Nanos{0});
    return Error{ErrorKind::interrupted, fmt::format("{} did not end within {}: {}", argv.front(),
                                                     human_span(limit), shown)};
  }
  if (!exit->ok())
    return Error{ErrorKind::io,
                 fmt::format("{} failed, {}: {}", argv.front(), exit->text(), shown)};
  return text;
}

Result<std::string> find_program(const std::string& name) { return find_in(name, path_variable()); }

}  // namespace isolab
