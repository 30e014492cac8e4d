-- SPDX-License-Identifier: Apache-2.0
-- PostgreSQL 15 or later: one table per topic, columns named as the fields are, so that
--   insert into telemetry select r.* from jsonb_populate_recordset(null::telemetry, $1) r
--     on conflict do nothing
-- needs no mapping; the compacted topics (run, device, agent) take "on conflict (...) do update".
-- Names in mixed case must be quoted in queries: select "voltage__V".
-- Partitioned by time, the primary key of telemetry becomes (five keys, "timestamp"): PostgreSQL
-- wants the partition column in it, and a record's timestamp never changes.
-- bench.progress.v1 is the agents' own book-keeping and has no table.

CREATE TABLE IF NOT EXISTS telemetry (
  "schema" text NOT NULL,
  "event_id" text NOT NULL,
  "device_id" text NOT NULL,
  "test_id" text NOT NULL,
  "cycle_number" bigint NOT NULL,
  "step_number" bigint NOT NULL,
  "step_type" text,
  "step_id" bigint,
  "record_number" bigint NOT NULL,
  "timestamp" timestamptz NOT NULL,
  "epoch_us" bigint NOT NULL,
  "voltage__V" double precision NOT NULL,
  "current__A" double precision NOT NULL,
  "power__W" double precision NOT NULL,
  "duration__s" double precision NOT NULL,
  "voltage_delta__V" double precision NOT NULL,
  "current_delta__A" double precision NOT NULL,
  "power_delta__W" double precision NOT NULL,
  "capacity_charged__Ah" double precision NOT NULL,
  "capacity_discharged__Ah" double precision NOT NULL,
  "energy_charged__Wh" double precision NOT NULL,
  "energy_discharged__Wh" double precision NOT NULL,
  "differential_capacity_charged__Ah_V" double precision,
  "differential_capacity_discharged__Ah_V" double precision,
  "step_duration__s" double precision NOT NULL,
  "step_capacity_charged__Ah" double precision NOT NULL,
  "step_capacity_discharged__Ah" double precision NOT NULL,
  "step_energy_charged__Wh" double precision NOT NULL,
  "step_energy_discharged__Wh" double precision NOT NULL,
  "auxiliary" jsonb NOT NULL,
  "metadata" text NOT NULL,
  PRIMARY KEY ("device_id", "test_id", "cycle_number", "step_number", "record_number")
);

CREATE TABLE IF NOT EXISTS event (
  "event_id" text NOT NULL,
  "timestamp" timestamptz NOT NULL,
  "epoch_us" bigint NOT NULL,
  "device_id" text,
  "test_id" text,
  "event_type" text NOT NULL,
  "severity" text NOT NULL,
  "record_number" bigint,
  "message" text NOT NULL,
  "value" double precision,
  "threshold" double precision,
  "context" text NOT NULL,
  "gap_reason" text,
  "lane" text,
  "stream" text,
  "segment" bigint,
  "signals" jsonb,
  "sample_id_first" bigint,
  "sample_id_last" bigint,
  "sequence_first" bigint,
  "sequence_last" bigint,
  "samples_lost" bigint,
  "duration__s" double precision,
  "duration_uncertainty__s" double precision,
  "previous_stream" text,
  "previous_last_sequence" jsonb,
  PRIMARY KEY ("event_id")
);

CREATE TABLE IF NOT EXISTS run (
  "device_id" text NOT NULL,
  "test_id" text NOT NULL,
  "state" text NOT NULL,
  "started_at" timestamptz NOT NULL,
  "ended_at" timestamptz,
  "recipe_id" text,
  "recipe" text,
  "part_id" text,
  "part" text,
  "algorithm" text,
  "algorithm_version" text,
  "labels" jsonb NOT NULL,
  "input_rate__Hz" double precision NOT NULL,
  "output_rate__Hz" double precision NOT NULL,
  "current_sign" text NOT NULL,
  "first_record_number" bigint,
  "last_record_number" bigint,
  "records_total" bigint NOT NULL,
  "samples_lost" bigint NOT NULL,
  "charge__C" double precision NOT NULL,
  "energy__J" double precision NOT NULL,
  "updated_at" timestamptz NOT NULL,
  PRIMARY KEY ("device_id", "test_id")
);

CREATE TABLE IF NOT EXISTS device (
  "device_id" text NOT NULL,
  "model" text NOT NULL,
  "serial" text NOT NULL,
  "firmware" text NOT NULL,
  "hardware" text NOT NULL,
  "calibration" text NOT NULL,
  "site" text,
  "bench" text,
  "bench_class" text,
  "profile" text,
  "agent_id" text NOT NULL,
  "signals" jsonb NOT NULL,
  "updated_at" timestamptz NOT NULL,
  PRIMARY KEY ("device_id")
);

CREATE TABLE IF NOT EXISTS agent (
  "agent_id" text NOT NULL,
  "version" text NOT NULL,
  "timestamp" timestamptz NOT NULL,
  "state" text NOT NULL,
  "uptime__s" double precision NOT NULL,
  "spool_bytes" bigint NOT NULL,
  "spool_quota_bytes" bigint NOT NULL,
  "oldest_unsent_age__s" double precision,
  "time_to_full__s" double precision,
  "delivered_total" bigint NOT NULL,
  "retried_total" bigint NOT NULL,
  "rebuilds_total" bigint NOT NULL,
  "samples_lost_total" bigint NOT NULL,
  "backoff__s" double precision NOT NULL,
  "last_error" text,
  PRIMARY KEY ("agent_id")
);

-- The columns of the Arrow value of bench.waveform.v1. PostgreSQL keeps microseconds: the exact
-- place of a value is "first_sample" and "ids_per_value", never "time". "stream" is
-- wattspool.stream of the schema metadata: segments are counted within it.
CREATE TABLE IF NOT EXISTS waveform (
  "stream" text NOT NULL,
  "device_id" text NOT NULL,
  "test_id" text NOT NULL,
  "signal" text NOT NULL,
  "unit" text NOT NULL,
  "segment" bigint NOT NULL,
  "first_sample" bigint NOT NULL,
  "ids_per_value" bigint NOT NULL,
  "time" timestamptz NOT NULL,
  "time_uncertainty_ns" bigint NOT NULL,
  "rate_hz" double precision NOT NULL,
  "gap_before" bigint NOT NULL,
  "values" real[] NOT NULL,
  "min" real[] NOT NULL,
  "max" real[] NOT NULL,
  "std" real[] NOT NULL,
  "codes" bigint[] NOT NULL,
  "run_lengths" bigint[] NOT NULL,
  "encoding" text NOT NULL,
  "packed" bytea NOT NULL,
  PRIMARY KEY ("stream", "device_id", "segment", "signal", "first_sample")
);
