// SPDX-License-Identifier: Apache-2.0
#include "host/cache_directory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "base/environment.h"
#include "host/os.h"

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
  EXPECT_EQ(user_cache_directory(), "/tmp/.cache/isolab");
}

}  // namespace
}  // namespace isolab
