// SPDX-License-Identifier: Apache-2.0
// The only file that knows hwloc. Its x86 component is left out: it binds itself to each CPU in
// turn to ask cpuid, which would run us on isolated CPUs; the Linux component reads sysfs.
#include <fmt/format.h>
#include <hwloc.h>

#include <memory>
#include <string>

#include "host/facts/facts.h"

namespace isolab {
namespace {

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;

Topology load() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return nullptr;
  Topology topology(raw);
  hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
  hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  if (hwloc_topology_load(raw) != 0) return nullptr;
  return topology;
}

std::string cpu_list(hwloc_const_cpuset_t set) {
  CpuSet cpus;
  if (set != nullptr)
    for (int cpu = hwloc_bitmap_first(set); cpu >= 0; cpu = hwloc_bitmap_next(set, cpu))
      cpus.add(cpu);
  return cpus.list();
}

/// One key per object of a type: "topology.package.0" = "0-15".
void add_objects(Facts& facts, hwloc_topology_t topology, hwloc_obj_type_t type, const char* name) {
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr)
    facts[fmt::format("topology.{}.{}", name, object->logical_index)] = cpu_list(object->cpuset);
}

void add_count(Facts& facts, hwloc_topology_t topology, hwloc_obj_type_t type, const char* name) {
  const int count = hwloc_get_nbobjs_by_type(topology, type);
  if (count >= 0) facts[fmt::format("topology.{}", name)] = std::to_string(count);
}

}  // namespace

void add_topology(Facts& facts) {
  const Topology topology = load();
  if (!topology) {
    facts["topology"] = "unknown: hwloc could not read it";
    return;
  }
  add_count(facts, topology.get(), HWLOC_OBJ_PACKAGE, "packages");
  add_count(facts, topology.get(), HWLOC_OBJ_NUMANODE, "numa_nodes");
  add_count(facts, topology.get(), HWLOC_OBJ_L3CACHE, "l3_caches");
  add_count(facts, topology.get(), HWLOC_OBJ_CORE, "cores");
  add_count(facts, topology.get(), HWLOC_OBJ_PU, "cpus");
  add_objects(facts, topology.get(), HWLOC_OBJ_PACKAGE, "package");
  add_objects(facts, topology.get(), HWLOC_OBJ_NUMANODE, "numa_node");
  add_objects(facts, topology.get(), HWLOC_OBJ_L3CACHE, "l3_cache");
  add_objects(facts, topology.get(), HWLOC_OBJ_CORE, "core");

  hwloc_obj_t node = nullptr;
  while ((node = hwloc_get_next_obj_by_type(topology.get(), HWLOC_OBJ_NUMANODE, node)) != nullptr)
    facts[fmt::format("topology.numa_node.{}.memory_bytes", node->logical_index)] =
        std::to_string(node->attr->numanode.local_memory);
}

}  // namespace isolab
