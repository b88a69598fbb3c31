// SPDX-License-Identifier: Apache-2.0
#include "host/interrupt_flag.h"

#include <csignal>
#include <initializer_list>

namespace isolab {
namespace {
volatile std::sig_atomic_t last_signal = 0;
volatile std::sig_atomic_t user_signals_seen = 0;
void note(int number) { last_signal = number; }
void count_user_signal(int) { user_signals_seen = user_signals_seen + 1; }
}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

int interrupted_by() { return last_signal; }

void count_user_signals() {
  struct sigaction action {};
  action.sa_handler = count_user_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
}

int user_signals() { return user_signals_seen; }

}  // namespace isolab
