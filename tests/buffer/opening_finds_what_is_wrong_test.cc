// SPDX-License-Identifier: Apache-2.0
// Whatever lies at the spool's place, an opening either uses it, refuses it with names, or sets it
// aside and begins a fresh one.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "buffer/sqlite_database.h"
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using testing::HasSubstr;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void overwrite(const std::string& path, std::size_t at, std::string_view bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class OpeningFindsWhatIsWrong : public SpoolBench {
 protected:
  // A closed spool with rows in the file itself: its WAL is gone, as after a copy of the one file.
  void make_closed_spool() {
    auto spool = open_spool();
    commit(*spool, make_rows(Lane::kWaveform, 0, 40, 20'000));
    commit(*spool, make_rows(Lane::kEvent, 0, 40, 200));
    spool.reset();
    std::filesystem::remove(options_.path + "-wal");
    std::filesystem::remove(options_.path + "-shm");
  }
  // A fresh spool was opened, the old file is where the report says, byte for byte.
  void expect_set_aside(const std::string& damage) {
    const std::string before = bytes_of(options_.path);
    const auto spool = open_spool();
    ASSERT_NE(spool, nullptr);
    const OpenReport& report = spool->open_report();
    EXPECT_THAT(report.set_aside, HasSubstr(options_.path + ".damaged-2026"));
    EXPECT_THAT(report.damage, HasSubstr(damage));
    EXPECT_THAT(report.damage, HasSubstr(options_.path));
    EXPECT_TRUE(report.created);
    EXPECT_TRUE(bytes_of(report.set_aside) == before) << "the damaged file was changed";
    commit(*spool, {make_row(Lane::kEvent, 1, 100)});
    EXPECT_THAT(positions(Lane::kEvent), testing::ElementsAre(1));
  }
};

TEST_F(OpeningFindsWhatIsWrong, ASecondWriterIsRefusedAndToldWhoHasIt) {
  const auto first = open_spool();
  const auto second = Spool::open(options_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, SpoolErrc::kLocked);
  EXPECT_THAT(second.error().message(), HasSubstr("process " + std::to_string(getpid())));
  EXPECT_THAT(second.error().message(), HasSubstr(options_.path));
  commit(*first, {make_row(Lane::kEvent, 1, 100)});
}

TEST_F(OpeningFindsWhatIsWrong, ASecondProcessIsRefusedUntilTheFirstIsGone) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto spool = Spool::open(options_, clock_);
    const char byte = spool ? 'y' : 'n';
    static_cast<void>(!write(ready[1], &byte, 1));
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto refused = Spool::open(options_, clock_);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, SpoolErrc::kLocked);
  EXPECT_THAT(refused.error().message(), HasSubstr("process " + std::to_string(child)));
  EXPECT_NE(open_spool(), nullptr);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(OpeningFindsWhatIsWrong, ANewerSchemaIsRefusedWithBothVersionsAndLeftAlone) {
  make_closed_spool();
  {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(db.exec("PRAGMA user_version=7"), SQLITE_OK);
  }
  const std::string before = bytes_of(options_.path);
  const auto spool = Spool::open(options_, clock_);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code, SpoolErrc::kNewerSchema);
  EXPECT_THAT(spool.error().message(), HasSubstr("schema 7"));
  EXPECT_THAT(spool.error().message(), HasSubstr("knows 1"));
  EXPECT_TRUE(bytes_of(options_.path) == before);
  const auto reader = SpoolReader::open(options_.path);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, SpoolErrc::kNewerSchema);
}

TEST_F(OpeningFindsWhatIsWrong, TextIsSetAside) {
  std::ofstream(options_.path) << std::string(10'000, 'x');
  expect_set_aside("not a database");
}

TEST_F(OpeningFindsWhatIsWrong, AnotherProgramsDatabaseIsSetAsideUnchanged) {
  {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr),
              SQLITE_OK);
    ASSERT_EQ(db.exec("CREATE TABLE theirs(a)"), SQLITE_OK);
  }
  expect_set_aside("another program");
}

TEST_F(OpeningFindsWhatIsWrong, AZeroedHeaderIsSetAside) {
  make_closed_spool();
  overwrite(options_.path, 0, std::string(100, '\0'));
  expect_set_aside("not a database");
}

TEST_F(OpeningFindsWhatIsWrong, AZeroedFirstPageIsSetAside) {
  make_closed_spool();
  overwrite(options_.path, 0, std::string(4096, '\0'));
  expect_set_aside("not a database");
}

TEST_F(OpeningFindsWhatIsWrong, ATruncatedFileIsSetAside) {
  make_closed_spool();
  std::filesystem::resize_file(options_.path, 300'000);
  expect_set_aside("malformed");
}

TEST_F(OpeningFindsWhatIsWrong, DamageInTheTreeAboveTheRowsIsSetAside) {
  make_closed_spool();
  std::int64_t root = 0;
  {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    root = db.scalar("SELECT rootpage FROM sqlite_master WHERE name = 'row_waveform'");
  }
  std::filesystem::remove(options_.path + "-wal");
  std::filesystem::remove(options_.path + "-shm");
  overwrite(options_.path, static_cast<std::size_t>(root - 1) * 4096, std::string(16, '\x77'));
  expect_set_aside("malformed");
}

TEST_F(OpeningFindsWhatIsWrong, SetAsideFilesDoNotReplaceEachOther) {
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    std::filesystem::remove(options_.path + "-wal");
    std::filesystem::remove(options_.path + "-shm");
    std::ofstream(options_.path, std::ios::trunc) << std::string(5000, static_cast<char>('a' + i));
    names.insert(open_spool()->open_report().set_aside);
  }
  EXPECT_EQ(names.size(), 3u);
  for (const std::string& name : names) EXPECT_TRUE(std::filesystem::exists(name)) << name;
}

TEST_F(OpeningFindsWhatIsWrong, AnEmptyFileIsANewSpool) {
  std::ofstream(options_.path).close();
  const auto spool = open_spool();
  EXPECT_TRUE(spool->open_report().created);
  EXPECT_EQ(spool->open_report().set_aside, "");
}

// As after a kill between the tables and the first stream.
TEST_F(OpeningFindsWhatIsWrong, TablesWithoutAnEntryAreANewSpool) {
  open_spool().reset();
  {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(db.exec("DELETE FROM state"), SQLITE_OK);
  }
  EXPECT_THAT(open_reader()->verify(nullptr)->structure, testing::IsEmpty());
  const auto spool = open_spool();
  EXPECT_TRUE(spool->open_report().created);
  EXPECT_EQ(spool->open_report().set_aside, "");
  commit(*spool, {make_row(Lane::kEvent, 1, 100)});
  EXPECT_THAT(positions(Lane::kEvent), testing::ElementsAre(1));
}

TEST_F(OpeningFindsWhatIsWrong, RowsWithoutAnEntryAreDamage) {
  make_closed_spool();
  {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(db.exec("DELETE FROM state"), SQLITE_OK);
  }
  EXPECT_THAT(open_reader()->verify(nullptr)->structure,
              testing::ElementsAre(HasSubstr("rows and no stream")));
  EXPECT_THAT(open_spool()->open_report().damage, HasSubstr("damaged"));
}

TEST_F(OpeningFindsWhatIsWrong, ACondemnedSpoolIsSetAsideOnceAndForItsReason) {
  {
    const auto spool = open_spool();
    commit(*spool, {make_row(Lane::kEvent, 1, 100)});
    spool->condemn("three commits failed");
  }
  const auto first = open_spool()->open_report();
  EXPECT_EQ(first.damage, "three commits failed");
  EXPECT_TRUE(std::filesystem::exists(first.set_aside));
  EXPECT_TRUE(first.created);
  EXPECT_THAT(positions(Lane::kEvent), testing::IsEmpty());
  const auto second = open_spool()->open_report();
  EXPECT_EQ(second.set_aside, "");
  EXPECT_FALSE(second.created);
}

TEST_F(OpeningFindsWhatIsWrong, ACondemnationWithoutItsFileIsForgotten) {
  {
    const auto spool = open_spool();
    spool->condemn("three commits failed");
  }
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options_.path + end);
  EXPECT_EQ(open_spool()->open_report().damage, "");
  EXPECT_EQ(open_spool()->open_report().damage, "");
}

TEST_F(OpeningFindsWhatIsWrong, APassingErrorIsNotDamage) {
  make_closed_spool();
  disk_.set_fault([](DiskFile file, DiskCall call, std::int64_t, int) {
    return file == DiskFile::kMain && call == DiskCall::kRead ? SQLITE_IOERR_READ : SQLITE_OK;
  });
  const auto spool = Spool::open(options_, clock_);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().code, SpoolErrc::kIo);
  disk_.set_fault(nullptr);
  EXPECT_EQ(open_spool()->open_report().set_aside, "");
  EXPECT_EQ(positions(Lane::kWaveform).size(), 40u);
}

TEST_F(OpeningFindsWhatIsWrong, OptionsAreCheckedAndTheFolderIsNamed) {
  options_.quota_bytes = kQuotaMin - 1;
  EXPECT_EQ(Spool::open(options_, clock_).error().code, SpoolErrc::kInvalidOption);
  options_.quota_bytes = kQuotaMin;
  options_.page_bytes = 5000;
  EXPECT_EQ(Spool::open(options_, clock_).error().code, SpoolErrc::kInvalidOption);
  options_.page_bytes = 4096;
  options_.path = folder_ / "absent" / "spool.db";
  const auto spool = Spool::open(options_, clock_);
  EXPECT_EQ(spool.error().code, SpoolErrc::kNotFound);
  EXPECT_THAT(spool.error().message(), HasSubstr((folder_ / "absent").string()));
}

}  // namespace
}  // namespace buffer
