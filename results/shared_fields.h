// SPDX-License-Identifier: Apache-2.0
// Descriptions of what files of a recording and findings.json both hold.
#pragma once

#include "base/imported.h"
#include "base/plan.h"
#include "base/records.h"
#include "results/fields.h"

namespace isolab::codec {

void fields(auto& field, Is<Warning> auto& warning) {
  field("id", warning.id);
  field("seen", warning.seen);
  field("matters", warning.matters);
  field("advice", warning.advice);
}

void fields(auto& field, Is<Imported> auto& imported) {
  field("format", imported.format);
  field("files", imported.files);
  field("cannot_tell", imported.cannot_tell, "what the format does not have");
  field("checked", imported.checked, "what agrees with the files' own totals");
}

void fields(auto& field, Is<PlannedBoot> auto& boot) {
  field("kernel", boot.kernel, "as in the profile; empty: the default one");
  field("cmdline", boot.cmdline, "parameters that the profile adds to the command line");
}

}  // namespace isolab::codec
