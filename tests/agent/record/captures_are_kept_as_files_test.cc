// SPDX-License-Identifier: Apache-2.0
// A capture that was written can be read, compressed or not, whole or cut off; what is wrong with a
// file is said with its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "agent/record/capture_store.h"

namespace agent {
namespace {

using drivers::Exchange;
using drivers::ExchangeKind;
using testing::HasSubstr;

class CaptureFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "cap_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  // Transfers that no compressor makes small.
  static std::vector<Exchange> exchanges(std::size_t count) {
    std::vector<Exchange> all;
    std::uint32_t state = 1;
    for (std::size_t k = 0; k < count; ++k) {
      Exchange one{.kind = ExchangeKind::kBulkIn,
                   .endpoint = 0x82,
                   .at_ns = static_cast<std::int64_t>(k) * 1000,
                   .bytes = std::vector<std::byte>(4096)};
      for (std::byte& byte : one.bytes) byte = static_cast<std::byte>(state = state * 22695477 + 1);
      all.push_back(std::move(one));
    }
    return all;
  }
  // Without finish(): as a kill leaves it.
  void write(const std::string& name, const std::vector<Exchange>& all, bool finish) const {
    auto writer = CaptureWriter::create(path(name), {"js220", "001234"}, 42);
    ASSERT_TRUE(writer.has_value()) << writer.error().message();
    for (const Exchange& one : all) (*writer)->write(one);
    EXPECT_EQ((*writer)->exchanges(), all.size());
    if (!finish) return;
    ASSERT_TRUE((*writer)->finish().has_value());
    EXPECT_EQ((*writer)->file_bytes(), std::filesystem::file_size(path(name)));
  }

  std::string directory_;
};

TEST_F(CaptureFiles, ComeBackAsTheyWereWritten) {
  const auto all = exchanges(300);
  write("a.wscap", all, true);
  EXPECT_TRUE(is_capture(path("a.wscap")));
  const auto read = read_capture(path("a.wscap"));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->instrument.to_string(), "js220/001234");
  EXPECT_EQ(read->start_utc_ns, 42);
  EXPECT_EQ(read->exchanges, all);
  EXPECT_FALSE(read->cut);
}

TEST_F(CaptureFiles, MayBeDecompressedByHand) {
  std::ofstream file(path("plain"), std::ios::binary);
  const auto head = drivers::pack_capture_head({"js110", "000001"}, 7);
  file.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
  file.close();
  EXPECT_TRUE(is_capture(path("plain")));
  const auto read = read_capture(path("plain"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->instrument.model, "js110");
}

TEST_F(CaptureFiles, OfAProgramThatWasKilledHoldWhatIsWhole) {
  const auto all = exchanges(300);
  write("cut.wscap", all, false);
  const auto read = read_capture(path("cut.wscap"));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_GT(read->exchanges.size(), 100u);
  EXPECT_LT(read->exchanges.size(), 300u);
  EXPECT_TRUE(std::equal(read->exchanges.begin(), read->exchanges.end(), all.begin()));
}

TEST_F(CaptureFiles, AreNeverWrittenOverAnother) {
  write("a.wscap", {}, true);
  const auto again = CaptureWriter::create(path("a.wscap"), {"js220", "1"}, 0);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message(), HasSubstr("a.wscap; choose another name or remove it"));
  const auto nowhere = CaptureWriter::create(path("no/such.wscap"), {"js220", "1"}, 0);
  EXPECT_THAT(nowhere.error().message(), HasSubstr("choose a folder that you may write to"));
}

TEST_F(CaptureFiles, ThatAreNoneAreNamed) {
  EXPECT_THAT(read_capture(path("absent")).error().message(),
              HasSubstr("absent: it cannot be opened"));
  EXPECT_FALSE(is_capture(path("absent")));
  std::ofstream(path("text")) << "a text";
  EXPECT_THAT(read_capture(path("text")).error().message(), HasSubstr("text: "));
  EXPECT_FALSE(is_capture(path("text")));
  write("bad.wscap", exchanges(300), true);
  {
    std::fstream file(path("bad.wscap"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200'000);
    file << "a flipped bit or some more";
  }
  EXPECT_THAT(read_capture(path("bad.wscap")).error().message(), HasSubstr("bad.wscap: zstd: "));
}

}  // namespace
}  // namespace agent
