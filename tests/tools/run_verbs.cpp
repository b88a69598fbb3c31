// SPDX-License-Identifier: Apache-2.0
// run_verbs OUT ERR CPU_SECONDS WALL_SECONDS MEMORY_MB: carries out command lines of isolab in
// forks of itself, so that thousands of them start no program each (mutate_recordings.py).
//   stdin   a line each: its words, between tabs
//   stdout  a line each: exit code or minus a signal, ms of processor time, MiB of memory at most
// What the verb prints is in the files OUT and ERR until the next one. It is killed after so much
// time or memory; without a sanitizer, whose shadow is address space, the latter is a limit of its
// own.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

struct Limits {
  std::string out, err;
  rlim_t cpu_s = 0;
  long wall_s = 0;
  rlim_t memory_mb = 0;
};

[[noreturn]] void be_verb(const Limits& limits, std::vector<std::string>& words) {
  const rlimit cpu{limits.cpu_s, limits.cpu_s}, core{0, 0};
  const rlimit memory{limits.memory_mb << 20, limits.memory_mb << 20};
  bool ready = ::setrlimit(RLIMIT_CPU, &cpu) == 0 && ::setrlimit(RLIMIT_CORE, &core) == 0 &&
               (kShadow || ::setrlimit(RLIMIT_AS, &memory) == 0);
  const auto becomes = [&](int standard, const char* file, int flags) {
    const int opened = ::open(file, flags, 0600);
    ready = ready && opened >= 0 && ::dup2(opened, standard) == standard;
    ::close(opened);
  };
  becomes(0, "/dev/null", O_RDONLY);
  becomes(1, limits.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  becomes(2, limits.err.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  if (!ready) ::_exit(98);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::exit(isolab_main(static_cast<int>(words.size()), arguments.data()));
}

/// What is resident now, in MiB.
rlim_t memory_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  rlim_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

/// Its end, which a limit may bring about.
int wait_for(pid_t pid, const Limits& limits, rusage& used) {
  const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(limits.wall_s);
  pollfd waited{ended, POLLIN, 0};
  while (::poll(&waited, 1, 100) == 0)
    if (memory_of(pid) > limits.memory_mb || std::chrono::steady_clock::now() > last)
      ::kill(pid, SIGKILL);
  ::close(ended);
  int status = 0;
  if (::wait4(pid, &status, 0, &used) != pid) return 97;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words{"isolab"};
  for (std::size_t at = 0; at <= line.size();) {
    const auto tab = std::min(line.find('\t', at), line.size());
    words.push_back(line.substr(at, tab - at));
    at = tab + 1;
  }
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 1;
  const Limits limits{argv[1], argv[2], std::stoul(argv[3]), std::stol(argv[4]),
                      std::stoul(argv[5])};
  for (std::string line; std::getline(std::cin, line);) {
    auto words = words_of(line);
    const pid_t pid = ::fork();
    if (pid < 0) return 1;
    if (pid == 0) be_verb(limits, words);
    rusage used{};
    const int code = wait_for(pid, limits, used);
    const auto milliseconds = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                              (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
    std::printf("%d %ld %ld\n", code, static_cast<long>(milliseconds), used.ru_maxrss >> 10);
    std::fflush(stdout);
  }
  return 0;
}
