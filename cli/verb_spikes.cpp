// SPDX-License-Identifier: Apache-2.0
// The verb spikes: the worst gaps of a recording. Runs anywhere.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "cli/finish_report.h"
#include "report/spikes.h"
#include "results/recording.h"
#include "runner/complain.h"

namespace isolab {

ExitCode spikes_command(const SpikesRequest& request) {
  const auto text = [&]() -> Result<std::string> {
    SpikeOptions options;
    options.over = TRY(parse_duration(request.over));
    options.limit = request.limit;
    options.own_rules = TRY(read_rules(request.classes));
    const auto recording = TRY(load_recording(request.recording));
    return request.json ? spikes_to_json(recording, options) : render_spikes(recording, options);
  }();
  if (!text) return complain(text.error());
  request.json ? print_as_json(*text) : print(*text);
  return ExitCode::done;
}

}  // namespace isolab
