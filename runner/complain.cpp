// SPDX-License-Identifier: Apache-2.0
#include "runner/complain.h"

#include "base/exit_code.h"
#include "base/output.h"
#include "host/interrupt_flag.h"

namespace isolab {

int complain(const Error& error) {
  say(error.text());
  if (error.kind == ErrorKind::interrupted && interrupted_by() != 0) return kDisturbed;
  return error.kind == ErrorKind::unsupported ? kNotApplicable : kFailed;
}

int end_output(int code) {
  const auto all = printed();
  if (all) return code;
  if (all.error().kind != ErrorKind::interrupted) say(all.error().text());
  return code == kDone ? int{kFailed} : code;
}

}  // namespace isolab
