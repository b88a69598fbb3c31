// SPDX-License-Identifier: Apache-2.0
#include "runner/supervise.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <vector>

#include "base/output.h"
#include "host/cgroup.h"
#include "host/guard.h"
#include "host/os.h"
#include "host/process.h"
#include "host/restore.h"
#include "host/run_lock.h"
#include "runner/complain.h"
#include "runner/leftovers.h"

namespace isolab {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
// Handed on to the body, and no request to stop.
constexpr int kHandedOn = SIGUSR1;
// The supervisor kills and restores within this after its second signal; then the parent does.
constexpr Nanos kKeeperPatience = std::chrono::seconds{30};

/// What the three processes share.
struct Shared {
  std::atomic<std::uint64_t> due_ns{0};
  std::atomic<std::uint32_t> whole{0};  // 1: the body ended by itself
  std::atomic<std::uint32_t> looked_after{
      0};  // 1: the supervisor has cleaned up, or started nothing
};

/// What came of cleaning up. It is printed at the end: restoring never waits for a terminal.
struct Cleaning {
  bool clean = true;  // false: something could not be ended or restored
  std::vector<std::string> lines;

  void fail(const std::string& line) {
    clean = false;
    lines.push_back(line);
  }
};

Fd pidfd_of(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

/// The signals of a user as something to poll for; nothing else is interrupted by them.
class Signals {
 public:
  static Result<Signals> block() {
    Signals signals;
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : kSignals) ::sigaddset(&set, number);
    ::sigprocmask(SIG_BLOCK, &set, &signals.before_);
    signals.file_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.file_) return errno_error("cannot wait for signals", errno);
    return signals;
  }
  int file() const { return file_.get(); }
  /// The next one, 0 if there is none.
  int take() const {
    signalfd_siginfo info{};
    return ::read(file_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                                  : 0;
  }
  void unblock() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  Fd file_;
  sigset_t before_{};
};

/// Kills what is left below us, then restores what journals of dead processes list.
void clean_up(Files& files, const std::filesystem::path& state, Cleaning& cleaning) {
  const auto [killed, stubborn] = end_descendants(files);
  if (!killed.empty())
    cleaning.lines.push_back("killed processes left by the run: " + listed(killed));
  if (!stubborn.empty()) cleaning.fail("cannot kill these processes: " + listed(stubborn));
  const auto journals = stale_journals(state);
  if (!journals) return cleaning.fail(journals.error().text());
  for (const auto& journal : *journals) {
    const auto problems = restore_journal(files, journal);
    for (const auto& problem : problems) cleaning.fail(problem.path + ": " + problem.what);
    if (problems.empty()) cleaning.lines.emplace_back("the machine was restored");
  }
}

/// Journalled like any other change; empty where there is none to have, which costs no promise:
/// descendants are then found by parentage.
std::string make_own_cgroup(const Files& files, StateGuard& guard) {
  const auto above = own_cgroup(files);
  if (!above) return {};
  const std::string path = fmt::format("{}/isolab-{}", *above, ::getpid());
  return guard.make_cgroup(path) ? path : std::string{};
}

/// The supervisor process. Returns the exit code of the whole.
class Keeper {
 public:
  Keeper(const Supervision& how, Shared& shared, const std::function<ExitCode(Lifeline)>& body)
      : how_(how), shared_(shared), body_(body), guard_(files_, how.state) {}

  ExitCode live(pid_t front) {
    ::prctl(PR_SET_PDEATHSIG, 0);  // it has to survive the parent's death
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const auto signals = Signals::block();
    const Fd front_file = pidfd_of(front);
    if (::getppid() != front) return ExitCode::failed;  // it died before we could watch it
    if (!signals) return give_up(signals.error());
    cgroup_ = make_own_cgroup(files_, guard_);
    const Lifeline lifeline(shared_.due_ns, {front, ::getpid()});
    auto run = Child::fork_into("isolab-run", how_.cpus,
                                [&] { return static_cast<int>(be_run(lifeline)); });
    if (!run) return give_up(run.error());
    const std::string why = watch(*signals, front, front_file, *run);
    const auto end = run->wait_for(Nanos{0});
    Cleaning cleaning;
    if (!why.empty()) cleaning.lines.push_back(why);
    clean_up_all(cleaning);
    shared_.looked_after.store(1);
    for (const auto& line : cleaning.lines) say(line);
    if (!cleaning.clean) return ExitCode::not_restored;
    if (killed_by_user_) return ExitCode::disturbed;
    if (!why.empty() || !end || end->signal != 0) return ExitCode::failed;
    return ExitCode{end->code};
  }

 private:
  /// Nothing was started.
  ExitCode give_up(const Error& error) {
    shared_.looked_after.store(1);
    return complain(error);
  }

  void clean_up_all(Cleaning& cleaning) {
    // The cgroup first: nothing in it forks faster than it is found by parentage.
    if (!cgroup_.empty())
      if (const auto killed = kill_cgroup(files_, cgroup_); !killed)
        cleaning.fail(killed.error().text());
    clean_up(files_, how_.state, cleaning);
    for (const auto& problem : guard_.restore()) cleaning.fail(problem.path + ": " + problem.what);
  }

  ExitCode be_run(const Lifeline& lifeline) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // it ends what a window left running (runner/execute.h)
    if (!cgroup_.empty())
      if (const auto in = enter_cgroup(files_, cgroup_); !in)
        say("continues without a separate cgroup: " + in.error().what);
    const ExitCode code = body_(lifeline);
    shared_.whole.store(1);
    return code;
  }

  /// Waits for the end of the run, or brings it about; says why when it did not end by itself.
  std::string watch(const Signals& signals, pid_t front, const Fd& front_file, Child& run) {
    const Fd run_file = pidfd_of(run.pid());
    int heard = 0;
    while (true) {
      const std::uint64_t now = mono_raw_ns(), due = shared_.due_ns.load();
      if (!run.running()) {
        const auto& exit = *run.exit();
        return exit.signal == 0 ? "" : fmt::format("the run was {}", exit.text());
      }
      if (now >= due) return kill(run, "the run exceeded its deadline and was killed");
      pollfd watched[] = {
          {run_file.get(), POLLIN, 0}, {front_file.get(), POLLIN, 0}, {signals.file(), POLLIN, 0}};
      // The run may move its deadline in the meantime; and without pidfd (before Linux 5.3) look
      // often.
      const bool blind = !run_file || !front_file;
      const std::uint64_t span =
          std::min<std::uint64_t>(due - now, blind ? 100'000'000 : 1'000'000'000);
      const timespec timeout{static_cast<time_t>(span / 1'000'000'000),
                             static_cast<long>(span % 1'000'000'000)};
      ::ppoll(watched, 3, &timeout, nullptr);
      if ((watched[1].revents & POLLIN) != 0 || ::getppid() != front)
        return kill(run, "the parent process was killed; the run is ended");
      if (const int number = signals.take(); number != 0) {
        if (number == kHandedOn) {
          run.signal(number);
          continue;
        }
        if (++heard == 2) {
          killed_by_user_ = true;
          return kill(run, "second request to stop: the run was killed");
        }
        run.signal(number);
      }
    }
  }

  static std::string kill(Child& run, const std::string& why) {
    run.stop(Nanos{0});
    return why;
  }

  const Supervision& how_;
  Shared& shared_;
  const std::function<ExitCode(Lifeline)>& body_;
  SystemFiles files_;
  StateGuard guard_;  // of the cgroup alone
  std::string cgroup_;
  bool killed_by_user_ = false;
};

/// Forwards signals until the supervisor has ended; a third one, or a supervisor that does not end
/// after the second, kills it.
void wait_for_keeper(const Signals& signals, Child& keeper) {
  const Fd file = pidfd_of(keeper.pid());
  int heard = 0;
  std::uint64_t last = 0;
  while (keeper.running()) {
    pollfd watched[] = {{file.get(), POLLIN, 0}, {signals.file(), POLLIN, 0}};
    const timespec second{1, 0}, tenth{0, 100'000'000};
    ::ppoll(watched, 2, !file ? &tenth : heard >= 2 ? &second : nullptr, nullptr);
    if (const int number = signals.take(); number != 0) {
      keeper.signal(number);
      if (number == kHandedOn) continue;
      ++heard;
      last = mono_raw_ns();
    }
    const auto waited = static_cast<Nanos::rep>(mono_raw_ns() - last);
    if (heard >= 3 || (heard == 2 && Nanos(waited) > kKeeperPatience)) {
      keeper.stop(Nanos{0});
      return;
    }
  }
}

}  // namespace

void Lifeline::expect_within(Nanos span) {
  due_ns_->store(mono_raw_ns() + static_cast<std::uint64_t>(span.count()));
}

Result<void> refuse_leftovers(const std::filesystem::path& state) {
  const auto journals = TRY(stale_journals(state));
  if (journals.empty()) return {};
  return leftover(SystemFiles(), journals.front());
}

Result<RunEnd> supervise(const Supervision& how, const std::function<ExitCode(Lifeline)>& body) {
  const RunLock lock = TRY(RunLock::take(how.lock.empty() ? how.state : how.lock, how.what));
  TRY(refuse_leftovers(how.state));
  SharedMemory memory = TRY(SharedMemory::create(sizeof(Shared)));
  auto& shared = *new (memory.data()) Shared;
  Lifeline(shared.due_ns).expect_within(how.first_limit);
  if (!how.cpus.empty()) TRY(pin_this_thread(how.cpus));
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  SystemFiles files;
  const Signals signals = TRY(Signals::block());
  const pid_t front = ::getpid();
  auto keeper = Child::fork_into("isolab-keeper", how.cpus, [&] {
    return static_cast<int>(Keeper(how, shared, body).live(front));
  });
  if (!keeper) {
    signals.unblock();
    return keeper.error();
  }
  wait_for_keeper(signals, *keeper);
  const Exit exit = keeper->exit().value_or(Exit{.code = static_cast<int>(ExitCode::failed)});
  RunEnd end{ExitCode{exit.code}, shared.whole.load() != 0};
  // Killed, or ended by an exception.
  if (exit.signal != 0 || shared.looked_after.load() == 0) {
    Cleaning cleaning;
    clean_up(files, how.state, cleaning);
    say(fmt::format("the supervisor ended early ({}); the run is ended", exit.text()));
    for (const auto& line : cleaning.lines) say(line);
    end.code = cleaning.clean ? ExitCode::failed : ExitCode::not_restored;
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  signals.unblock();
  return end;
}

}  // namespace isolab
