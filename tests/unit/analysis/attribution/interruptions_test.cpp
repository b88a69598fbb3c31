// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/interruptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Interruptions, StacksBeginWhereTheySaySomething) {
  const std::vector<std::string> stack{"trace_event_raw_event_csd_queue_cpu+0x1/0x2",
                                       "smp_call_function_many_cond+0x1/0x2",
                                       "on_each_cpu_cond_mask+0x1/0x2",
                                       "flush_tlb_kernel_range+0x1/0x2",
                                       "secretmem_fault+0x1/0x2",
                                       "asm_exc_page_fault+0x1/0x2"};
  EXPECT_THAT(informative(stack, 4), ElementsAre("flush_tlb_kernel_range", "secretmem_fault"));
  EXPECT_THAT(informative(stack, 1), ElementsAre("flush_tlb_kernel_range"));
  EXPECT_THAT(informative({"generic_exec_single+0x1/0x2"}, 4), ElementsAre("generic_exec_single"));
  // Level C, seen on 6.1: the kprobe's own way stands before the sender's.
  EXPECT_THAT(informative({"kprobe_trace_func+0x1/0x2", "kprobe_dispatcher+0x1/0x2",
                           "kprobe_ftrace_handler+0x1/0x2", "ftrace_trampoline+0x1/0x2",
                           "smp_call_function_many_cond+0x1/0x2", "on_each_cpu_cond_mask+0x1/0x2",
                           "text_poke_bp_batch+0x1/0x2"},
                          4),
              ElementsAre("text_poke_bp_batch"));
  EXPECT_THAT(informative({}, 4), IsEmpty());
}

}  // namespace
}  // namespace isolab
