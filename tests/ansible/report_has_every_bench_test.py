# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with some benches, or with all: each of them is in the report, and why."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from controller import ansibles, environment

STATUS = {"updated_at": "2026-11-27T08:00:10Z", "version": "1.0", "health": "healthy",
          "instruments": [], "reasons": [], "spool": {"unacked_rows": 0},
          "kafka": {"last_ack_at": None}}
LOCAL = {"ansible_connection": "local", "ansible_become": False}
# Nobody listens there.
UNREACHABLE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
# As with a wrong password: there is no such way of becoming root.
NO_ROOT = {"ansible_connection": "local", "ansible_become_method": "nobody_knows"}
INVALID = {**LOCAL, "wattspool_gate_soak_s": "soon"}
NO_VAULT = {**LOCAL, "wattspool_site": "{{ vault_site }}"}


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fleet-")))
        program = self.folder / "wattspool"
        program.write_text(f"#!/bin/sh\necho '{json.dumps(STATUS)}'\n", "ascii")
        program.chmod(0o755)

    def report(self, hosts, bin_folder="/usr/bin"):
        """Health of each bench, and the lines of the table."""
        inventory = self.folder / "hosts.json"
        inventory.write_text(json.dumps({"benches": {"hosts": hosts, "vars": {
            "ansible_python_interpreter": "/usr/bin/python3",
            "wattspool_kafka_brokers": ["k1:9"]}}}), "utf-8")
        file = self.folder / "wattspool-report.json"
        file.unlink(missing_ok=True)
        answer = subprocess.run(
            [f"{bin_folder}/ansible-playbook", "-i", inventory, "wattspool.bench.report"],
            capture_output=True, text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL,
            env={**environment(self.folder), "PWD": str(self.folder),
                 "PATH": f"{self.folder}:{os.environ['PATH']}"})
        said = answer.stdout + answer.stderr
        self.assertEqual(answer.returncode, 0, said[-3000:])
        benches = json.loads(file.read_text("utf-8"))["benches"]
        health = {one["bench"]: one["problem"][0] if one["status"] is None
                  else one["status"]["health"] for one in benches}
        self.assertEqual(list(health), list(hosts))
        table = said[said.index("Show the fleet"):]
        return health, {name: next(line for line in table.splitlines() if f'"{name} ' in line)
                        for name in hosts}

    def test_one_that_is_wrong_costs_no_other(self):
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                health, lines = self.report(
                    {"b1": NO_ROOT, "b2": LOCAL, "b3": UNREACHABLE, "b4": INVALID, "b5": NO_VAULT},
                    bin_folder)
                self.assertEqual(health, {"b1": "unknown", "b2": "healthy", "b3": "unreachable",
                                          "b4": "unknown", "b5": "unknown"})
                self.assertRegex(lines["b1"], "unknown.*nobody_knows")
                self.assertRegex(lines["b2"], "healthy")
                self.assertRegex(lines["b3"], "unreachable .*[Cc]onnect")
                self.assertRegex(lines["b4"], "unknown .*wattspool_gate_soak_s")
                self.assertRegex(lines["b5"], "unknown .*vault_site")

    def test_none_that_is_right_is_a_report_too(self):
        health, _ = self.report({"b1": UNREACHABLE, "b2": INVALID})
        self.assertEqual(health, {"b1": "unreachable", "b2": "unknown"})


if __name__ == "__main__":
    unittest.main()
