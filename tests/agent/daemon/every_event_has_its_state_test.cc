// SPDX-License-Identifier: Apache-2.0
// The table of an instrument's states: what each event makes of each of them, and which error of
// open() is which event.
#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "agent/daemon/instrument_state.h"
#include "agent/status/instrument_words.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

using S = InstrumentState;
using E = InstrumentEvent;
using drivers::UsbErrc;

constexpr std::array kStates = {S::kOpening,      S::kStreaming, S::kLost,     S::kReopening,
                                S::kAbsent,       S::kBusy,      S::kDenied,   S::kUpdater,
                                S::kUncalibrated, S::kFailing,   S::kReleased, S::kStopped};

struct Row {
  E event;
  // By state, in the order of kStates.
  std::array<S, kStates.size()> next;
};

// The last two columns are released, which only a claim or a stop ends, and stopped, which nothing
// does.
const std::vector<Row> kTable = {
    {E::kTry,
     {S::kOpening, S::kStreaming, S::kReopening, S::kReopening, S::kAbsent, S::kBusy, S::kDenied,
      S::kUpdater, S::kUncalibrated, S::kFailing, S::kReleased, S::kStopped}},
    {E::kOpened,
     {S::kStreaming, S::kStreaming, S::kStreaming, S::kStreaming, S::kStreaming, S::kStreaming,
      S::kStreaming, S::kStreaming, S::kStreaming, S::kStreaming, S::kReleased, S::kStopped}},
    {E::kNoDevice,
     {S::kAbsent, S::kAbsent, S::kAbsent, S::kAbsent, S::kAbsent, S::kAbsent, S::kAbsent,
      S::kAbsent, S::kAbsent, S::kAbsent, S::kReleased, S::kStopped}},
    {E::kBusy,
     {S::kBusy, S::kBusy, S::kBusy, S::kBusy, S::kBusy, S::kBusy, S::kBusy, S::kBusy, S::kBusy,
      S::kBusy, S::kReleased, S::kStopped}},
    {E::kDenied,
     {S::kDenied, S::kDenied, S::kDenied, S::kDenied, S::kDenied, S::kDenied, S::kDenied,
      S::kDenied, S::kDenied, S::kDenied, S::kReleased, S::kStopped}},
    {E::kUpdater,
     {S::kUpdater, S::kUpdater, S::kUpdater, S::kUpdater, S::kUpdater, S::kUpdater, S::kUpdater,
      S::kUpdater, S::kUpdater, S::kUpdater, S::kReleased, S::kStopped}},
    {E::kOpenedUncalibrated,
     {S::kUncalibrated, S::kUncalibrated, S::kUncalibrated, S::kUncalibrated, S::kUncalibrated,
      S::kUncalibrated, S::kUncalibrated, S::kUncalibrated, S::kUncalibrated, S::kUncalibrated,
      S::kReleased, S::kStopped}},
    {E::kFailed,
     {S::kFailing, S::kFailing, S::kFailing, S::kFailing, S::kFailing, S::kFailing, S::kFailing,
      S::kFailing, S::kFailing, S::kFailing, S::kReleased, S::kStopped}},
    {E::kLost,
     {S::kOpening, S::kLost, S::kLost, S::kReopening, S::kAbsent, S::kBusy, S::kDenied, S::kUpdater,
      S::kLost, S::kFailing, S::kReleased, S::kStopped}},
    {E::kArrived,
     {S::kOpening, S::kStreaming, S::kReopening, S::kReopening, S::kOpening, S::kOpening,
      S::kOpening, S::kOpening, S::kUncalibrated, S::kOpening, S::kReleased, S::kStopped}},
    {E::kReleased,
     {S::kReleased, S::kReleased, S::kReleased, S::kReleased, S::kReleased, S::kReleased,
      S::kReleased, S::kReleased, S::kReleased, S::kReleased, S::kReleased, S::kStopped}},
    {E::kClaimed,
     {S::kOpening, S::kStreaming, S::kLost, S::kReopening, S::kAbsent, S::kBusy, S::kDenied,
      S::kUpdater, S::kUncalibrated, S::kFailing, S::kOpening, S::kStopped}},
    {E::kStopped,
     {S::kStopped, S::kStopped, S::kStopped, S::kStopped, S::kStopped, S::kStopped, S::kStopped,
      S::kStopped, S::kStopped, S::kStopped, S::kStopped, S::kStopped}}};

TEST(InstrumentStates, FollowTheTable) {
  for (const Row& row : kTable) {
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      EXPECT_EQ(next_state(kStates[i], row.event), row.next[i])
          << "event " << static_cast<int>(row.event) << " in " << to_string(kStates[i]);
    }
  }
}

TEST(InstrumentStates, HaveNamesSentencesAndRemedies) {
  const proto::InstrumentId id = {"js220", "001234"};
  for (const S state : kStates) {
    const std::string sentence = instrument_sentence(id, to_string(state), "2 h");
    EXPECT_EQ(sentence.rfind("js220/001234 has been ", 0), 0U) << sentence;
    EXPECT_NE(instrument_remedy(id, to_string(state)).find("js220/001234"), std::string::npos);
  }
  EXPECT_EQ(instrument_sentence(id, "busy", "2 h"),
            "js220/001234 has been in use by another program for 2 h.");
  EXPECT_NE(instrument_remedy(id, "denied").find("60-wattspool.rules"), std::string::npos);
  EXPECT_NE(instrument_remedy(id, "denied").find("group wattspool"), std::string::npos);
  EXPECT_EQ(instrument_sentence(id, "dancing", "2 h"), "js220/001234 has been dancing for 2 h.");
}

TEST(InstrumentStates, EachErrorOfOpenIsAnEvent) {
  for (const auto& [code, event] :
       {std::pair{UsbErrc::kNoDevice, E::kNoDevice}, std::pair{UsbErrc::kBusy, E::kBusy},
        std::pair{UsbErrc::kAccess, E::kDenied}, std::pair{UsbErrc::kUpdater, E::kUpdater},
        std::pair{UsbErrc::kTimeout, E::kFailed}, std::pair{UsbErrc::kStall, E::kFailed},
        std::pair{UsbErrc::kIo, E::kFailed}, std::pair{UsbErrc::kOverflow, E::kFailed},
        std::pair{UsbErrc::kProtocol, E::kFailed}, std::pair{UsbErrc::kNoMemory, E::kFailed}}) {
    EXPECT_EQ(open_failure(make_error_code(code)), event) << make_error_code(code).message();
  }
  EXPECT_EQ(open_failure(std::make_error_code(std::errc::io_error)), E::kFailed);
}

}  // namespace
}  // namespace agent
