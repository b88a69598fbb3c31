// SPDX-License-Identifier: Apache-2.0
// The verb man: prints a manual page, or writes all of them.
#include <fmt/format.h>

#include <memory>

#include "base/output.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/man_pages.h"

namespace isolab {
namespace {

struct ManOptions {
  std::string page = "isolab";
  std::filesystem::path into;  // a directory for all pages; empty: print `page`
};

Result<ExitCode> write_all(const std::vector<ManPage>& pages, const std::filesystem::path& into) {
  std::error_code error;
  std::filesystem::create_directories(into, error);
  if (error) return errno_error("cannot make " + into.string(), error.value());
  for (const auto& page : pages)
    TRY(write_text_file(into / fmt::format("{}.{}", page.name, page.section), page.text));
  return ExitCode::done;
}

Result<ExitCode> man(const ManOptions& options, const Call& call) {
  const auto pages = man_pages(call.verbs);
  if (!options.into.empty()) return write_all(pages, options.into);
  std::vector<std::string> names;
  for (const auto& page : pages) {
    if (page.name == options.page) {
      print(page.text);
      return ExitCode::done;
    }
    names.push_back(page.name);
  }
  return Error{ErrorKind::usage, "there is no manual page \"" + options.page + "\"",
               "one of " + join(names, ", ")};
}

}  // namespace

Verb verb_man() {
  const auto options = std::make_shared<ManOptions>();
  return {.name = "man",
          .summary = "print a manual page in the format of man(7)",
          .options = {{"page", &options->page, "isolab, isolab-run, isolab-profile ..."},
                      {"--into", &options->into, "write all pages into this directory"}},
          .act = [options](const Call& call) { return man(*options, call); },
          .hidden = true};
}

}  // namespace isolab
