// SPDX-License-Identifier: Apache-2.0
// What is known to be secret is in no text that goes out: as it is, as JSON, or a line of a key.
#include <gtest/gtest.h>

#include "agent/report/host_steps.h"
#include "agent/report/report.h"

namespace agent {
namespace {

constexpr const char* kKey =
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nQEC7VJTUt9Us8cKjMzEfYyjiWA4R\n"
    "-----END PRIVATE KEY-----\n";

TEST(Secrets, AreReplacedWhereverTheyStand) {
  Secrets secrets;
  secrets.add("correct horse\n");
  EXPECT_EQ(secrets.scrub("a correct horse, correct horse"), "a <secret>, <secret>");
  EXPECT_EQ(secrets.scrub("nothing"), "nothing");
}

TEST(Secrets, AreKnownAsJsonToo) {
  Secrets secrets;
  secrets.add("pass\"word\\1");
  EXPECT_EQ(secrets.scrub(R"({"text": "pass\"word\\1"} pass"word\1)"),
            R"({"text": "<secret>"} <secret>)");
}

TEST(Secrets, TheLongestIsReplacedFirst) {
  Secrets secrets;
  secrets.add("horse");
  secrets.add("horse-and-carriage");
  EXPECT_EQ(secrets.scrub("horse-and-carriage"), "<secret>");
}

TEST(Secrets, AKeyIsToldByEachOfItsLines) {
  Secrets secrets;
  secrets.add(kKey);
  EXPECT_EQ(secrets.scrub("x QEC7VJTUt9Us8cKjMzEfYyjiWA4R y"), "x <secret> y");
  EXPECT_EQ(secrets.scrub("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
}

TEST(Secrets, WhatIsTooShortIsNotLookedFor) {
  Secrets secrets;
  secrets.add("abc");
  secrets.add("");
  EXPECT_EQ(secrets.scrub("abc"), "abc");
}

TEST(Report, LeavesSecretsOutOfTextsAndReasons) {
  Secrets secrets;
  secrets.add("correct horse");
  const auto files = gather_report({{"a.txt", "what",
                                     [] {
                                       return Gathered{"a correct horse", "no correct horse"};
                                     }}},
                                   secrets);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].text, "a <secret>");
  EXPECT_EQ(files[0].failure, "no <secret>");
}

TEST(Report, KernelMessagesOfOtherThingsAreLeftOut) {
  EXPECT_EQ(usb_lines("eth0: link up\nusb 1-1: USB disconnect\nxHCI host not responding\n"),
            "usb 1-1: USB disconnect\nxHCI host not responding\n");
}

}  // namespace
}  // namespace agent
