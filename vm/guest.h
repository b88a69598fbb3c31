// SPDX-License-Identifier: Apache-2.0
// isolab as PID 1 of a guest: mounts the kernel's filesystems, loads modules, runs the commands it
// finds, writes their output to the first disk, powers off. Never returns.
#pragma once

namespace isolab {

// Where things lie in the guest; vm/image.h puts them there.
inline constexpr char kGuestModules[] = "/isolab/modules";    // NN-name.ko
inline constexpr char kGuestCommands[] = "/isolab/commands";  // NN: words ended by NUL
/// Handed back as a whole. NN/stdout and NN/exit ("0", "signal 9") of each command,
/// dmesg, tainted, and whatever commands put there (`isolab run -o /out/recording`).
inline constexpr char kGuestOutput[] = "/out";
[[noreturn]] void run_guest_init();

}  // namespace isolab
