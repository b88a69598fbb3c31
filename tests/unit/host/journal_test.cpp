// SPDX-License-Identifier: Apache-2.0
// The journal: killed at every point it puts everything back; hostile and broken texts; the dry
// run.
#include "host/journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "host/guard.h"
#include "host/restore.h"
#include "tests/support/guarded_machine.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
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
        ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
        ASSERT_TRUE(guard.make_dir("/sys/t/isolab"));
        const std::size_t mark = guard.mark();
        ASSERT_TRUE(guard.set("/proc/sys/a", "3"));
        ASSERT_TRUE(guard.set("/proc/sys/c", "8"));
        EXPECT_THAT(guard.restore_to(mark), IsEmpty());  // 2 changes
        const auto knob = guard.claim("/proc/sys/mask");
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
      EXPECT_FALSE(dead.exists("/sys/t/isolab")) << kill_at;
    }
  }
}

TEST_F(JournalOfARun, AKillInTheMiddleOfRestoringAJournalIsRestoredAgain) {
  const Journal full{{1, 1},
                     {{.claim = {Claim::Kind::value, "/proc/sys/a"},
                       .original = "1",
                       .written = "2",
                       .stored = "2"},
                      {.claim = {Claim::Kind::directory, "/sys/t/isolab"}},
                      {.claim = {Claim::Kind::value, "/proc/sys/a"},
                       .original = "2",
                       .written = "3",
                       .stored = "3"}}};
  const auto path = directory_ / "1-0.journal";
  for (int kill_at = 1; kill_at <= 3; ++kill_at) {
    MemoryFiles machine({{"/proc/sys/a", "3"}, {"/sys/t/isolab/", ""}, {"/sys/t/", ""}});
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
    EXPECT_EQ(*dead.read("/proc/sys/a"), "1");
    EXPECT_FALSE(dead.exists("/sys/t/isolab"));
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
  EXPECT_THAT(*stale_journals(directory_),
              ElementsAre(directory_ / "dead.journal", directory_ / "recycled.journal"));
  EXPECT_THAT(*stale_journals(directory_ / "none"), IsEmpty());
}

TEST_F(JournalOfARun, AGarbledJournalIsStaleReportedAndKept) {
  std::ofstream(directory_ / "x.journal") << "isolab-journal 2\nowner 1 2 %\nvalue /proc/sys/a";
  ASSERT_THAT(*stale_journals(directory_), SizeIs(1));
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
                               .stored = text,
                               .stuck = text});
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
    EXPECT_EQ(read->entries[i].stuck, journal.entries[i].stuck);
  }
}

TEST(Journal, EveryTruncationIsRefused) {
  const std::string text = journal_text({{12, 34},
                                         {{.claim = {Claim::Kind::value, "/proc/sys/a"},
                                           .original = "1",
                                           .written = "2",
                                           .knob = true}}});
  ASSERT_TRUE(parse_journal(text));
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_EQ(parse_journal(std::string_view(text).substr(0, length)).error().kind,
              ErrorKind::parse)
        << length;
}

TEST(Journal, OtherTextsAreRefused) {
  const std::string head = "isolab-journal 2\nowner 1 2 %\n";
  ASSERT_TRUE(parse_journal(head + "end\n"));
  ASSERT_TRUE(parse_journal(head + "kprobe /sys/kprobe_events a/b\ncgroup /proc/sys/c\nend\n"));
  for (const std::string& text :
       {std::string(), "isolab-journal 4" + head.substr(16) + "end\n",
        std::string("isolab-journal 2\nowner 1 2\nend\n"), head + "value a 1 2 3 0\nend\n",
        head + "value /proc/sys/a 1 2 3 2\nend\n", head + "value /proc/sys/a 1 2 3\nend\n",
        head + "file /proc/sys/a\nend\n", head + "end\nmore\n", head + "directory /%4\nend\n",
        head + "directory /%zz\nend\n", head + "kprobe /k\nend\n", head + "cgroup c\nend\n"})
    EXPECT_FALSE(parse_journal(text)) << text;
}

TEST_F(JournalOfARun, AnUnmountedFileSystemIsNotMistakenForAnUndoneChange) {
  const auto path = directory_ / "1-0.journal";
  ASSERT_TRUE(save_journal(path, {{1, 1},
                                  {{.claim = {Claim::Kind::directory, "/sys/unmounted/isolab"}},
                                   {.claim = {Claim::Kind::kprobe, "/sys/unmounted/kprobe_events"},
                                    .original = "isolab/b"}}}));
  const auto problems = restore_journal(files_, path);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_THAT(problems[0].what, HasSubstr("cannot determine"));
  EXPECT_THAT(problems[1].what, HasSubstr("cannot determine"));
  EXPECT_THAT(journals(), SizeIs(1));
}

TEST_F(JournalOfARun, AJournalOfAnEarlierBootIsOnlyRemoved) {
  const auto path = directory_ / "1-0.journal";
  ProcessIdentity me = own_identity();
  ASSERT_FALSE(me.boot.empty());
  me.boot = "another";
  ASSERT_TRUE(
      save_journal(path, {me, {{.claim = {Claim::Kind::value, "/proc/sys/a"}, .original = "9"}}}));
  ASSERT_THAT(*stale_journals(directory_), ElementsAre(path));
  EXPECT_THAT(*restore_script(files_, path), HasSubstr("earlier boot"));
  EXPECT_THAT(restore_journal(files_, path), IsEmpty());
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(JournalOfARun, TheScriptSaysWhatRestoringWouldDo) {
  const auto path = directory_ / "1-0.journal";
  MemoryFiles files{{{"/proc/sys/a", "2"},
                     {"/proc/sys/same", "1"},
                     {"/proc/sys/theirs", "3"},
                     {"/sys/kprobe_events", "p:isolab/n f\n"},
                     {"/sys/t/isolab/", ""},
                     {"/proc/sys/q", "x"},
                     {"/sys/t/", ""}}};
  const auto value = [](const char* name, const char* original) {
    return StateGuard::Entry{
        .claim = {Claim::Kind::value, name}, .original = original, .written = "2", .stored = "2"};
  };
  StateGuard::Entry quoted = value("/proc/sys/q", "it's\nso");
  quoted.knob = true;
  StateGuard::Entry control = value("/proc/sys/q", "a%\x1b[2K\n'");
  control.knob = true;
  ASSERT_TRUE(save_journal(
      path, {{1, 1},
             {value("/proc/sys/a", "1"),
              value("/proc/sys/same", "1"),
              value("/proc/sys/theirs", "1"),
              quoted,
              control,
              {.claim = {Claim::Kind::kprobe, "/sys/kprobe_events"}, .original = "isolab/n"},
              {.claim = {Claim::Kind::directory, "/sys/t/isolab"}},
              {.claim = {Claim::Kind::directory, "/sys/t/isolab_gone"}}}}));
  EXPECT_EQ(
      *restore_script(files, path),
      "# " + path.string() +
          ": left by process 1\n"
          "# /sys/t/isolab_gone: gone already\n"
          "rmdir '/sys/t/isolab'\n"
          "echo '-:isolab/n' >> '/sys/kprobe_events'\n"
          "echo \"$(printf 'a\\045\\033[2K\\012\\047')\" > '/proc/sys/q'\n"
          "echo 'it'\\''s\nso' > '/proc/sys/q'\n"
          "# /proc/sys/theirs: another process changed it to \"3\" in the meantime; not restored\n"
          "# /proc/sys/same: unchanged\n"
          "echo '1' > '/proc/sys/a'\n");
  EXPECT_THAT(files.log(), IsEmpty());
}

// A one-way setting: the kernel never takes it back.
TEST_F(JournalOfARun, WhatCannotBePutBackKeepsItsReasonAndCanBeForgotten) {
  {
    StateGuard guard(files_, directory_);
    ASSERT_TRUE(guard.set("/proc/sys/a", "2"));
    ASSERT_TRUE(guard.set("/proc/sys/c", "5"));
    files_.fail_writes("/proc/sys/c", EPERM);
  }
  const auto path = journals().at(0);
  const std::string text = journal();
  EXPECT_THAT(text, HasSubstr("stuck "));
  EXPECT_THAT(*restore_script(files_, path), HasSubstr("could not be restored: cannot write"));
  const Error met = leftover(files_, path);
  EXPECT_EQ(met.kind, ErrorKind::busy);
  EXPECT_THAT(met.what, testing::AllOf(HasSubstr("/proc/sys/c"), HasSubstr("not permitted"),
                                       testing::Not(HasSubstr("killed"))));
  EXPECT_THAT(met.hint, HasSubstr("restore --forget"));
  EXPECT_THAT(restore_journal(files_, path), SizeIs(1));
  EXPECT_EQ(journal(), text);
  EXPECT_THAT(restore_journal(files_, path, Stuck::forget), SizeIs(1));
  EXPECT_THAT(journals(), IsEmpty());
  EXPECT_EQ(*files_.read("/proc/sys/c"), "5");
}

// Two thousand of them took 18 s: each was written once more with all others.
TEST_F(JournalOfARun, EntriesThatStayAreWrittenOnce) {
  Journal many{{1, 1}, {}};
  for (int i = 0; i < 3000; ++i)
    many.entries.push_back(
        {.claim = {Claim::Kind::value, "/proc/sys/none" + std::to_string(i)}, .original = "1"});
  const auto path = directory_ / "1-0.journal";
  ASSERT_TRUE(save_journal(path, many));
  class Counted final : public Files {
   public:
    Result<std::string> read(const std::string& path) const override {
      inodes.insert(std::filesystem::last_write_time(watched));
      return Error{ErrorKind::io, path};
    }
    Result<std::vector<std::string>> list(const std::string&) const override { return Error{}; }
    bool exists(const std::string&) const override { return false; }
    Result<void> write(const std::string&, std::string_view) override { return {}; }
    Result<void> make_dir(const std::string&) override { return {}; }
    Result<void> remove_dir(const std::string&) override { return {}; }
    std::filesystem::path watched;
    mutable std::set<std::filesystem::file_time_type> inodes;
  } files;
  files.watched = path;
  EXPECT_THAT(restore_journal(files, path), SizeIs(3000));
  EXPECT_THAT(files.inodes, SizeIs(1));
  const auto kept = load_journal(path);
  ASSERT_TRUE(kept);
  ASSERT_THAT(kept->entries, SizeIs(3000));
  EXPECT_EQ(kept->entries[7].claim.path, "/proc/sys/none7");
  EXPECT_THAT(kept->entries[7].stuck, HasSubstr("cannot determine"));
}

TEST_F(JournalOfARun, OnlyChangesThatIsolabMakesAreObeyed) {
  const std::string head = "isolab-journal 2\nowner 999999 1 %\n";
  const auto path = directory_ / "999999-0.journal";
  for (const std::string& line :
       {std::string("value /home/v/.profile touch%20x x x 1"),
        std::string("value /proc/sys/../../etc/passwd a x x 1"),
        std::string("value /proc/self/mem a x x 1"), std::string("value /sysroot/x a x x 1"),
        std::string("directory /home/v"), std::string("directory /sys/fs/cgroup/system.slice"),
        std::string("cgroup /sys/fs/cgroup/system.slice"), std::string("cgroup /sys/fs/cgroup/"),
        std::string("controller /sys/fs/cgroup/cgroup.procs cpuset"),
        std::string("controller /sys/x/cgroup.subtree_control cpu%0a-memory"),
        std::string("kprobe /sys/kernel/tracing/kprobe_events theirs/x"),
        std::string("kprobe /sys/kernel/tracing/kprobe_events isolab/x%0a-:theirs/x"),
        std::string("kprobe /sys/kernel/tracing/set_event isolab/x")}) {
    // The entry before it is not obeyed either.
    std::ofstream(path) << head << "value /proc/sys/a 7 1 1 1\n" << line << "\nend\n";
    ASSERT_TRUE(load_journal(path)) << line;
    EXPECT_THAT(*stale_journals(directory_), ElementsAre(path));
    EXPECT_EQ(leftover(files_, path).kind, ErrorKind::parse) << line;
    EXPECT_FALSE(restore_script(files_, path)) << line;
    const auto problems = restore_journal(files_, path);
    ASSERT_THAT(problems, SizeIs(1)) << line;
    EXPECT_THAT(problems[0].what, HasSubstr("cannot use a damaged journal: "));
    // The path stands before the text where a problem is printed, on one line.
    EXPECT_THAT(problems[0].what, Not(HasSubstr(path.string())));
    EXPECT_THAT(problems[0].what, Not(HasSubstr("\n")));
    EXPECT_THAT(files_.log(), IsEmpty()) << line;
    EXPECT_THAT(journals(), SizeIs(1)) << line;
  }
  EXPECT_THAT(restore_journal(files_, path, Stuck::forget), SizeIs(1));
  EXPECT_THAT(journals(), IsEmpty());
}

TEST_F(JournalOfARun, AMountOfCgroupsElsewhereIsTheKernels) {
  MemoryFiles files{{{"/proc/self/mounts", "none /cg cgroup2 rw 0 0\ntmpfs /mine tmpfs rw 0 0\n"}}};
  EXPECT_TRUE(check_claim(files, {Claim::Kind::cgroup, "/cg/isolab-1"}));
  EXPECT_FALSE(check_claim(files, {Claim::Kind::cgroup, "/mine/isolab-1"}));
  EXPECT_FALSE(check_claim(files, {Claim::Kind::cgroup, "/cgx/isolab-1"}));
}

TEST_F(JournalOfARun, AGuardChangesNothingElse) {
  const auto file = (directory_ / "file").string();
  std::ofstream(file) << "1";
  SystemFiles real;
  StateGuard guard(real, directory_ / "state");
  EXPECT_EQ(guard.set(file, "2").error().kind, ErrorKind::usage);
  EXPECT_EQ(guard.claim(file).error().kind, ErrorKind::usage);
  EXPECT_EQ(guard.make_dir(file + "d").error().kind, ErrorKind::usage);
  EXPECT_EQ(test::text_of(file), "1");
}

TEST_F(JournalOfARun, APlantedJournalIsNotObeyed) {
  const std::string obeyed = "isolab-journal 2\nowner 999999 1 %\nvalue /proc/sys/a 7 1 1 1\nend\n";
  const auto path = directory_ / "999999-0.journal";
  const auto elsewhere = scratch_.path() / "elsewhere";
  const auto refused = [&](const char* why) {
    ASSERT_THAT(*stale_journals(directory_), ElementsAre(path));
    for (const auto stuck : {Stuck::keep, Stuck::forget}) {
      const auto problems = restore_journal(files_, path, stuck);
      ASSERT_THAT(problems, SizeIs(1));
      EXPECT_THAT(problems[0].what, testing::AllOf(HasSubstr(why), HasSubstr("it is not used")));
    }
    const Error met = leftover(files_, path);
    EXPECT_EQ(met.kind, ErrorKind::denied);
    EXPECT_THAT(met.hint, testing::Not(HasSubstr("isolab restore")));
    EXPECT_THAT(files_.log(), IsEmpty());
  };
  std::ofstream(elsewhere) << obeyed;
  std::filesystem::create_symlink(elsewhere, path);
  refused("symbolic link");
  std::filesystem::remove(path);
  std::filesystem::remove(elsewhere);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  refused("not a regular file");
  std::filesystem::remove(path);
  std::ofstream(path) << obeyed;
  std::filesystem::permissions(path, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  refused("other users may write");
  if (::geteuid() != 0) return;
  std::filesystem::permissions(path, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::remove);
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
  refused("belongs to user 65534");
}

TEST_F(JournalOfARun, ADirectoryOfSomebodyElseIsNotReadEither) {
  const auto state = directory_ / "state", path = state / "999999-0.journal";
  ASSERT_TRUE(save_journal(
      path, {{999999, 1}, {{.claim = {Claim::Kind::value, "/proc/sys/a"}, .original = "7"}}}));
  const auto link = directory_ / "link";
  std::filesystem::create_directory_symlink(state, link);
  std::filesystem::permissions(state, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  for (const auto& place : {state, link}) {
    EXPECT_EQ(stale_journals(place).error().kind, ErrorKind::denied);
    EXPECT_FALSE(restore_script(files_, place / path.filename()));
    EXPECT_THAT(restore_journal(files_, place / path.filename(), Stuck::forget), SizeIs(1));
  }
  EXPECT_THAT(files_.log(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace isolab
