// SPDX-License-Identifier: Apache-2.0
#include "workloads/contract/workload.h"

namespace isolab {

const std::vector<const WorkloadInfo*>& all_workloads() {
  static const std::vector<const WorkloadInfo*> list{
#define WORKLOAD(name) &workloads::name,
#include "workloads/workloads.def"
#undef WORKLOAD
  };
  return list;
}

const WorkloadInfo* find_workload(std::string_view name) {
  for (const auto* info : all_workloads())
    if (info->name == name) return info;
  return nullptr;
}

}  // namespace isolab
