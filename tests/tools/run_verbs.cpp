// SPDX-License-Identifier: Apache-2.0
// run_verbs OUT ERR CPU_SECONDS WALL_SECONDS MEMORY_MB: carries out command lines of isolab without
// starting it for each (mutate_recordings.py): a fork of this process does so many of them, then
// the next one; what goes wrong in one ends its fork.
//   stdin   a line each: its words, between tabs
//   stdout  a line each: exit code or minus a signal, ms of processor time, MiB of memory at most
// What the verb prints is in the files OUT and ERR until the next one. It is killed after so much
// time or memory; without a sanitizer, whose shadow is address space, the latter is a limit of its
// own.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

int isolab_main(int argc, char** argv);  // cli/main.cpp, compiled with this name

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kShadow = true;
#elif defined(__has_feature)
constexpr bool kShadow = __has_feature(address_sanitizer);
#else
constexpr bool kShadow = false;
#endif

constexpr int kVerbsOfAFork = 100;

struct Limits {
  std::string out, err;
  rlim_t cpu_s = 0;
  long wall_s = 0;
  rlim_t memory_mb = 0;
};

struct Ended {
  int code = 0;
  long milliseconds = 0, megabytes = 0;
};

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words{"isolab"};
  for (std::size_t at = 0; at <= line.size();) {
    const auto tab = std::min(line.find('\t', at), line.size());
    words.push_back(line.substr(at, tab - at));
    at = tab + 1;
  }
  return words;
}

Ended used_by(int who, int code) {
  rusage used{};
  ::getrusage(who, &used);
  return {code,
          (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
              (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000,
          used.ru_maxrss >> 10};
}

bool becomes(int standard, const std::string& file, int flags) {
  const int opened = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  const bool done = opened >= 0 && ::dup2(opened, standard) == standard;
  ::close(opened);
  return done;
}

/// The limit of processor time is one of the process: it moves on from verb to verb.
bool limit_verb(const Limits& limits, const Ended& before) {
  const rlim_t seconds = static_cast<rlim_t>(before.milliseconds) / 1000 + limits.cpu_s + 1;
  const rlimit cpu{seconds, RLIM_INFINITY};
  return ::setrlimit(RLIMIT_CPU, &cpu) == 0;
}

/// In a fork: command lines from one pipe, their ends into the other.
[[noreturn]] void carry_out(const Limits& limits, FILE* lines, FILE* ends) {
  const rlimit core{0, 0}, memory{limits.memory_mb << 20, limits.memory_mb << 20};
  if (::setrlimit(RLIMIT_CORE, &core) != 0 || !becomes(0, "/dev/null", O_RDONLY) ||
      (!kShadow && ::setrlimit(RLIMIT_AS, &memory) != 0))
    ::_exit(98);
  char* text = nullptr;
  std::size_t room = 0;
  ssize_t size = 0;
  while ((size = ::getline(&text, &room, lines)) > 1) {
    auto words = words_of({text, static_cast<std::size_t>(size - 1)});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const Ended before = used_by(RUSAGE_SELF, 0);
    constexpr int kAnew = O_WRONLY | O_CREAT | O_TRUNC;
    if (!becomes(1, limits.out, kAnew) || !becomes(2, limits.err, kAnew) ||
        !limit_verb(limits, before))
      ::_exit(98);
    const int code = isolab_main(static_cast<int>(words.size()), arguments.data());
    const Ended after = used_by(RUSAGE_SELF, code);
    std::fprintf(ends, "%d %ld %ld\n", code, after.milliseconds - before.milliseconds,
                 after.megabytes);
    std::fflush(ends);
  }
  ::_exit(0);  // nothing is left to a destructor, and a sanitizer takes long to end
}

/// A fork that carries out command lines.
class Worker {
 public:
  explicit Worker(const Limits& limits) : limits_(limits) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { end(); }

  Ended verb(const std::string& line) {
    if (pid_ < 0) start();
    const Ended ended = wait_for(line);
    if (pid_ >= 0 && --left_ == 0) end();
    return ended;
  }

 private:
  void start() {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) std::exit(1);
    pid_ = ::fork();
    if (pid_ < 0) std::exit(1);
    if (pid_ == 0) {
      ::close(to[1]);
      ::close(from[0]);
      carry_out(limits_, ::fdopen(to[0], "r"), ::fdopen(from[1], "w"));
    }
    ::close(to[0]);
    ::close(from[1]);
    lines_ = ::fdopen(to[1], "w");
    ends_ = ::fdopen(from[0], "r");
    left_ = kVerbsOfAFork;
  }

  /// Its end, or that of the process, which a limit may bring about.
  Ended wait_for(const std::string& line) {
    std::fprintf(lines_, "%s\n", line.c_str());
    std::fflush(lines_);
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(limits_.wall_s);
    pollfd waited{::fileno(ends_), POLLIN, 0};
    while (::poll(&waited, 1, 100) == 0)
      if (megabytes_now() > limits_.memory_mb || std::chrono::steady_clock::now() > last)
        ::kill(pid_, SIGKILL);
    Ended ended;
    if (std::fscanf(ends_, "%d %ld %ld", &ended.code, &ended.milliseconds, &ended.megabytes) == 3)
      return ended;
    return used_by(RUSAGE_CHILDREN, end());
  }

  int end() {
    if (pid_ < 0) return 0;
    std::fclose(lines_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    std::fclose(ends_);
    pid_ = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  rlim_t megabytes_now() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    rlim_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) >> 20;
  }

  const Limits& limits_;
  pid_t pid_ = -1;
  FILE *lines_ = nullptr, *ends_ = nullptr;
  int left_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 1;
  std::signal(SIGPIPE, SIG_IGN);  // of a fork that is gone before it has read its line
  const Limits limits{argv[1], argv[2], std::stoul(argv[3]), std::stol(argv[4]),
                      std::stoul(argv[5])};
  Worker worker(limits);
  for (std::string line; std::getline(std::cin, line);) {
    const Ended ended = worker.verb(line);
    std::printf("%d %ld %ld\n", ended.code, ended.milliseconds, ended.megabytes);
    std::fflush(stdout);
  }
  return 0;
}
