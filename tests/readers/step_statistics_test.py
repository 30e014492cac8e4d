# SPDX-License-Identifier: Apache-2.0
"""DuckDB, given the shipped schema, computes step and cycle statistics from our records and gets
the numbers of the golden vector."""

import unittest

import duckdb
import golden

STEPS = """
create view steps as select device_id, test_id, cycle_number, step_number,
  arg_min(voltage__V, record_number) start_v, arg_max(voltage__V, record_number) end_v,
  min(voltage__V) min_v, max(voltage__V) max_v,
  sum(voltage__V * duration__s) / sum(duration__s) mean_v,
  sum(current__A * duration__s) / sum(duration__s) mean_a,
  sum(power__W * duration__s) / sum(duration__s) mean_w,
  arg_max(step_capacity_charged__Ah, record_number) charged_ah,
  arg_max(step_capacity_discharged__Ah, record_number) discharged_ah,
  arg_max(step_energy_charged__Wh, record_number) charged_wh,
  arg_max(step_energy_discharged__Wh, record_number) discharged_wh,
  max(abs(voltage_delta__V)) max_dv, max(abs(current_delta__A)) max_da,
  max(abs(power_delta__W)) max_dw,
  min(epoch_us) first_us, max(epoch_us) last_us, (max(epoch_us) - min(epoch_us)) / 1e6 duration_s,
  max(duration__s) max_interval_s, count(*) records
from telemetry group by all
"""

CYCLES = """
select arg_min(start_v, step_number), arg_max(end_v, step_number), min(min_v), max(max_v),
  sum(mean_v * duration_s) / sum(duration_s), sum(mean_a * duration_s) / sum(duration_s),
  sum(mean_w * duration_s) / sum(duration_s),
  sum(charged_ah), sum(discharged_ah), sum(charged_wh), sum(discharged_wh),
  max(max_dv), max(max_da), max(max_dw),
  (max(last_us) - min(first_us)) / 1e6, max(max_interval_s), sum(records)
from steps group by cycle_number order by cycle_number
"""

AH = 0.5 / 3600
CHARGE_WH = 1.8 / 3600
DISCHARGE_WH = 1.7 / 3600

# start V, end V, min V, max V, mean V, mean A, mean W, charged Ah, discharged Ah, charged Wh,
# discharged Wh, max dV, max dA, max dW, duration, longest interval, records
REST = [3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0.4, 0.1, 5]
CHARGE = [3.2, 4, 3.2, 4, 3.6, 1, 3.6, AH, 0, CHARGE_WH, 0, 0.2, 1, 3.2, 0.4, 0.1, 5]
DISCHARGE = [3.8, 3, 3, 3.8, 3.4, -1, -3.4, 0, AH, 0, DISCHARGE_WH, 0.2, 2, 7.8, 0.4, 0.1, 5]
CYCLE = [3, 3, 3, 4, 10 / 3, 0, 0.2 / 3, AH, AH, CHARGE_WH, DISCHARGE_WH, 0.2, 2, 7.8, 1.4, 0.1, 15]
FIRST_REST = REST[:11] + [0, 0, 0] + REST[14:]


def load(con, path):
    columns = ", ".join(
        f"\"{name}\": '{kind}'" for name, kind, *_ in con.execute("describe telemetry").fetchall()
    )
    con.execute(
        f"insert or ignore into telemetry by name select * from read_json('{path}',"
        f" format = 'newline_delimited', columns = {{{columns}}})"
    )


class StepStatistics(unittest.TestCase):
    def setUp(self):
        self.con = duckdb.connect()
        self.con.execute((golden.SCHEMAS / "duckdb.sql").read_text(encoding="utf-8"))
        load(self.con, golden.GOLDEN / "telemetry_vector.jsonl")

    def check(self, rows, expected):
        self.assertEqual(len(rows), len(expected))
        for row, wanted in zip(rows, expected):
            self.assertEqual(len(row), len(wanted))
            for got, want in zip(row, wanted):
                self.assertAlmostEqual(got, want, delta=1e-9)

    def test_steps(self):
        self.con.execute(STEPS)
        rows = self.con.execute(
            "select * exclude (device_id, test_id, cycle_number, step_number, first_us, last_us)"
            " from steps order by step_number"
        ).fetchall()
        self.check(rows, [FIRST_REST, CHARGE, DISCHARGE, REST, CHARGE, DISCHARGE])

    def test_cycles(self):
        self.con.execute(STEPS)
        rows = self.con.execute(CYCLES).fetchall()
        # The first record of the run has no difference to a previous one; the largest are later.
        self.check(rows, [CYCLE, CYCLE])

    def test_redelivery_changes_nothing(self):
        everything = "select * from telemetry order by all"
        before = self.con.execute(everything).fetchall()
        load(self.con, golden.GOLDEN / "telemetry_vector.jsonl")
        self.assertEqual(len(before), 30)
        self.assertEqual(self.con.execute(everything).fetchall(), before)

    def test_every_double_arrives_exactly(self):
        names = [name for name, kind, *_ in self.con.execute("describe telemetry").fetchall()
                 if kind == "DOUBLE"]
        self.assertEqual(len(names), 18)
        rows = self.con.execute(
            f"select {', '.join(names)} from telemetry order by record_number"
        ).fetchall()
        for row, line in zip(rows, golden.lines("telemetry_vector.jsonl")):
            record = golden.parse_strict(line)
            self.assertEqual(list(row), [record[name] for name in names])

    def test_timestamp_and_epoch_are_one_instant(self):
        off = self.con.execute(
            "select count(*) from telemetry where epoch_us(timestamp) != epoch_us"
        )
        self.assertEqual(off.fetchall(), [(0,)])

    def test_the_odd_records_load_too(self):
        load(self.con, golden.GOLDEN / "telemetry_edges.jsonl")
        last = self.con.execute(
            "select max(record_number), max(cast(auxiliary['sample_id_last'] as bigint)),"
            " count(*) filter (step_type is null) from telemetry"
        ).fetchall()
        self.assertEqual(last, [(2**53 - 1, 2**53 - 1, 2)])


if __name__ == "__main__":
    unittest.main()
