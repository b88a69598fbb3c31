// SPDX-License-Identifier: Apache-2.0
// The state guard on a machine made of text: what it writes, puts back, leaves alone and reports.
#include "host/guard.h"

#include <unistd.h>

#include <cerrno>

#include "tests/support/guarded_machine.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Guard = test::GuardedMachine;
using test::WatchedFiles;

TEST_F(Guard, WritesAndPutsBack) {
  const auto before = files_.contents();
  {
    StateGuard guard(files_, directory_);
    EXPECT_THAT(journals(), IsEmpty());
    ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
    EXPECT_EQ(*files_.read("/proc/sys/a"), "2");
    EXPECT_THAT(guard.restore(), IsEmpty());
    EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
    EXPECT_THAT(journals(), IsEmpty());
  }
  EXPECT_THAT(files_.log(), ElementsAre("write /proc/sys/a 2", "write /proc/sys/a 1"));
  EXPECT_EQ(before.size(), files_.contents().size());
}

TEST_F(Guard, TheJournalNamesTheOriginalBeforeTheWrite) {
  WatchedFiles watched(files_);
  int seen = 0;
  watched.before_change = [&](const std::string& path) {
    ++seen;
    EXPECT_THAT(journal(), HasSubstr(path == "/proc/sys/a" ? "value /proc/sys/a 1 2"
                                                           : "directory /sys/t/isolab"));
  };
  StateGuard guard(watched, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  ASSERT_TRUE(guard.make_dir("/sys/t/isolab"));
  EXPECT_EQ(seen, 2);
  watched.before_change = nullptr;
}

TEST_F(Guard, NothingIsWrittenWithoutAJournal) {
  if (::geteuid() == 0) {
    StateGuard guard(files_, "/proc/nowhere");  // procfs takes no directories, even from root
    EXPECT_FALSE(guard.set("/proc/sys/a", "2"));
    EXPECT_FALSE(guard.make_dir("/sys/t/isolab"));
    EXPECT_FALSE(guard.claim("/proc/sys/a"));
  } else {
    StateGuard guard(files_, "/nowhere");
    EXPECT_FALSE(guard.set("/proc/sys/a", "2"));
  }
  EXPECT_THAT(files_.log(), IsEmpty());
}

TEST_F(Guard, RestoresInReverseDownToTheMark) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  const std::size_t mark = guard.mark();
  ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
  ASSERT_TRUE(guard.make_dir("/sys/t/isolab"));
  ASSERT_TRUE(guard.set("/proc/sys/a", "3"));
  EXPECT_THAT(guard.restore_to(mark), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "2");
  EXPECT_EQ(*files_.read("/proc/sys/c"), "0");
  EXPECT_FALSE(files_.exists("/sys/t/isolab"));
  EXPECT_THAT(guard.entries(), SizeIs(1));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_THAT(files_.log(),
              ElementsAre("write /proc/sys/a 2", "write /proc/sys/c 5", "mkdir /sys/t/isolab",
                          "write /proc/sys/a 3", "write /proc/sys/a 2", "rmdir /sys/t/isolab",
                          "write /proc/sys/c 0", "write /proc/sys/a 1"));
}

TEST_F(Guard, TheDestructorRestores) {
  {
    StateGuard guard(files_, directory_);
    ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  }
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, EqualValuesAreNotWritten) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "1"));
  ASSERT_TRUE(guard.set("/proc/sys/a", "0x1"));
  ASSERT_TRUE(guard.set("/proc/sys/b", "always"));
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_THAT(guard.entries(), IsEmpty());
}

TEST_F(Guard, BracketedValuesRestoreTheChosenWord) {
  files_.normalise("/proc/sys/b", "always madvise [never]\n");
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/b", "never"));
  files_.normalise("/proc/sys/b", "[always] madvise never\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(files_.log().back(), "write /proc/sys/b always");
}

TEST_F(Guard, NormalisedValuesAreOurs) {
  files_.normalise("/proc/sys/mask", "00000000,00000003\n");
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/mask", "3"));
  files_.normalise("/proc/sys/mask", "0000000f\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(files_.log().back(), "write /proc/sys/mask f");
}

TEST_F(Guard, AValueTheKernelDidNotTakeIsAnErrorAndIsPutBack) {
  files_.normalise("/proc/sys/a", "7\n");
  StateGuard guard(files_, directory_);
  const auto set = guard.set("/proc/sys/a", "9");
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().what,
              testing::AllOf(HasSubstr("/proc/sys/a"), HasSubstr("\"9\""), HasSubstr("\"7\"")));
  files_.normalise("/proc/sys/a", "1\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1\n");
}

TEST_F(Guard, ARefusedWriteLeavesNothingToRestore) {
  files_.fail_writes("/proc/sys/a", EINVAL);
  StateGuard guard(files_, directory_);
  EXPECT_FALSE(guard.set("/proc/sys/a", "2"));
  EXPECT_THAT(guard.entries(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, WhatCannotBeReadIsNotWritten) {
  StateGuard guard(files_, directory_);
  EXPECT_EQ(guard.set("/proc/sys/none", "1").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(guard.claim("/proc/sys/none").error().kind, ErrorKind::unsupported);
  EXPECT_THAT(files_.log(), IsEmpty());
}

TEST_F(Guard, SomebodyElsesChangeIsLeftAloneAndReported) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
  ASSERT_TRUE(files_.write("/proc/sys/a", "99"));
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].path, "/proc/sys/a");
  EXPECT_THAT(problems[0].what,
              testing::AllOf(HasSubstr("\"1\""), HasSubstr("\"2\""), HasSubstr("\"99\"")));
  EXPECT_EQ(*files_.read("/proc/sys/a"), "99");
  EXPECT_EQ(*files_.read("/proc/sys/c"), "0");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, WhateverAKnobHoldsIsOurs) {
  StateGuard guard(files_, directory_);
  const auto knob = guard.claim("/proc/sys/a");
  ASSERT_TRUE(knob);
  EXPECT_EQ(knob->original(), "1");
  EXPECT_THAT(files_.log(), IsEmpty());
  for (const char* value : {"5", "6", "7"}) ASSERT_TRUE(knob->write(value));
  EXPECT_EQ(*knob->read(), "7");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
}

TEST_F(Guard, AFailedRestoreGoesOnAndKeepsItsJournal) {
  std::filesystem::path kept;
  {
    StateGuard guard(files_, directory_);
    ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
    ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
    files_.fail_writes("/proc/sys/c", EIO);
    const auto problems = guard.restore();
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].path, "/proc/sys/c");
    EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
    ASSERT_THAT(journals(), SizeIs(1));
    EXPECT_THAT(journal(), testing::Not(HasSubstr("/proc/sys/a")));
  }
  EXPECT_THAT(journal(), HasSubstr("value /proc/sys/c 0 5"));
}

TEST_F(Guard, ARestoredValueThatDoesNotStickIsReported) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  files_.normalise("/proc/sys/a", "2\n");
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].what, HasSubstr("reads \"2\""));
}

TEST_F(Guard, ADirectoryThatExistsIsNotOurs) {
  MemoryFiles files{{{"/sys/t/isolab_taken/", ""}}};
  StateGuard guard(files, directory_);
  EXPECT_EQ(guard.make_dir("/sys/t/isolab_taken").error().kind, ErrorKind::busy);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_TRUE(files.exists("/sys/t/isolab_taken"));
}

TEST_F(Guard, ADirectoryThatIsGoneAlreadyIsFine) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.make_dir("/sys/t/isolab"));
  ASSERT_TRUE(files_.remove_dir("/sys/t/isolab"));
  EXPECT_THAT(guard.restore(), IsEmpty());
}

TEST_F(Guard, AnEmptyOriginalIsWrittenAsANewline) {
  MemoryFiles files{{{"/proc/sys/e", "\n"}}};
  StateGuard guard(files, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/e", "x"));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_THAT(files.log(), ElementsAre("write /proc/sys/e x", "write /proc/sys/e \n"));
}

TEST_F(Guard, ALateValueIsWaitedFor) {
  files_.settle_late("/proc/sys/a", 3);
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  EXPECT_EQ(guard.entries().at(0).stored, "2");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
}

TEST_F(Guard, AValueThatArrivesAfterThePatienceIsStillOurs) {
  files_.settle_late("/proc/sys/a", 7);
  StateGuard guard(files_, directory_);
  EXPECT_FALSE(guard.set("/proc/sys/a", "2"));  // five looks, still the old value
  EXPECT_THAT(journal(), HasSubstr("value /proc/sys/a 1 2 % 0"));
  files_.settle_late("/proc/sys/a", 0);
  EXPECT_THAT(guard.restore(), IsEmpty());  // two more looks, and it has arrived
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, AJournalThatCannotBeShortenedIsNoProblemOnceAllIsBack) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
  // The next one is written beside it: a directory of that name stands for a full disk.
  std::filesystem::create_directory(journals().at(0).string() + ".new");
  EXPECT_FALSE(guard.set("/proc/sys/mask", "1"));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_EQ(*files_.read("/proc/sys/c"), "0");
  std::filesystem::remove(journals().at(0));
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, ABusyFileIsTriedAgainInBothDirections) {
  files_.fail_writes("/proc/sys/a", EBUSY, 3);
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  ASSERT_TRUE(guard.make_dir("/sys/t/isolab"));
  files_.fail_writes("/proc/sys/a", EBUSY, 2);
  files_.fail_writes("/sys/t/isolab", EBUSY, 2);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_FALSE(files_.exists("/sys/t/isolab"));
}

TEST_F(Guard, AFileThatStaysBusyIsReportedAndStaysInTheJournal) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
  ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
  files_.fail_writes("/proc/sys/c", EBUSY);
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].path, "/proc/sys/c");
  EXPECT_EQ(*files_.read("/proc/sys/a"), "1");
  EXPECT_THAT(journal(), HasSubstr("value /proc/sys/c 0 5 5 0"));
}

TEST_F(Guard, AKprobeIsDefinedOnceAndRemovedIfItIsStillThere) {
  MemoryFiles files{{{"/sys/kprobe_events", "p:other/x f\n"}}};
  StateGuard guard(files, directory_);
  ASSERT_TRUE(guard.define_kprobe("/sys/kprobe_events", "isolab/x", "p:isolab/x f"));
  EXPECT_THAT(journal(), HasSubstr("kprobe /sys/kprobe_events isolab/x\n"));
  EXPECT_EQ(guard.define_kprobe("/sys/kprobe_events", "isolab/x", "p:isolab/x f").error().kind,
            ErrorKind::busy);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_THAT(files.log(), ElementsAre("write /sys/kprobe_events p:isolab/x f\n",
                                       "write /sys/kprobe_events -:isolab/x\n"));

  ASSERT_TRUE(files.write("/sys/kprobe_events", "p:isolab/xy f\n"));
  ASSERT_TRUE(guard.define_kprobe("/sys/kprobe_events", "isolab/x", "p:isolab/x f"));
  ASSERT_TRUE(files.write("/sys/kprobe_events",
                          "p:isolab/xy f\n"));  // removed by its user, another one is there
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files.read("/sys/kprobe_events"), "p:isolab/xy f\n");
}

TEST_F(Guard, ARefusedKprobeLeavesNothing) {
  MemoryFiles files{{{"/sys/kprobe_events", ""}}};
  files.fail_writes("/sys/kprobe_events", ENOENT);
  StateGuard guard(files, directory_);
  EXPECT_FALSE(
      guard.define_kprobe("/sys/kprobe_events", "isolab/x", "p:isolab/x no_such_function"));
  EXPECT_THAT(guard.entries(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

}  // namespace
}  // namespace isolab
