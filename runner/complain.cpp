// SPDX-License-Identifier: Apache-2.0
#include "runner/complain.h"

#include "base/output.h"
#include "host/interrupt_flag.h"

namespace isolab {

ExitCode complain(const Error& error) {
  say(error.text());
  if (error.kind == ErrorKind::interrupted && interrupted_by() != 0) return ExitCode::disturbed;
  return error.kind == ErrorKind::unsupported ? ExitCode::not_applicable : ExitCode::failed;
}

ExitCode end_output(ExitCode code) {
  const auto all = printed();
  if (all) return code;
  if (all.error().kind != ErrorKind::interrupted) say(all.error().text());
  return code == ExitCode::done ? ExitCode::failed : code;
}

}  // namespace isolab
