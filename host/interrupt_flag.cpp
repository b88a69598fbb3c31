// SPDX-License-Identifier: Apache-2.0
#include "host/interrupt_flag.h"

#include <csignal>
#include <initializer_list>

namespace isolab {
namespace {
volatile std::sig_atomic_t last_signal = 0;
void note(int number) { last_signal = number; }
}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

int interrupted_by() { return last_signal; }

}  // namespace isolab
