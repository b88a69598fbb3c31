// SPDX-License-Identifier: Apache-2.0
// The state guard on a machine made of text, killed at every point.
#include "host/guard.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "host/journal.h"
#include "host/restore.h"
#include "host/run_lock.h"
#include "host/state_directory.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Calls back before and after every change; `crash_at` lets nothing through from that change on,
/// as if the process had been killed there.
class WatchedFiles final : public Files {
 public:
  explicit WatchedFiles(MemoryFiles& below) : below_(below) {}
  Result<std::string> read(const std::string& path) const override { return below_.read(path); }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    return below_.list(path);
  }
  bool exists(const std::string& path) const override { return below_.exists(path); }
  Result<void> write(const std::string& path, std::string_view text) override {
    if (before_change) before_change(path);
    return below_.write(path, text);
  }
  Result<void> make_dir(const std::string& path) override {
    if (before_change) before_change(path);
    return below_.make_dir(path);
  }
  Result<void> remove_dir(const std::string& path) override {
    if (before_change) before_change(path);
    return below_.remove_dir(path);
  }
  std::function<void(const std::string&)> before_change;

 private:
  MemoryFiles& below_;
};

class Guard : public testing::Test {
 protected:
  Guard() {
    std::string name = (std::filesystem::temp_directory_path() / "isolab-test-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~Guard() override { std::filesystem::remove_all(directory_); }

  std::vector<std::filesystem::path> journals() const {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(directory_))
      out.push_back(entry.path());
    return out;
  }
  std::string journal() const {
    EXPECT_THAT(journals(), SizeIs(1));
    std::ostringstream text;
    text << std::ifstream(journals().at(0)).rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
  MemoryFiles files_{{{"/a", "1\n"},
                      {"/b", "[always] madvise never\n"},
                      {"/c", "0\n"},
                      {"/mask", "f\n"},
                      {"/t/", ""}}};
};

TEST_F(Guard, WritesAndPutsBack) {
  const auto before = files_.contents();
  {
    StateGuard guard(files_, directory_);
    EXPECT_THAT(journals(), IsEmpty());
    ASSERT_TRUE(guard.set("/a", "2"));
    EXPECT_EQ(*files_.read("/a"), "2");
    EXPECT_THAT(guard.restore(), IsEmpty());
    EXPECT_EQ(*files_.read("/a"), "1");
    EXPECT_THAT(journals(), IsEmpty());
  }
  EXPECT_THAT(files_.log(), ElementsAre("write /a 2", "write /a 1"));
  EXPECT_EQ(before.size(), files_.contents().size());
}

TEST_F(Guard, TheJournalNamesTheOriginalBeforeTheWrite) {
  WatchedFiles watched(files_);
  int seen = 0;
  watched.before_change = [&](const std::string& path) {
    ++seen;
    EXPECT_THAT(journal(), HasSubstr(path == "/a" ? "value /a 1 2" : "directory /t/me"));
  };
  StateGuard guard(watched, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  ASSERT_TRUE(guard.make_dir("/t/me"));
  EXPECT_EQ(seen, 2);
  watched.before_change = nullptr;
}

TEST_F(Guard, NothingIsWrittenWithoutAJournal) {
  if (::geteuid() == 0) {
    StateGuard guard(files_, "/proc/nowhere");  // procfs takes no directories, even from root
    EXPECT_FALSE(guard.set("/a", "2"));
    EXPECT_FALSE(guard.make_dir("/t/me"));
    EXPECT_FALSE(guard.claim("/a"));
  } else {
    StateGuard guard(files_, "/nowhere");
    EXPECT_FALSE(guard.set("/a", "2"));
  }
  EXPECT_THAT(files_.log(), IsEmpty());
}

TEST_F(Guard, RestoresInReverseDownToTheMark) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  const std::size_t mark = guard.mark();
  ASSERT_TRUE(guard.set("/c", "5"));
  ASSERT_TRUE(guard.make_dir("/t/me"));
  ASSERT_TRUE(guard.set("/a", "3"));
  EXPECT_THAT(guard.restore_to(mark), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "2");
  EXPECT_EQ(*files_.read("/c"), "0");
  EXPECT_FALSE(files_.exists("/t/me"));
  EXPECT_THAT(guard.entries(), SizeIs(1));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "1");
  EXPECT_THAT(files_.log(), ElementsAre("write /a 2", "write /c 5", "mkdir /t/me", "write /a 3",
                                        "write /a 2", "rmdir /t/me", "write /c 0", "write /a 1"));
}

TEST_F(Guard, TheDestructorRestores) {
  {
    StateGuard guard(files_, directory_);
    ASSERT_TRUE(guard.set("/a", "2"));
  }
  EXPECT_EQ(*files_.read("/a"), "1");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, EqualValuesAreNotWritten) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "1"));
  ASSERT_TRUE(guard.set("/a", "0x1"));
  ASSERT_TRUE(guard.set("/b", "always"));
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_THAT(guard.entries(), IsEmpty());
}

TEST_F(Guard, BracketedValuesRestoreTheChosenWord) {
  files_.normalise("/b", "always madvise [never]\n");
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/b", "never"));
  files_.normalise("/b", "[always] madvise never\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(files_.log().back(), "write /b always");
}

TEST_F(Guard, NormalisedValuesAreOurs) {
  files_.normalise("/mask", "00000000,00000003\n");
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/mask", "3"));
  files_.normalise("/mask", "0000000f\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(files_.log().back(), "write /mask f");
}

TEST_F(Guard, AValueTheKernelDidNotTakeIsAnErrorAndIsPutBack) {
  files_.normalise("/a", "7\n");
  StateGuard guard(files_, directory_);
  const auto set = guard.set("/a", "9");
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().what,
              testing::AllOf(HasSubstr("/a"), HasSubstr("\"9\""), HasSubstr("\"7\"")));
  files_.normalise("/a", "1\n");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "1\n");
}

TEST_F(Guard, ARefusedWriteLeavesNothingToRestore) {
  files_.fail_writes("/a", EINVAL);
  StateGuard guard(files_, directory_);
  EXPECT_FALSE(guard.set("/a", "2"));
  EXPECT_THAT(guard.entries(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, WhatCannotBeReadIsNotWritten) {
  StateGuard guard(files_, directory_);
  EXPECT_EQ(guard.set("/none", "1").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(guard.claim("/none").error().kind, ErrorKind::unsupported);
  EXPECT_THAT(files_.log(), IsEmpty());
}

TEST_F(Guard, SomebodyElsesChangeIsLeftAloneAndReported) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  ASSERT_TRUE(guard.set("/c", "5"));
  ASSERT_TRUE(files_.write("/a", "99"));
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].path, "/a");
  EXPECT_THAT(problems[0].what,
              testing::AllOf(HasSubstr("\"1\""), HasSubstr("\"2\""), HasSubstr("\"99\"")));
  EXPECT_EQ(*files_.read("/a"), "99");
  EXPECT_EQ(*files_.read("/c"), "0");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, WhateverAKnobHoldsIsOurs) {
  StateGuard guard(files_, directory_);
  const auto knob = guard.claim("/a");
  ASSERT_TRUE(knob);
  EXPECT_EQ(knob->original(), "1");
  EXPECT_THAT(files_.log(), IsEmpty());
  for (const char* value : {"5", "6", "7"}) ASSERT_TRUE(knob->write(value));
  EXPECT_EQ(*knob->read(), "7");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "1");
}

TEST_F(Guard, AFailedRestoreGoesOnAndKeepsItsJournal) {
  std::filesystem::path kept;
  {
    StateGuard guard(files_, directory_);
    ASSERT_TRUE(guard.set("/a", "2"));
    ASSERT_TRUE(guard.set("/c", "5"));
    files_.fail_writes("/c", EIO);
    const auto problems = guard.restore();
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].path, "/c");
    EXPECT_EQ(*files_.read("/a"), "1");
    ASSERT_THAT(journals(), SizeIs(1));
    EXPECT_THAT(journal(), testing::Not(HasSubstr("/a")));
  }
  EXPECT_THAT(journal(), HasSubstr("value /c 0 5"));
}

TEST_F(Guard, ARestoredValueThatDoesNotStickIsReported) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  files_.normalise("/a", "2\n");
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].what, HasSubstr("reads \"2\""));
}

TEST_F(Guard, ADirectoryThatExistsIsNotOurs) {
  MemoryFiles files{{{"/t/taken/", ""}}};
  StateGuard guard(files, directory_);
  EXPECT_EQ(guard.make_dir("/t/taken").error().kind, ErrorKind::busy);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_TRUE(files.exists("/t/taken"));
}

TEST_F(Guard, ADirectoryThatIsGoneAlreadyIsFine) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.make_dir("/t/me"));
  ASSERT_TRUE(files_.remove_dir("/t/me"));
  EXPECT_THAT(guard.restore(), IsEmpty());
}

TEST_F(Guard, AnEmptyOriginalIsWrittenAsANewline) {
  MemoryFiles files{{{"/e", "\n"}}};
  StateGuard guard(files, directory_);
  ASSERT_TRUE(guard.set("/e", "x"));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_THAT(files.log(), ElementsAre("write /e x", "write /e \n"));
}

// At every change, right before and right after it, the machine and the journal are copied: exactly
// what kill -9 would leave.
TEST_F(Guard, AKillAtAnyPointLeavesAJournalThatPutsEverythingBack) {
  const auto original = files_.contents();
  for (const bool after : {false, true}) {
    for (int kill_at = 1; kill_at <= 11; ++kill_at) {
      MemoryFiles machine{original};
      WatchedFiles watched(machine);
      int changes = 0;
      std::map<std::string, std::string> frozen;
      std::string journal_then;
      const auto freeze = [&] {
        frozen = machine.contents();
        journal_then = journals().empty() ? "" : journal();
      };
      watched.before_change = [&](const std::string&) {
        ++changes;
        if (!after && changes == kill_at) freeze();
        if (after && changes == kill_at + 1) freeze();  // the moment before the next change
      };
      {
        StateGuard guard(watched, directory_);
        ASSERT_TRUE(guard.set("/a", "2"));
        ASSERT_TRUE(guard.make_dir("/t/me"));
        const std::size_t mark = guard.mark();
        ASSERT_TRUE(guard.set("/a", "3"));
        ASSERT_TRUE(guard.set("/c", "8"));
        EXPECT_THAT(guard.restore_to(mark), IsEmpty());  // 2 changes
        const auto knob = guard.claim("/mask");
        ASSERT_TRUE(knob && knob->write("1"));
        ASSERT_TRUE(knob->write("2"));
        EXPECT_THAT(guard.restore(), IsEmpty());  // 3 changes
      }
      ASSERT_EQ(changes, 11);
      if (after && kill_at == 11) continue;  // nothing comes after the last
      EXPECT_THAT(journals(), IsEmpty());

      MemoryFiles dead{frozen};
      if (!journal_then.empty()) {
        const auto path = directory_ / "1-0.journal";
        std::ofstream(path) << journal_then;
        EXPECT_THAT(restore_journal(dead, path), IsEmpty()) << after << kill_at;
        EXPECT_FALSE(std::filesystem::exists(path));
      }
      for (const auto& [path, value] : original)
        EXPECT_EQ(trimmed(dead.contents().at(path)), trimmed(value)) << path << kill_at;
      EXPECT_FALSE(dead.exists("/t/me")) << kill_at;
    }
  }
}

TEST_F(Guard, AKillInTheMiddleOfRestoringAJournalIsRestoredAgain) {
  const Journal full{
      {1, 1},
      {{.claim = {Claim::Kind::value, "/a"}, .original = "1", .written = "2", .stored = "2"},
       {.claim = {Claim::Kind::directory, "/t/me"}},
       {.claim = {Claim::Kind::value, "/a"}, .original = "2", .written = "3", .stored = "3"}}};
  const auto path = directory_ / "1-0.journal";
  for (int kill_at = 1; kill_at <= 3; ++kill_at) {
    MemoryFiles machine({{"/a", "3"}, {"/t/me/", ""}, {"/t/", ""}});
    WatchedFiles watched(machine);
    ASSERT_TRUE(save_journal(path, full));
    std::map<std::string, std::string> frozen;
    std::string journal_then;
    int changes = 0;
    watched.before_change = [&](const std::string&) {
      if (++changes != kill_at) return;
      frozen = machine.contents();
      journal_then = journal();
    };
    EXPECT_THAT(restore_journal(watched, path), IsEmpty());
    ASSERT_EQ(changes, 3);

    MemoryFiles dead{frozen};
    std::ofstream(path) << journal_then;
    EXPECT_THAT(restore_journal(dead, path), IsEmpty()) << kill_at;
    EXPECT_EQ(*dead.read("/a"), "1");
    EXPECT_FALSE(dead.exists("/t/me"));
  }
}

TEST_F(Guard, StaleJournalsAreThoseOfDeadProcesses) {
  const ProcessIdentity me = own_identity();
  EXPECT_GT(me.start_ticks, 0u);
  EXPECT_TRUE(still_running(me));
  ASSERT_TRUE(save_journal(directory_ / "alive.journal", {me, {}}));
  ASSERT_TRUE(save_journal(directory_ / "recycled.journal", {{me.pid, me.start_ticks + 1}, {}}));
  ASSERT_TRUE(save_journal(directory_ / "dead.journal", {{4'999'999, 5}, {}}));
  std::ofstream(directory_ / "other.txt") << "x";
  EXPECT_THAT(stale_journals(directory_),
              ElementsAre(directory_ / "dead.journal", directory_ / "recycled.journal"));
  EXPECT_THAT(stale_journals(directory_ / "none"), IsEmpty());
}

TEST_F(Guard, AGarbledJournalIsStaleReportedAndKept) {
  std::ofstream(directory_ / "x.journal") << "isolab-journal 2\nowner 1 2 %\nvalue /a";
  ASSERT_THAT(stale_journals(directory_), SizeIs(1));
  const auto problems = restore_journal(files_, directory_ / "x.journal");
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0].what, HasSubstr("ends before"));
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_THAT(journals(), SizeIs(1));
}

TEST(Journal, HostileValuesSurvive) {
  Journal journal{{12, 34}, {}};
  for (const std::string& text : {std::string(""), std::string("%"), std::string("a b"),
                                  std::string("end\nvalue /x 1 2 3 0\n"), std::string("%41"),
                                  std::string("\0\x01\xff", 3), std::string(5000, '\n')}) {
    journal.entries.push_back({.claim = {Claim::Kind::value, "/path with\nnewline %"},
                               .original = text,
                               .written = text,
                               .stored = text});
    journal.entries.push_back({.claim = {Claim::Kind::directory, "/d/" + text}});
  }
  const auto read = parse_journal(journal_text(journal));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->owner, journal.owner);
  ASSERT_EQ(read->entries.size(), journal.entries.size());
  for (std::size_t i = 0; i < read->entries.size(); ++i) {
    EXPECT_EQ(read->entries[i].claim.path, journal.entries[i].claim.path);
    EXPECT_EQ(read->entries[i].original, journal.entries[i].original);
    EXPECT_EQ(read->entries[i].written, journal.entries[i].written);
    EXPECT_EQ(read->entries[i].stored, journal.entries[i].stored);
  }
}

TEST(Journal, EveryTruncationIsRefused) {
  const std::string text = journal_text(
      {{12, 34},
       {{.claim = {Claim::Kind::value, "/a"}, .original = "1", .written = "2", .knob = true}}});
  ASSERT_TRUE(parse_journal(text));
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_EQ(parse_journal(std::string_view(text).substr(0, length)).error().kind,
              ErrorKind::parse)
        << length;
}

TEST(Journal, OtherTextsAreRefused) {
  const std::string head = "isolab-journal 2\nowner 1 2 %\n";
  ASSERT_TRUE(parse_journal(head + "end\n"));
  ASSERT_TRUE(parse_journal(head + "kprobe /k a/b\ncgroup /c\nend\n"));
  for (const std::string& text :
       {std::string(), "isolab-journal 3" + head.substr(16) + "end\n",
        std::string("isolab-journal 2\nowner 1 2\nend\n"), head + "value a 1 2 3 0\nend\n",
        head + "value /a 1 2 3 2\nend\n", head + "value /a 1 2 3\nend\n", head + "file /a\nend\n",
        head + "end\nmore\n", head + "directory /%4\nend\n", head + "directory /%zz\nend\n",
        head + "kprobe /k\nend\n", head + "cgroup c\nend\n"})
    EXPECT_FALSE(parse_journal(text)) << text;
}

TEST_F(Guard, ALateValueIsWaitedFor) {
  files_.settle_late("/a", 3);
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  EXPECT_EQ(guard.entries().at(0).stored, "2");
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "1");
}

TEST_F(Guard, AValueThatArrivesAfterThePatienceIsStillOurs) {
  files_.settle_late("/a", 7);
  StateGuard guard(files_, directory_);
  EXPECT_FALSE(guard.set("/a", "2"));  // five looks, still the old value
  EXPECT_THAT(journal(), HasSubstr("value /a 1 2 % 0"));
  files_.settle_late("/a", 0);
  EXPECT_THAT(guard.restore(), IsEmpty());  // two more looks, and it has arrived
  EXPECT_EQ(*files_.read("/a"), "1");
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, ABusyFileIsTriedAgainInBothDirections) {
  files_.fail_writes("/a", EBUSY, 3);
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  ASSERT_TRUE(guard.make_dir("/t/me"));
  files_.fail_writes("/a", EBUSY, 2);
  files_.fail_writes("/t/me", EBUSY, 2);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files_.read("/a"), "1");
  EXPECT_FALSE(files_.exists("/t/me"));
}

TEST_F(Guard, AFileThatStaysBusyIsReportedAndStaysInTheJournal) {
  StateGuard guard(files_, directory_);
  ASSERT_TRUE(guard.set("/a", "2"));
  ASSERT_TRUE(guard.set("/c", "5"));
  files_.fail_writes("/c", EBUSY);
  const auto problems = guard.restore();
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].path, "/c");
  EXPECT_EQ(*files_.read("/a"), "1");
  EXPECT_THAT(journal(), HasSubstr("value /c 0 5 5 0"));
}

TEST_F(Guard, AKprobeIsDefinedOnceAndRemovedIfItIsStillThere) {
  MemoryFiles files{{{"/k", "p:other/x f\n"}}};
  StateGuard guard(files, directory_);
  ASSERT_TRUE(guard.define_kprobe("/k", "mine/x", "p:mine/x f"));
  EXPECT_THAT(journal(), HasSubstr("kprobe /k mine/x\n"));
  EXPECT_EQ(guard.define_kprobe("/k", "mine/x", "p:mine/x f").error().kind, ErrorKind::busy);
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_THAT(files.log(), ElementsAre("write /k p:mine/x f\n", "write /k -:mine/x\n"));

  ASSERT_TRUE(files.write("/k", "p:mine/xy f\n"));
  ASSERT_TRUE(guard.define_kprobe("/k", "mine/x", "p:mine/x f"));
  ASSERT_TRUE(files.write("/k", "p:mine/xy f\n"));  // removed by its user, another one is there
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(*files.read("/k"), "p:mine/xy f\n");
}

TEST_F(Guard, ARefusedKprobeLeavesNothing) {
  MemoryFiles files{{{"/k", ""}}};
  files.fail_writes("/k", ENOENT);
  StateGuard guard(files, directory_);
  EXPECT_FALSE(guard.define_kprobe("/k", "mine/x", "p:mine/x no_such_function"));
  EXPECT_THAT(guard.entries(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, AnUnmountedFileSystemIsNotMistakenForAnUndoneChange) {
  const auto path = directory_ / "1-0.journal";
  ASSERT_TRUE(
      save_journal(path, {{1, 1},
                          {{.claim = {Claim::Kind::directory, "/unmounted/me"}},
                           {.claim = {Claim::Kind::kprobe, "/unmounted/k"}, .original = "a/b"}}}));
  const auto problems = restore_journal(files_, path);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_THAT(problems[0].what, HasSubstr("cannot tell"));
  EXPECT_THAT(problems[1].what, HasSubstr("cannot tell"));
  EXPECT_THAT(journals(), SizeIs(1));
}

TEST_F(Guard, AJournalOfAnEarlierBootIsOnlyRemoved) {
  const auto path = directory_ / "1-0.journal";
  ProcessIdentity me = own_identity();
  ASSERT_FALSE(me.boot.empty());
  me.boot = "another";
  ASSERT_TRUE(save_journal(path, {me, {{.claim = {Claim::Kind::value, "/a"}, .original = "9"}}}));
  ASSERT_THAT(stale_journals(directory_), ElementsAre(path));
  EXPECT_THAT(*restore_script(files_, path), HasSubstr("earlier boot"));
  EXPECT_THAT(restore_journal(files_, path), IsEmpty());
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(Guard, TheScriptSaysWhatRestoringWouldDo) {
  const auto path = directory_ / "1-0.journal";
  MemoryFiles files{{{"/a", "2"},
                     {"/same", "1"},
                     {"/theirs", "3"},
                     {"/k", "p:g/n f\n"},
                     {"/t/me/", ""},
                     {"/q", "x"},
                     {"/t/", ""}}};
  const auto value = [](const char* name, const char* original) {
    return StateGuard::Entry{
        .claim = {Claim::Kind::value, name}, .original = original, .written = "2", .stored = "2"};
  };
  StateGuard::Entry quoted = value("/q", "it's\nso");
  quoted.knob = true;
  ASSERT_TRUE(save_journal(path, {{1, 1},
                                  {value("/a", "1"),
                                   value("/same", "1"),
                                   value("/theirs", "1"),
                                   quoted,
                                   {.claim = {Claim::Kind::kprobe, "/k"}, .original = "g/n"},
                                   {.claim = {Claim::Kind::directory, "/t/me"}},
                                   {.claim = {Claim::Kind::directory, "/t/gone"}}}}));
  EXPECT_EQ(*restore_script(files, path),
            "# " + path.string() +
                ": left by process 1\n"
                "# /t/gone: gone already\n"
                "rmdir '/t/me'\n"
                "echo '-:g/n' >> '/k'\n"
                "echo 'it'\\''s\nso' > '/q'\n"
                "# /theirs: somebody else changed it to \"3\" meanwhile; left alone\n"
                "# /same: as it was found\n"
                "echo '1' > '/a'\n");
  EXPECT_THAT(files.log(), IsEmpty());
}

TEST_F(Guard, AStateDirectoryOfSomebodyElseIsRefused) {
  const auto state = directory_ / "state";
  ASSERT_TRUE(prepare_state_directory(state));
  ASSERT_TRUE(prepare_state_directory(state));
  namespace fs = std::filesystem;
  fs::permissions(state, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(prepare_state_directory(state).error().kind, ErrorKind::denied);
  fs::remove(state);
  fs::create_directory(directory_ / "elsewhere");
  fs::create_directory_symlink(directory_ / "elsewhere", state);
  EXPECT_THAT(prepare_state_directory(state).error().what, HasSubstr("not a directory"));
  if (::geteuid() != 0) return;
  fs::remove(state);
  fs::create_directory(state);
  ASSERT_EQ(::chown(state.c_str(), 65534, 65534), 0);
  EXPECT_THAT(prepare_state_directory(state).error().what, HasSubstr("somebody else"));
}

TEST_F(Guard, JournalsFollowNoLinksAndAreForTheirOwnerAlone) {
  const auto path = directory_ / "1-0.journal";
  const auto target = directory_ / "target";
  std::ofstream(target) << "precious";
  std::filesystem::create_symlink(target, path.string() + ".new");
  std::filesystem::create_symlink(target, path);
  ASSERT_TRUE(save_journal(path, {{1, 1}, {}}));
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ostringstream text;
  text << std::ifstream(target).rdbuf();
  EXPECT_EQ(text.str(), "precious");
}

TEST_F(Guard, TheLockIsHeldOnceAndNamesItsHolder) {
  {
    const auto first = RunLock::take(directory_, "profile quick");
    ASSERT_TRUE(first);
    const auto second = RunLock::take(directory_, "profile other");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::busy);
    EXPECT_THAT(second.error().what,
                HasSubstr(fmt::format("process {}, profile quick", ::getpid())));
  }
  EXPECT_TRUE(RunLock::take(directory_, "profile other"));
}

}  // namespace
}  // namespace isolab
