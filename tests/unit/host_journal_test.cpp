// SPDX-License-Identifier: Apache-2.0
// The journal: killed at every point it puts everything back; hostile and broken texts; the dry
// run.
#include "host/journal.h"

#include "host/guard.h"
#include "host/restore.h"
#include "tests/support/guarded_machine.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using JournalOfARun = test::GuardedMachine;
using test::WatchedFiles;

// At every change, right before and right after it, the machine and the journal are copied: exactly
// what kill -9 would leave.
TEST_F(JournalOfARun, AKillAtAnyPointLeavesAJournalThatPutsEverythingBack) {
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

TEST_F(JournalOfARun, AKillInTheMiddleOfRestoringAJournalIsRestoredAgain) {
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

TEST_F(JournalOfARun, StaleJournalsAreThoseOfDeadProcesses) {
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

TEST_F(JournalOfARun, AGarbledJournalIsStaleReportedAndKept) {
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

TEST_F(JournalOfARun, AnUnmountedFileSystemIsNotMistakenForAnUndoneChange) {
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

TEST_F(JournalOfARun, AJournalOfAnEarlierBootIsOnlyRemoved) {
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

TEST_F(JournalOfARun, TheScriptSaysWhatRestoringWouldDo) {
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

}  // namespace
}  // namespace isolab
