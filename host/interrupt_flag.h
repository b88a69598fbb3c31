// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM as a question instead of a surprise.
#pragma once

namespace isolab {

/// From now on SIGINT, SIGTERM and SIGHUP only set a flag; a second one within the same run does
/// too.
void catch_interrupts();
/// The signal that came, 0 if none did.
int interrupted_by();

/// From now on SIGUSR1 is only counted.
void count_user_signals();
int user_signals();

}  // namespace isolab
