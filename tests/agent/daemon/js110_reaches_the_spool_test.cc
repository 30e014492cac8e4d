// SPDX-License-Identifier: Apache-2.0
// A JS110 behind a socket is recorded as a JS220 is, and what is on disk is its truth.
#include <gmock/gmock.h>

#include "agent/audit/raw_rows.h"
#include "drivers/js110_device.h"
#include "proto/exact_sum.h"
#include "proto/record_group.h"
#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

using testing::HasSubstr;

class Js110Daemon : public DaemonBench {
 protected:
  static constexpr const char* kSerial = "000110";

  void plug_in_js110(const std::string& fault = "", const std::string& more = "") {
    source_ = std::move(*drivers::make_source({.load = "ble"}));
    device_ = std::make_unique<drivers::Js110Device>(
        *source_, drivers::Js110DeviceOptions{.serial = kSerial, .time_scale = kTimeScale});
    if (!fault.empty()) {
      ASSERT_TRUE(device_->command(fault, clock_.monotonic_ns()).has_value());
    }
    auto server = drivers::SocketServer::open(
        path("usb.sock"), {{.serial = kSerial, .device = device_.get(), .command = {}}});
    ASSERT_TRUE(server.has_value());
    server_ = std::move(*server);
    loop_ = std::move(*drivers::ServeLoop::make(clock_));
    loop_->add(*server_);
    server_thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().has_value()); });
    configure({}, "[[instrument]]\nid = \"js110/" + std::string(kSerial) +
                      "\"\nport = \"unix:" + path("usb.sock") + "\"\n" + more);
  }
  void TearDown() override {
    if (loop_) {
      loop_->stop();
      server_thread_.join();
    }
    DaemonBench::TearDown();
  }

  std::vector<nlohmann::json> telemetry() const {
    std::vector<nlohmann::json> records;
    for (const buffer::Row& row : rows(proto::Lane::kTelemetry)) {
      const auto group = proto::decode_record_group(row.payload);
      EXPECT_TRUE(group.has_value());
      if (!group) continue;
      for (const auto& record : *group) records.push_back(nlohmann::json::parse(record.value));
    }
    return records;
  }

  std::unique_ptr<drivers::SampleSource> source_;
  std::unique_ptr<drivers::Js110Device> device_;
  std::unique_ptr<drivers::SocketServer> server_;
  std::unique_ptr<drivers::ServeLoop> loop_;
  std::thread server_thread_;
};

TEST_F(Js110Daemon, RecordsWhatTheInstrumentMeasures) {
  plug_in_js110();
  start();
  ASSERT_TRUE(wait_for_values(2'000'000));
  const auto instrument = status()["instruments"][0];
  EXPECT_EQ(instrument["state"], "streaming");
  EXPECT_EQ(instrument["value_rate_hz"], 2e6);
  EXPECT_EQ(instrument["firmware"], "1.3.2");
  EXPECT_TRUE(stop());
  std::uint64_t values = 0;
  std::uint64_t whole_records = 0;
  for (const auto& record : telemetry()) {
    EXPECT_EQ(record["device_id"], "js110-000110");
    const auto& auxiliary = record["auxiliary"];
    values += auxiliary["sample_count"].get<std::uint64_t>();
    EXPECT_EQ(auxiliary["samples_invalid"], 0);
    // A machine under load may lose some: then a gap says so and the sum is of fewer.
    if (auxiliary["samples_missing"] != 0) continue;
    const auto truth = drivers::js110::compute_truth(
        *source_, kSerial,
        {proto::SampleId(auxiliary["sample_id_first"].get<std::uint64_t>()),
         proto::SampleId(auxiliary["sample_id_last"].get<std::uint64_t>())});
    EXPECT_EQ(auxiliary["sample_count"], truth.sample_count);
    EXPECT_EQ(auxiliary["charge__C"].get<double>(), truth.charge_c());
    EXPECT_EQ(auxiliary["energy__J"].get<double>(), truth.energy_j());
    ++whole_records;
  }
  EXPECT_GE(values, 2'000'000u);
  EXPECT_GE(whole_records, 3u);
}

// Each value that the rows are decoded to is that of the instrument's word of that id.
TEST_F(Js110Daemon, KeepsItsWordsAtFullRateAndTheyAreDecodedToItsTruth) {
  plug_in_js110("", "waveform.rate = \"full\"");
  start();
  ASSERT_TRUE(wait_for_values(2'000'000));
  EXPECT_TRUE(stop());
  drivers::js110::WordMaker maker(*source_, drivers::js110::emulated_calibration(kSerial));
  drivers::js110::PacketWordArray words;
  std::uint64_t in_packet = ~0ull;
  std::uint64_t values = 0;
  std::uint64_t payload_bytes = 0;
  for (const buffer::Row& row : rows(proto::Lane::kWaveform)) {
    payload_bytes += row.payload.size();
    const auto value = proto::decode_waveform(row.payload);
    ASSERT_TRUE(value.has_value()) << value.error().message();
    for (const proto::DecodedRow& raw : value->rows) {
      ASSERT_TRUE(raw.signal == "raw" || raw.signal == "voltage_range") << raw.signal;
      for (std::size_t k = 0; k < raw.words.size(); ++k) {
        const std::uint64_t id = raw.first_sample.value() + k;
        if (id / drivers::js110::kPacketWords != in_packet) {
          in_packet = id / drivers::js110::kPacketWords;
          maker.fill(in_packet, {}, words);
        }
        ASSERT_EQ(raw.words[k], words[id % drivers::js110::kPacketWords]) << "id " << id;
      }
    }
    const auto floats = decode_raw_rows(*value);
    ASSERT_TRUE(floats.has_value()) << floats.error().message();
    ASSERT_EQ(floats->rows.size() % 4, 0u);  // current, voltage, current_range, voltage_range
    for (std::size_t at = 0; at < floats->rows.size(); at += 4) {
      const proto::DecodedRow& current = floats->rows[at];
      const proto::DecodedRow& voltage = floats->rows[at + 1];
      ASSERT_EQ(current.signal, "current");
      ASSERT_EQ(voltage.signal, "voltage");
      const auto last = current.first_sample + (current.values.size() - 1);
      const auto truth =
          drivers::js110::compute_truth(*source_, kSerial, {current.first_sample, last});
      proto::ExactAccumulator sums;
      sums.add(current.values, voltage.values);
      EXPECT_EQ(sums.sums().current, truth.current);
      EXPECT_EQ(sums.sums().power, truth.power);
      values += current.values.size();
    }
  }
  EXPECT_GE(values, 2'000'000u);
  RecordProperty("bytes_per_value",
                 std::to_string(static_cast<double>(payload_bytes) / static_cast<double>(values)));
}

TEST_F(Js110Daemon, SendsCalibratedFloatsWhereThatIsWanted) {
  plug_in_js110("", "waveform.rate = \"full\"\nwaveform.words = \"calibrated\"");
  start();
  ASSERT_TRUE(wait_for_values(200'000));
  EXPECT_TRUE(stop());
  const auto waveform = rows(proto::Lane::kWaveform);
  ASSERT_FALSE(waveform.empty());
  const auto value = proto::decode_waveform(waveform.front().payload);
  ASSERT_TRUE(value.has_value()) << value.error().message();
  EXPECT_TRUE(value->words.empty());
  EXPECT_EQ(value->rows.at(0).signal, "current");
  EXPECT_EQ(value->rows.at(1).signal, "voltage");
  EXPECT_EQ(value->rows.at(2).signal, "current_range");
}

TEST_F(Js110Daemon, SaysThatItIsNotCalibratedAndKeepsItsWords) {
  plug_in_js110("damage 2", "waveform.rate = \"full\"");
  start();
  ASSERT_TRUE(wait_for_values(200'000));
  EXPECT_THAT(log_text(), HasSubstr("js110/000110 is not calibrated (active: "));
  const auto instrument = status()["instruments"][0];
  EXPECT_EQ(instrument["state"], "uncalibrated");
  EXPECT_THAT(instrument["explanation"], HasSubstr("its raw words alone are recorded"));
  EXPECT_THAT(status().dump(), HasSubstr("restore its calibration"));
  EXPECT_TRUE(stop());
  const auto waveform = rows(proto::Lane::kWaveform);
  ASSERT_FALSE(waveform.empty());
  const auto value = proto::decode_waveform(waveform.front().payload);
  ASSERT_TRUE(value.has_value()) << value.error().message();
  EXPECT_EQ(value->words.calibration, proto::kUncalibrated);
  EXPECT_EQ(value->rows.at(0).signal, "raw");
  EXPECT_FALSE(value->rows.at(0).words.empty());
}

}  // namespace
}  // namespace agent
