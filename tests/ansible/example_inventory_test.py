# SPDX-License-Identifier: Apache-2.0
"""The example inventory is right as it stands, once certificates are where it says they are."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from controller import ROOT, ansibles, environment

PAGE = ROOT / "ansible/README.md"
sys.path.insert(0, str(ROOT / "tests/docs"))
import document  # noqa: E402

SHOWN = "{{ wattspool_kafka_ca }}, {{ wattspool_kafka_certificate }}, {{ wattspool_kafka_key }}"
PLAYBOOKS = sorted(path.stem for path in (ROOT / "ansible/playbooks").glob("*.yml"))


class Example(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fleet-")))
        self.inventory = self.folder / "inventory"
        shutil.copytree(ROOT / "ansible/inventory.example", self.inventory)
        settings = self.inventory / "group_vars/benches/wattspool.yml"
        key = self.folder / "wattspool-archive-keyring.asc"
        key.touch()
        text, count = re.subn(r"(?<=^wattspool_apt_key_file: ).*", str(key), settings.read_text(),
                              flags=re.M)
        self.assertEqual(count, 1)
        settings.write_text(text)
        (settings.parent / "cluster-ca.crt").write_text("AUTHORITY")
        for number in (1, 2, 3):
            folder = self.inventory / f"host_vars/bench-0{number}"
            folder.mkdir(parents=True)
            (folder / "client.crt").write_text(f"CERTIFICATE {number}")
            (folder / "client.key").write_text(f"KEY {number}")

    def ansible(self, bin_folder, program, *words):
        answer = subprocess.run(
            [f"{bin_folder}/{program}", "-i", self.inventory, *words], capture_output=True,
            text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL,
            env=environment(self.folder))
        self.said = answer.stdout + answer.stderr
        return answer

    def test_it_is_judged_right(self):
        """By the play that each playbook begins with; no host is asked for anything."""
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                answer = self.ansible(bin_folder, "ansible-playbook", "--tags", "none",
                                      "wattspool.bench.site")
                self.assertEqual(answer.returncode, 0, self.said[-3000:])
                self.assertEqual(len(re.findall(r"^bench-0\d .*failed=0", self.said, re.M)), 3)
                self.assertNotIn("Unable to parse", answer.stderr)  # a file that is no inventory

    def show_certificates(self, bin_folder, *words):
        answer = self.ansible(bin_folder, "ansible", "benches", "-c", "local", "-m",
                              "ansible.builtin.debug", "-a", json.dumps({"msg": SHOWN}), *words)
        self.assertEqual(answer.returncode, 0, self.said)
        for number in (1, 2, 3):
            self.assertIn(f"AUTHORITY, CERTIFICATE {number}, KEY {number}", self.said)

    def test_each_bench_has_its_own_certificate(self):
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                self.show_certificates(bin_folder)

    def test_keys_may_be_encrypted_as_documented(self):
        (command,) = re.findall(r"`(ansible-vault encrypt [^`]*)`", PAGE.read_text("utf-8"))
        password = self.folder / "password"
        password.write_text("secret")
        words = ("--vault-password-file", password)
        subprocess.run([*command.split()[:2], *words, *self.folder.glob(command.split()[2])],
                       check=True, capture_output=True)
        key = self.inventory / "host_vars/bench-02/client.key"
        self.assertNotIn("KEY", key.read_text())
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                self.show_certificates(bin_folder, *words)

    def test_a_certificate_that_is_not_there_is_named(self):
        (self.inventory / "host_vars/bench-02/client.key").unlink()
        answer = self.ansible("/usr/bin", "ansible-playbook", "--tags", "none",
                              "wattspool.bench.site")
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("host_vars/bench-02/client.key", self.said)

    def test_a_misspelt_variable_of_it_is_named(self):
        settings = self.inventory / "group_vars/benches/wattspool.yml"
        settings.write_text(settings.read_text().replace("wattspool_topics_brokers:",
                                                         "wattspool_topic_brokers:"))
        answer = self.ansible("/usr/bin", "ansible-playbook", "--tags", "none",
                              "wattspool.bench.site")
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("no such variable: wattspool_topic_brokers", " ".join(self.said.split()))

    def test_documented_playbooks_are_there(self):
        """Their syntax, too; and each is in the table of the document."""
        text = PAGE.read_text("utf-8")
        named = set()
        for page in (PAGE, ROOT / "README.md"):
            for block in document.blocks_of(page.read_text("utf-8"), "controller"):
                named |= set(re.findall(r"wattspool\.bench\.(\w+)", block.script))
        self.assertLessEqual({"topics", "site"}, named)
        self.assertLessEqual(named, set(PLAYBOOKS))
        for name in PLAYBOOKS:
            self.assertIn(f"| `wattspool.bench.{name}` |", text)
        answer = self.ansible("/usr/bin", "ansible-playbook", "--syntax-check",
                              *(f"wattspool.bench.{name}" for name in PLAYBOOKS))
        self.assertEqual(answer.returncode, 0, self.said)

    def test_the_inventory_lists_its_benches(self):
        answer = self.ansible("/usr/bin", "ansible-inventory", "--list")
        self.assertEqual(answer.returncode, 0, self.said)
        self.assertEqual(json.loads(answer.stdout)["benches"]["hosts"],
                         ["bench-01", "bench-02", "bench-03"])


if __name__ == "__main__":
    unittest.main()
