// SPDX-License-Identifier: Apache-2.0
// The boots of several sessions in guests, and which of them are missing.
#include "vm/sessions/guest_sessions.h"

#include <gmock/gmock.h>

namespace isolab {
namespace {

using testing::ElementsAre;

Profile kernels_profile(const std::string& design = "{measure: 1s}") {
  auto profile = read_profile_text("p.yaml", R"(name: p
question: q
probe: busy_loop
arms:
  base: {kernel: 6.1}
  new: {kernel: 6.12}
  load: {kernel: 6.12, workloads: [direct_map]}
matrix: {direct_map.pages: [1, 16]}
design: )" + design);
  EXPECT_TRUE(profile) << (profile ? "" : profile.error().what);
  return *profile;
}

TEST(GuestSessions, AreNamedByNumberAndFirstArm) {
  std::vector<std::string> names;
  for (const auto& session : plan_sessions(kernels_profile(), 2, "lab"))
    names.push_back(session.directory.string());
  EXPECT_THAT(names, ElementsAre("lab/session-01-base", "lab/session-01-new", "lab/session-02-new",
                                 "lab/session-02-base"));
  auto sessions = plan_sessions(kernels_profile("{measure: 1s, order: sequential}"), 2, "lab");
  EXPECT_EQ(sessions[1].directory, "lab/session-02-base");
  EXPECT_THAT(sessions[2].boot.arms, ElementsAre("new", "load pages=1", "load pages=16"));
  sessions[0].recorded = sessions[2].recorded = sessions[3].recorded = true;
  sessions[1].failure = "the x86_64 guest with kernel 6.1 failed: Oops\nits console ends with: ...";
  EXPECT_EQ(missing_sessions(sessions),
            "session-02-base (kernel 6.1): the x86_64 guest with kernel 6.1 failed: Oops");
  sessions[1].recorded = true;
  EXPECT_EQ(missing_sessions(sessions), "");
}

}  // namespace
}  // namespace isolab
