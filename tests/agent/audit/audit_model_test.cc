// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/audit_model.h"

#include <gtest/gtest.h>

#include "drivers/js110_wire.h"
#include "proto/crc32c.h"
#include "proto/side_records.h"
#include "proto/telemetry_record.h"
#include "proto/waveform.h"
#include "tests/drivers/js110_golden.h"

namespace agent {
namespace {

// A small agent that writes what a real one would, so that each test can spoil one thing.
class Topics {
 public:
  Topics() : stream_(*proto::StreamId::from_hex(std::string(32, 'a'))) { start(stream_, {}); }

  void start(const proto::StreamId& stream, std::optional<proto::StreamId> previous) {
    proto::StreamChain chain{stream, previous, {}};
    if (previous) {
      chain.previous_last_sequence[proto::Lane::kTelemetry] =
          proto::Sequence(next_[proto::Lane::kTelemetry] - 1);
    }
    stream_ = stream;
    next_.clear();
    proto::EventRecord event;
    event.event_id = stream.to_hex() + "/1";
    event.event_type = "agent_started";
    event.message = "started";
    event.chain = chain;
    send(proto::Topic::kEvent, "bench-07", to_json(event));
  }

  static proto::TelemetryRecord telemetry(std::uint64_t number, std::uint64_t first_id) {
    proto::TelemetryRecord record;
    record.device_id = "js220-000001";
    record.test_id = "t-1";
    record.record_number = proto::RecordNumber(number);
    record.end_utc_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(first_id) / 2 + 50;
    record.duration_s = 50e-6;
    record.segment = proto::SegmentId(1);
    record.sample_id_first = proto::SampleId(first_id);
    record.sample_id_last = proto::SampleId(first_id + 99);
    record.sample_count = 50;
    record.charge_c = 0.25;
    record.energy_j = 0.5;
    record.metadata_json = "{}";
    return record;
  }

  void send_telemetry(const proto::TelemetryRecord& record) {
    send(proto::Topic::kTelemetry, "js220-000001/t-1", to_json(record));
  }

  void send_gap(proto::IdRange ids, std::optional<proto::Lane> lane) {
    proto::EventRecord event;
    event.event_id = stream_.to_hex() + "/2";
    event.event_type = "gap";
    event.device_id = "js220-000001";
    event.test_id = "t-1";
    event.gap.emplace();
    event.gap->gap.segment = proto::SegmentId(1);
    event.gap->gap.signals = {"current", "voltage"};
    event.gap->gap.ids = ids;
    event.gap->lane = lane;
    event.gap->stream = stream_;
    send(proto::Topic::kEvent, "js220-000001/t-1", to_json(event));
  }

  // Of a JS110: what is made of its words counts.
  void send_words(std::uint64_t first_id, const std::vector<std::uint32_t>& words,
                  const std::string& calibration) {
    proto::WaveformBatch batch{"js110-000110", "t-1", proto::SegmentId(1), stream_, "bench-07",
                               "0.1.0",        {}};
    batch.words = {"js110 current voltage current_range", calibration};
    proto::WaveformRow row;
    row.first_sample = proto::SampleId(first_id);
    row.rate_hz = 2e6;
    row.signal = "raw";
    row.words = words;
    batch.rows.push_back(row);
    const std::vector<proto::CodeRun> range = {{0, static_cast<std::uint32_t>(words.size())}};
    row.signal = "voltage_range";
    row.words = {};
    row.runs = range;
    batch.rows.push_back(row);
    std::vector<std::byte> bytes;
    proto::WaveformWriter().encode(batch, bytes);
    send(proto::Topic::kWaveform, "js110-000110/t-1",
         {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  void send_waveform(std::uint64_t first_id, std::span<const float> current,
                     std::span<const float> voltage) {
    proto::WaveformBatch batch{"js220-000001", "t-1", proto::SegmentId(1), stream_, "bench-07",
                               "0.1.0",        {}};
    proto::WaveformRow row;
    row.first_sample = proto::SampleId(first_id);
    row.ids_per_value = 2;
    row.rate_hz = 1e6;
    row.signal = "current";
    row.unit = "A";
    row.values = current;
    batch.rows.push_back(row);
    row.signal = "voltage";
    row.unit = "V";
    row.values = voltage;
    batch.rows.push_back(row);
    std::vector<std::byte> bytes;
    proto::WaveformWriter().encode(batch, bytes);
    send(proto::Topic::kWaveform, "js220-000001/t-1",
         {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  void send(proto::Topic topic, const std::string& key, std::string value) {
    const proto::TopicSpec& spec = proto::spec(topic);
    proto::CloudEvent event;
    event.lane = spec.lane;
    event.type = spec.ce_type;
    event.content_type = spec.content_type;
    event.agent_id = "bench-07";
    event.stream = stream_;
    std::uint64_t& next = next_[spec.lane];
    if (next == 0) next = 1;
    event.sequence = proto::Sequence(next++);
    event.subject = key;
    event.crc32c = proto::crc32c(std::as_bytes(std::span(value)));
    if (spoil_next_value_) value[value.size() / 2] ^= 1;
    spoil_next_value_ = false;
    const std::string name = proto::topic_name("bench.", topic);
    for (int i = 0; i < copies_; ++i) {
      model.add({name, 0, 0, key, to_headers(event), std::as_bytes(std::span(value))});
    }
  }

  AuditModel model{"bench."};
  bool spoil_next_value_ = false;
  int copies_ = 1;

 private:
  proto::StreamId stream_;
  std::map<proto::Lane, std::uint64_t> next_;
};

TEST(AuditModel, ACompleteStreamHolds) {
  Topics topics;
  topics.send_telemetry(Topics::telemetry(1, 0));
  topics.send_telemetry(Topics::telemetry(2, 100));
  const AuditResult result = topics.model.finish();
  EXPECT_TRUE(result.ok()) << testing::PrintToString(result.findings);
  const LaneIds& ids = result.devices.at("js220-000001").at(proto::Lane::kTelemetry);
  EXPECT_EQ(ids.delivered, 200u);
  EXPECT_DOUBLE_EQ(result.energy.at("js220-000001").telemetry_charge_c, 0.5);
  EXPECT_DOUBLE_EQ(result.energy.at("js220-000001").telemetry_energy_j, 1.0);
}

TEST(AuditModel, AFlippedBitInAValueIsFound) {
  Topics topics;
  topics.spoil_next_value_ = true;
  topics.send_telemetry(Topics::telemetry(1, 0));
  const AuditResult result = topics.model.finish();
  EXPECT_EQ(result.damaged, 1u);
  EXPECT_FALSE(result.ok());
}

TEST(AuditModel, ARecordThatComesTwiceIsADuplicateAndCountsOnce) {
  Topics topics;
  topics.copies_ = 2;
  topics.send_telemetry(Topics::telemetry(1, 0));
  const AuditResult result = topics.model.finish();
  EXPECT_EQ(result.streams.duplicates, 1u);
  EXPECT_EQ(result.devices.at("js220-000001").at(proto::Lane::kTelemetry).twice, 0u);
  EXPECT_FALSE(result.ok());
}

TEST(AuditModel, AMissingIntervalNeedsAGapEventOfItsLane) {
  Topics topics;
  topics.send_telemetry(Topics::telemetry(1, 0));
  topics.send_telemetry(Topics::telemetry(2, 200));
  EXPECT_FALSE(topics.model.finish().ok());
  topics.send_gap({proto::SampleId(100), proto::SampleId(199)}, proto::Lane::kWaveform);
  EXPECT_FALSE(topics.model.finish().ok());
  topics.send_gap({proto::SampleId(100), proto::SampleId(199)}, std::nullopt);
  EXPECT_TRUE(topics.model.finish().ok());
}

TEST(AuditModel, SamplesThatARecordMissesNeedAGapEvent) {
  Topics topics;
  proto::TelemetryRecord record = Topics::telemetry(1, 0);
  record.sample_count = 40;
  record.samples_missing = 10;
  topics.send_telemetry(record);
  EXPECT_FALSE(topics.model.finish().ok());
  topics.send_gap({proto::SampleId(20), proto::SampleId(39)}, std::nullopt);
  EXPECT_TRUE(topics.model.finish().ok());
}

TEST(AuditModel, InvalidSamplesArePartOfTheSampleCount) {
  Topics topics;
  proto::TelemetryRecord record = Topics::telemetry(1, 0);
  record.samples_invalid = 20;
  topics.send_telemetry(record);
  const AuditResult result = topics.model.finish();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.devices.at("js220-000001").at(proto::Lane::kTelemetry).delivered, 100u);
}

TEST(AuditModel, ARecordNumberThatGoesBackIsOutOfOrder) {
  Topics topics;
  topics.send_telemetry(Topics::telemetry(5, 0));
  topics.send_telemetry(Topics::telemetry(4, 100));
  EXPECT_EQ(topics.model.finish().out_of_order, 1u);
}

TEST(AuditModel, ATimeThatGoesBackIsOutOfOrderWithinASegmentOnly) {
  for (const std::uint32_t segment : {1u, 2u}) {
    Topics topics;
    topics.send_telemetry(Topics::telemetry(1, 0));
    auto later = Topics::telemetry(2, 100);
    later.segment = proto::SegmentId(segment);
    later.end_utc_us -= 3'600'000'000;
    topics.send_telemetry(later);
    EXPECT_EQ(topics.model.finish().out_of_order, segment == 1 ? 1u : 0u) << segment;
  }
}

TEST(AuditModel, AStreamTailThatNeverCameIsMissing) {
  Topics topics;
  topics.send_telemetry(Topics::telemetry(1, 0));
  proto::StreamChain chain{*proto::StreamId::from_hex(std::string(32, 'b')),
                           proto::StreamId::from_hex(std::string(32, 'a')),
                           {{proto::Lane::kTelemetry, proto::Sequence(4)}}};
  proto::EventRecord event;
  event.event_type = "agent_started";
  event.chain = chain;
  topics.send(proto::Topic::kEvent, "bench-07", to_json(event));
  EXPECT_EQ(topics.model.finish().streams.missing, 3u);
}

TEST(AuditModel, ChargeAndEnergyOfFullRateWaveformsAreExact) {
  Topics topics;
  const std::vector<float> current = {1.0f, 1e-20f, -0.5f, 0.25f};
  const std::vector<float> voltage = {2.0f, 3.0f, 4.0f, 1e-10f};
  topics.send_waveform(0, current, voltage);
  AuditResult result = topics.model.finish();
  proto::ExactSum charge;
  proto::ExactSum energy;
  for (std::size_t i = 0; i < current.size(); ++i) {
    charge.add(current[i]);
    energy.add_product(current[i], voltage[i]);
  }
  const EnergyTotals& totals = result.energy.at("js220-000001");
  EXPECT_EQ(totals.exact.current, charge);
  EXPECT_EQ(totals.exact.power, energy);
  EXPECT_EQ(totals.samples, current.size());
  EXPECT_EQ(totals.charge_c(), charge.divided_by(1'000'000));
  EXPECT_EQ(result.devices.at("js220-000001").at(proto::Lane::kWaveform).delivered, 8u);
}

TEST(AuditModel, EnergyOfRawWordsIsThatOfTheirValues) {
  Topics topics;
  const auto calibration = drivers::js110::golden_calibration();
  proto::DeviceInfo info;
  info.words = "js110";
  info.calibration_file = encode(calibration);
  // The sheet's words of ranges 0, 3 and 6, and one that never came.
  const std::vector<std::uint32_t> words = {0x1F40'3E80, 0x3E82'4E23, 0x5DC1'2EE2, 0xFFFF'FFFF};
  topics.send_words(0, words, proto::words_origin(info).calibration);
  topics.send_words(4, words, "none");
  topics.send_words(8, words, "ff");
  AuditResult result = topics.model.finish();
  proto::ExactSum charge;
  proto::ExactSum energy;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto sample = drivers::js110::unpack_word(words[i]);
    const float current = calibration.current[sample.range].apply(sample.current_raw);
    charge.add(current);
    energy.add_product(current, calibration.voltage[0].apply(sample.voltage_raw));
  }
  const EnergyTotals& totals = result.energy.at("js110-000110");
  EXPECT_EQ(totals.exact.current, charge);
  EXPECT_EQ(totals.exact.power, energy);
  EXPECT_EQ(totals.samples, 3u);
  EXPECT_EQ(totals.samples_invalid, 5u);
  EXPECT_EQ(totals.charge_c(), charge.divided_by(2'000'000));
  EXPECT_EQ(result.devices.at("js110-000110").at(proto::Lane::kWaveform).delivered, 8u);
  EXPECT_EQ(result.malformed, 1u);  // the one whose calibration is damaged
}

TEST(AuditModel, AForeignRecordIsMalformedNotACrash) {
  Topics topics;
  topics.model.add({"bench.telemetry.v1", 0, 0, "k", {}, {}});
  topics.send(proto::Topic::kTelemetry, "js220-000001/t-1", "{\"device_id\":7}");
  topics.send(proto::Topic::kWaveform, "js220-000001/t-1", "not arrow");
  EXPECT_EQ(topics.model.finish().malformed, 3u);
}

}  // namespace
}  // namespace agent
