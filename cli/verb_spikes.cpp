// SPDX-License-Identifier: Apache-2.0
// The verb spikes: the worst gaps of a recording. Runs anywhere.
#include <memory>

#include "base/output.h"
#include "cli/finish_report.h"
#include "cli/report_output.h"
#include "cli/shared_options.h"
#include "report/spikes.h"
#include "results/recording.h"

namespace isolab {
namespace {

struct SpikesRequest {
  std::filesystem::path recording;
  std::string over = "0";  // a duration
  std::size_t limit = 20;
  std::string classes;
  bool json = false;
  std::string color = "auto";
};

Result<ExitCode> print_spikes(const SpikesRequest& request) {
  SpikeOptions options;
  options.over = TRY(parse_duration(request.over));
  options.limit = request.limit;
  options.own_rules = TRY(read_rules(request.classes));
  const auto recording = TRY(load_recording(request.recording));
  if (request.json)
    print_as_json(TRY(spikes_to_json(recording, options)));
  else
    print_report_text(TRY(render_spikes(recording, options)), report_output(request.color));
  return ExitCode::done;
}

}  // namespace

Verb verb_spikes() {
  const auto request = std::make_shared<SpikesRequest>();
  return {"spikes",
          "print the longest gaps of a traced recording, each with its causes",
          {json_flag(request->json),
           recording_argument(request->recording),
           {"--over", &request->over, "only gaps longer than this, such as 50us"},
           Option{"--limit", &request->limit, "number of gaps"}.show_default().between(1, 100000),
           classes_option(request->classes),
           color_option(request->color)},
          [request](const Call&) { return print_spikes(*request); }};
}

}  // namespace isolab
