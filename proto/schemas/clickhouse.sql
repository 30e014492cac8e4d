-- SPDX-License-Identifier: Apache-2.0
-- ClickHouse: JSON topics with JSONEachRow, the waveform topic with ArrowStream. ReplacingMergeTree
-- keeps one row per key: redelivery is harmless. Set date_time_input_format = 'best_effort'.

CREATE TABLE IF NOT EXISTS telemetry (
  "schema" String,
  "event_id" String,
  "device_id" String,
  "test_id" String,
  "cycle_number" Int64,
  "step_number" Int64,
  "step_type" Nullable(String),
  "step_id" Nullable(Int64),
  "record_number" Int64,
  "timestamp" DateTime64(6, 'UTC'),
  "epoch_us" Int64,
  "voltage__V" Float64,
  "current__A" Float64,
  "power__W" Float64,
  "duration__s" Float64,
  "voltage_delta__V" Float64,
  "current_delta__A" Float64,
  "power_delta__W" Float64,
  "capacity_charged__Ah" Float64,
  "capacity_discharged__Ah" Float64,
  "energy_charged__Wh" Float64,
  "energy_discharged__Wh" Float64,
  "differential_capacity_charged__Ah_V" Nullable(Float64),
  "differential_capacity_discharged__Ah_V" Nullable(Float64),
  "step_duration__s" Float64,
  "step_capacity_charged__Ah" Float64,
  "step_capacity_discharged__Ah" Float64,
  "step_energy_charged__Wh" Float64,
  "step_energy_discharged__Wh" Float64,
  "auxiliary" Map(String, Float64),
  "metadata" String
) ENGINE = ReplacingMergeTree
ORDER BY ("device_id", "test_id", "cycle_number", "step_number", "record_number");

CREATE TABLE IF NOT EXISTS event (
  "event_id" String,
  "timestamp" DateTime64(6, 'UTC'),
  "epoch_us" Int64,
  "device_id" Nullable(String),
  "test_id" Nullable(String),
  "event_type" String,
  "severity" String,
  "record_number" Nullable(Int64),
  "message" String,
  "value" Nullable(Float64),
  "threshold" Nullable(Float64),
  "context" String,
  "gap_reason" Nullable(String),
  "lane" Nullable(String),
  "stream" Nullable(String),
  "segment" Nullable(Int64),
  "signals" Array(String),
  "sample_id_first" Nullable(Int64),
  "sample_id_last" Nullable(Int64),
  "sequence_first" Nullable(Int64),
  "sequence_last" Nullable(Int64),
  "samples_lost" Nullable(Int64),
  "duration__s" Nullable(Float64),
  "duration_uncertainty__s" Nullable(Float64),
  "previous_stream" Nullable(String),
  "previous_last_sequence" Map(String, Int64)
) ENGINE = ReplacingMergeTree
ORDER BY ("event_id");

CREATE TABLE IF NOT EXISTS run (
  "device_id" String,
  "test_id" String,
  "state" String,
  "started_at" DateTime64(6, 'UTC'),
  "ended_at" Nullable(DateTime64(6, 'UTC')),
  "recipe_id" Nullable(String),
  "recipe" Nullable(String),
  "part_id" Nullable(String),
  "part" Nullable(String),
  "algorithm" Nullable(String),
  "algorithm_version" Nullable(String),
  "labels" Map(String, String),
  "input_rate__Hz" Float64,
  "output_rate__Hz" Float64,
  "current_sign" String,
  "first_record_number" Nullable(Int64),
  "last_record_number" Nullable(Int64),
  "records_total" Int64,
  "samples_lost" Int64,
  "charge__C" Float64,
  "energy__J" Float64,
  "updated_at" DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY ("device_id", "test_id");

CREATE TABLE IF NOT EXISTS device (
  "device_id" String,
  "model" String,
  "serial" String,
  "firmware" String,
  "hardware" String,
  "calibration" String,
  "site" Nullable(String),
  "bench" Nullable(String),
  "bench_class" Nullable(String),
  "profile" Nullable(String),
  "agent_id" String,
  "signals" Array(Tuple(name String, unit String, rate__Hz Float64, ids_per_value Int64)),
  "updated_at" DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY ("device_id");

CREATE TABLE IF NOT EXISTS agent (
  "agent_id" String,
  "version" String,
  "timestamp" DateTime64(6, 'UTC'),
  "state" String,
  "uptime__s" Float64,
  "spool_bytes" Int64,
  "spool_quota_bytes" Int64,
  "oldest_unsent_age__s" Nullable(Float64),
  "time_to_full__s" Nullable(Float64),
  "delivered_total" Int64,
  "retried_total" Int64,
  "rebuilds_total" Int64,
  "samples_lost_total" Int64,
  "backoff__s" Float64,
  "last_error" Nullable(String)
) ENGINE = ReplacingMergeTree
ORDER BY ("agent_id");

CREATE TABLE IF NOT EXISTS waveform (
  "device_id" String,
  "test_id" String,
  "signal" String,
  "unit" String,
  "segment" UInt32,
  "first_sample" UInt64,
  "ids_per_value" UInt32,
  "time" DateTime64(9, 'UTC'),
  "time_uncertainty_ns" UInt64,
  "rate_hz" Float64,
  "gap_before" UInt64,
  "values" Array(Float32),
  "min" Array(Float32),
  "max" Array(Float32),
  "std" Array(Float32),
  "codes" Array(UInt32),
  "run_lengths" Array(UInt32),
  "encoding" String,
  "packed" String
) ENGINE = MergeTree
ORDER BY ("device_id", "test_id", "signal", "segment", "first_sample");
