# SPDX-License-Identifier: Apache-2.0
"""The preflight of 100 benches takes less than a minute, and finds what is wrong with one."""

import json
import pathlib
import resource
import subprocess
import tempfile
import time
import unittest

from controller import ansibles, environment

ALLOWED_S = 60


def cpu_s():
    """Of the programs that have ended: a busy machine does not make it longer."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Hundred(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fleet-")))
        (self.folder / "wattspool_1.0_amd64.deb").touch()
        self.hosts = {f"bench-{number:03}": {} for number in range(100)}

    def preflight(self, bin_folder):
        inventory = self.folder / "hosts.json"
        inventory.write_text(json.dumps({"benches": {"hosts": self.hosts, "vars": {
            "ansible_connection": "local",
            "wattspool_package_file": str(self.folder / "wattspool_1.0_amd64.deb"),
            "wattspool_kafka_brokers": ["kafka1:9092"]}}}), "utf-8")
        begin = time.monotonic(), cpu_s()
        answer = subprocess.run(
            [f"{bin_folder}/ansible-playbook", "-i", inventory, "--forks", "10", "--tags",
             "preflight", "wattspool.bench.site"], capture_output=True, text=True, check=False,
            cwd=self.folder, stdin=subprocess.DEVNULL,
            env=environment(self.folder))
        said = answer.stdout + answer.stderr
        return answer.returncode, said, time.monotonic() - begin[0], cpu_s() - begin[1]

    def test_in_time(self):
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                code, said, seconds, used_s = self.preflight(bin_folder)
                print(f"{bin_folder}: {seconds:.1f} s, {used_s:.1f} s of one processor",
                      flush=True)
                if code != 0:  # this machine need not be one that benches can be
                    self.assertRegex(said, "packages for Debian only|systemd does not run there")
                self.assertEqual(said.count("changed=0"), 100, said[-3000:])
                self.assertLessEqual(used_s, ALLOWED_S)

    def test_agents_of_one_name_are_both_named(self):
        self.hosts["bench-042"]["wattspool_agent_id"] = "bench-007"
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                code, said, _, _ = self.preflight(bin_folder)
                self.assertNotEqual(code, 0)
                self.assertIn('"bench-007" is that of bench-007 and bench-042',
                              " ".join(said.split()).replace('\\"', '"'))
                self.assertNotIn("Ask the host who it is", said)

    def test_an_unknown_variable_is_named(self):
        self.hosts["bench-099"]["wattspool_kafka_broker"] = "x:1"
        code, said, _, _ = self.preflight("/usr/bin")
        self.assertNotEqual(code, 0)
        self.assertIn("bench-099: no such variable: wattspool_kafka_broker.",
                      " ".join(said.split()))


if __name__ == "__main__":
    unittest.main()
