# SPDX-License-Identifier: Apache-2.0
"""Each bench is granted what its own brokers have not granted it; of clusters that are scripts."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from controller import ansibles, environment

# A cluster is a file named as its broker: what --list says. Lists and grants are noted.
ACLS = """\
#!/bin/sh
cd {folder}
echo "$*" >> asked
[ "$3" != --list ] || cat "$2"
"""
# Prints as the program does, with the delivery that it was told.
PROGRAM = """\
#!/bin/sh
cd {folder}
case "$*" in
*--print-acls*)
    echo "# $WATTSPOOL__FORWARD__DELIVERY"
    echo "$WATTSPOOL__AGENT__ID $WATTSPOOL__FORWARD__DELIVERY" >> deliveries
    words="--bootstrap-server $9 --add --allow-principal $7"
    echo "kafka-acls.sh $words --operation Write --topic t" ;;
*)
    echo "created t: $*" >> asked; echo "created t" ;;
esac
"""
LISTED = """\
Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=t, patternType=LITERAL)`:
 \t(principal=User:{name}, host=*, operation=WRITE, permissionType=ALLOW)
"""


class Rights(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fleet-")))
        for name, text in (("acls", ACLS), ("wattspool", PROGRAM)):
            program = self.folder / name
            program.write_text(text.format(folder=self.folder), "ascii")
            program.chmod(0o755)
        (self.folder / "wattspool_1.0_amd64.deb").touch()
        self.hosts = {"b1": {}, "b2": {}, "b3": {"wattspool_kafka_brokers": ["k2:9"]},
                      "b4": {"wattspool_kafka_brokers": ["k2:9"]}}

    def topics(self, bin_folder="/usr/bin"):
        """Recap by host, and what kafka-acls.sh was asked."""
        for name in ("asked", "deliveries"):
            (self.folder / name).unlink(missing_ok=True)
        inventory = self.folder / "hosts.json"
        inventory.write_text(json.dumps({"benches": {"hosts": self.hosts, "vars": {
            "wattspool_package_file": str(self.folder / "wattspool_1.0_amd64.deb"),
            "wattspool_topics_command": str(self.folder / "wattspool"),
            "wattspool_topics_acl_command": [str(self.folder / "acls")],
            "wattspool_kafka_brokers": ["k1:9"]}}}), "utf-8")
        answer = subprocess.run(
            [f"{bin_folder}/ansible-playbook", "-i", inventory, "wattspool.bench.topics"],
            capture_output=True, text=True, check=False, cwd=self.folder,
            stdin=subprocess.DEVNULL, env=environment(self.folder))
        self.said = answer.stdout + answer.stderr
        return answer.returncode, (self.folder / "asked").read_text("ascii").splitlines()

    def grants(self, *names_of, bin_folder="/usr/bin"):
        code, asked = self.topics(bin_folder)
        self.assertEqual(code, 0, self.said[-3000:])
        granted = [line for line in asked if "--add" in line]
        self.assertEqual(sorted(granted), sorted([
            f"--bootstrap-server {broker} --add --allow-principal User:{name} --operation Write "
            "--topic t" for name, broker in names_of]))
        return asked

    def have(self, **names):
        for broker in ("k1", "k2"):
            (self.folder / f"{broker}:9").write_text(
                "".join(LISTED.format(name=name) for name in names.get(broker, [])), "ascii")

    def test_a_bench_is_compared_with_its_own_cluster(self):
        self.have(k1=["b1", "b3"], k2=["b2", "b4"])
        for bin_folder in ansibles():
            with self.subTest(bin_folder):
                asked = self.grants(("b2", "k1:9"), ("b3", "k2:9"), bin_folder=bin_folder)
                self.assertEqual(sorted(line for line in asked if "--list" in line),
                                 [f"--bootstrap-server {one}:9 --list" for one in ("k1", "k2")])
                self.assertEqual(len([line for line in asked if "created" in line]), 2)

    def test_doors_of_one_cluster_are_one_cluster(self):
        """Each bench comes in by a door of its own; the administrator knows another."""
        for name, bench in self.hosts.items():
            bench.update(wattspool_kafka_brokers=[f"{name}:9"], wattspool_topics_brokers=["k1:9"])
        self.have(k1=["b1", "b2", "b4"])
        asked = self.grants(("b3", "k1:9"))
        self.assertEqual(len([line for line in asked if "--list" in line]), 1)
        self.assertEqual(len([line for line in asked if "created" in line]), 1)

    def test_the_first_bench_need_not_want_rights(self):
        self.hosts["b1"]["wattspool_topics_acls"] = False
        self.have(k1=["b2"], k2=["b3", "b4"])
        asked = self.grants()
        self.assertEqual(len([line for line in asked if "--list" in line]), 2)

    def test_brokers_that_do_not_say_are_granted_nothing(self):
        self.have(k2=["b3"])
        (self.folder / "k1:9").unlink()
        code, asked = self.topics()
        self.assertNotEqual(code, 0)
        self.assertEqual([line.split()[4] for line in asked if "--add" in line], ["User:b4"])
        self.assertIn("b2: its brokers have not said which rights there are",
                      " ".join(self.said.split()))

    def test_the_delivery_is_found_in_both_forms(self):
        self.hosts["b2"]["wattspool_settings"] = {"forward.delivery": "at_least_once"}
        self.hosts["b3"]["wattspool_settings"] = {"forward": {"delivery": "at_least_once"}}
        self.have(k1=["b1", "b2"], k2=["b3", "b4"])
        self.grants()
        self.assertEqual(sorted((self.folder / "deliveries").read_text("ascii").splitlines()),
                         ["b1 exactly_once", "b2 at_least_once", "b3 at_least_once",
                          "b4 exactly_once"])


if __name__ == "__main__":
    unittest.main()
