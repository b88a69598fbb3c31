// SPDX-License-Identifier: Apache-2.0
#include "host/cache_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "base/environment.h"
#include "host/os.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

/// Sets variables for one test and puts back what they were.
class Variables {
 public:
  explicit Variables(const std::map<std::string, std::string>& values) {
    for (const char* name : {"ISOLAB_CACHE", "XDG_CACHE_HOME", "HOME"}) {
      before_[name] = environment(name);
      const auto wanted = values.find(name);
      wanted == values.end() ? ::unsetenv(name) : ::setenv(name, wanted->second.c_str(), 1);
    }
  }
  ~Variables() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST(CacheDirectory, IsolabCacheIsForEverything) {
  const Variables set({{"ISOLAB_CACHE", "/big/disk"}, {"XDG_CACHE_HOME", "/x"}, {"HOME", "/h"}});
  EXPECT_EQ(cache_directory(), "/big/disk");
  EXPECT_EQ(user_cache_directory(), "/big/disk");
}

TEST(CacheDirectory, EmptyVariablesAreNotSet) {
  const Variables set({{"ISOLAB_CACHE", ""}, {"XDG_CACHE_HOME", ""}, {"HOME", "/h"}});
  EXPECT_EQ(user_cache_directory(), "/h/.cache/isolab");
  EXPECT_EQ(cache_directory(), is_root() ? "/var/cache/isolab" : "/h/.cache/isolab");
}

TEST(CacheDirectory, TheUsersCacheAndNoRelativeOne) {
  {
    const Variables set({{"XDG_CACHE_HOME", "/x"}, {"HOME", "/h"}});
    EXPECT_EQ(user_cache_directory(), "/x/isolab");
  }
  const Variables set(std::map<std::string, std::string>{{"XDG_CACHE_HOME", "x"}});
  EXPECT_EQ(user_cache_directory(), "");
  EXPECT_EQ(prepare_cache(user_cache_directory()).error().kind, ErrorKind::unsupported);
}

// A kernel tree that somebody else has put there would have its Makefile run.
TEST(CacheDirectory, WhatOthersMayHaveMadeIsRefused) {
  const test::TemporaryDirectory scratch;
  namespace fs = std::filesystem;
  const auto place = scratch / "deep" / "cache";
  ASSERT_TRUE(prepare_cache(place));
  ASSERT_TRUE(prepare_cache(place));
  fs::permissions(place, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(prepare_cache(place).error().kind, ErrorKind::denied);
  fs::permissions(place, fs::perms::others_write, fs::perm_options::remove);
  EXPECT_FALSE(check_cached(place / "none"));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(place.c_str(), 65534, 65534), 0);
  const auto refused = prepare_cache(place);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("user 65534"), std::string::npos);
}

}  // namespace
}  // namespace isolab
