// SPDX-License-Identifier: Apache-2.0
// Arms that a profile's matrix made of one: "secret" stands for "secret pages=1", "secret
// pages=16". Two such families are compared value by value.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

/// The arm of this name, or one that the matrix made of it; every arm is of "".
bool is_of(const std::string& name, const std::string& arm);

/// The session has windows of the arm that count.
bool has_arm(const Findings& session, const std::string& arm);
/// In some session of each group.
bool is_in_all(const std::vector<SessionGroup>& groups, const std::string& arm);

/// No arm is named exactly so, but the matrix made some of it.
bool is_family(const Findings& findings, const std::string& arm);

/// The findings of these arms alone, each under what the matrix added ("pages=16").
Findings only_family(const Findings& findings, const std::string& family);

/// The groups as they are compared: if every group names a family, its sessions contain only that
/// family and all their arms are compared; otherwise unchanged.
class FamilyGroups {
 public:
  explicit FamilyGroups(const std::vector<SessionGroup>& asked);
  const std::vector<SessionGroup>& groups() const { return groups_; }

 private:
  std::vector<std::unique_ptr<Findings>> kept_;
  std::vector<SessionGroup> groups_;
};

}  // namespace isolab
