// SPDX-License-Identifier: Apache-2.0
// The keys `kernel:` and `cmdline+:` of an arm: the boot it belongs to.
#include <algorithm>

#include "base/command_line.h"
#include "base/text.h"
#include "plan/arm_boots.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"

namespace isolab {
namespace {

using Kind = YamlNode::Kind;

constexpr const char* kKernelForms =
    "a name of `isolab vm kernels` (6.12, 6.12-rt), a release, or the path of a .deb or an image";
constexpr const char* kCmdlineForms = "words of a kernel command line: \"mitigations=off\"";

constexpr std::size_t kLongestKernel = 256;
constexpr std::size_t kLongestCmdline = 2048;  // COMMAND_LINE_SIZE of x86 and arm64

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != ','; }

void read_kernel(ProfileValues& values, const YamlNode& node, std::string& out) {
  if (node.kind != Kind::scalar || node.scalar.empty())
    return values.wrong(
        node, "kernel: is " + std::string(node.kind == Kind::scalar ? "empty" : node.kind_word()),
        kKernelForms);
  if (node.scalar.size() > kLongestKernel || node.scalar[0] == '-' ||
      !std::all_of(node.scalar.begin(), node.scalar.end(), is_plain) ||
      node.scalar == kDefaultKernel)
    return values.wrong(node, "kernel: " + node.quoted() + " is not a kernel name", kKernelForms);
  out = node.scalar;
}

void read_cmdline(ProfileValues& values, const YamlNode& node, std::string& out) {
  if (node.kind != Kind::scalar || node.scalar.empty())
    return values.wrong(
        node, "cmdline+: is " + std::string(node.kind == Kind::scalar ? "empty" : node.kind_word()),
        kCmdlineForms);
  const auto& text = node.scalar;
  const auto is_bad = [](char c) { return c != ' ' && (c < ' ' || c >= 0x7f); };
  if (text.size() > kLongestCmdline)
    return values.wrong(node, "cmdline+: is too long",
                        "at most " + std::to_string(kLongestCmdline) + " characters");
  if (std::any_of(text.begin(), text.end(), is_bad))
    return values.wrong(node, "cmdline+: has characters that a command line cannot contain",
                        "printable ASCII on one line");
  if (std::count(text.begin(), text.end(), '"') % 2 != 0)
    return values.wrong(node, "cmdline+: " + node.quoted() + " has an open quote",
                        "quotes in pairs");
  for (const auto& word : command_line_words(text)) {
    if (word == "--")
      return values.wrong(node, "cmdline+: \"--\" ends the kernel's parameters", kCmdlineForms);
    append_item(out, " ", word);
  }
}

}  // namespace

void read_boot(ProfileValues& values, const YamlNode& node, ProfileArm& arm) {
  const auto* kernel = node.find("kernel");
  const auto* cmdline = node.find("cmdline+");
  if (kernel == nullptr && cmdline == nullptr) return;
  arm.boot.emplace();
  if (kernel != nullptr) read_kernel(values, *kernel, arm.boot->kernel);
  if (cmdline != nullptr) read_cmdline(values, *cmdline, arm.boot->cmdline);
}

}  // namespace isolab
