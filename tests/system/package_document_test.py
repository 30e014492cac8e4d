# SPDX-License-Identifier: Apache-2.0
"""packaging/README.md on a booted host: its commands, in its order, do what it says they do."""

import re
import shutil
import sys
import unittest

from harness.bench import (CREDENTIALS, INSTRUMENT, INSTRUMENTS, SITE_FILE, SPOOL, UNIT, Bench,
                           repacked)
from harness.broker import RealBroker
from harness.host import enter_own_network
from harness.process import wait_for
from harness.programs import ROOT
from harness.scratch import Scratch

sys.path.insert(0, str(ROOT / "tests" / "docs"))
import document  # noqa: E402

PAGE = ROOT / "packaging" / "README.md"
# What the reader puts in; the document's version is whatever is built.
BROKER = "kafka1.example.org:9092"
# Where the reader plugs an instrument in, the harness names the emulated one.
PORT_FILE = "/etc/wattspool/conf.d/40-emulated.toml"
# A reader has a terminal and answers apt; the harness brings settings that the document leaves out.
ANSWERS = 'APT::Get::Assume-Yes "true";\nAPT::Get::allow-remove-essential "false";\n'


class PackageDocument(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("document"))
        self.broker = RealBroker(self.scratch)
        self.text = PAGE.read_text(encoding="utf-8")
        self.ran = set()

    def new_bench(self, name):
        bench = Bench(self.scratch, self.broker, name=name)
        bench.host.write("/etc/apt/apt.conf.d/90answers", ANSWERS)
        shutil.copy(bench.host.package, bench.host.path("/root/wattspool_0.1.0_amd64.deb"))
        return bench

    def test_a_reader(self):
        self.assertIn("wattspool_0.1.0_amd64.deb", self.text)
        for step in (self.install, self.rotate, self.move, self.change, self.alerts, self.remove,
                     self.everything_was_run):
            print(f"... {step.__name__}", flush=True)
            step()

    def section(self, title):
        """(line number, text) of a section."""
        begin = self.text.index(f"\n## {title}\n") + 1
        end = self.text.find("\n## ", begin)
        return self.text[:begin].count("\n"), self.text[begin:end]

    def blocks(self, title):
        offset, text = self.section(title)
        for block in document.blocks_of(text):
            self.ran.add(block.line + offset)
            yield block.script

    def reader(self, script, bench=None):
        """As root in a folder of its own; every command has to end with 0, check as well."""
        said = (bench or self.bench).host.say(
            "bash", "-euo", "pipefail", "-c", f"cd /root\n{script}",
            properties=("Environment=DEBIAN_FRONTEND=noninteractive",))
        if "wattspool check " in script:
            print(f"    {said.splitlines()[-1]}", flush=True)

    def rows(self, title):
        """The cells of the tables of a section, by their first one."""
        cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
                 for line in self.section(title)[1].splitlines() if line.startswith("| ")]
        return {row[0]: row[1:] for row in cells}

    def do(self, what, **texts):
        """The commands of a row of the table, with what the reader puts in."""
        row = self.rows("Change, upgrade, go back")[what]
        for command in re.findall(r"`([a-z][^`]* [^`]*)`", row[0]):
            for old, new in texts.items():
                command = command.replace(f"wattspool_{old}.deb", new)
            self.reader(command)

    def install(self):
        """With an instrument that is plugged in, and measured, before its restart."""
        first, second = self.blocks("Install")
        self.assertIn(BROKER, second)
        bench = self.bench = self.new_bench("first")
        bench.host.run("rm", SITE_FILE)  # the document says how it is written
        bench.host.write(PORT_FILE, 'usb.discover = "off"\n' + INSTRUMENTS)
        self.reader(first)
        self.assertEqual(bench.unit("ActiveState"), "active")
        bench.plug_in()
        wait_for(bench.rows, "it measures", 30, 0.2)
        self.reader(second.replace(BROKER, self.broker.bootstrap.split(",")[0]))
        [instrument] = bench.status()["instruments"]
        self.assertIn("restart", instrument["gaps_by_reason"])
        self.reader("adduser --quiet --system reader; adduser reader wattspool")
        bench.host.shut_down()

    def rotate(self):
        """On a bench without a gap. The broker takes the new password only."""
        self.bench = self.new_bench("bench")
        self.bench.install()
        self.bench.start_instrument()
        self.bench.wait_acked()
        self.bench.host.write(f"{CREDENTIALS}/password", "old\n", 0o600)
        self.bench.host.run("systemctl", "reload", UNIT)
        wait_for(lambda: "forwarder_held" in self.bench.host.say(
            "wattspool", "check", "--json", check=False), "the old one is refused", 60, 0.5)
        (script,) = self.blocks("Rotate credentials")
        self.assertIn("NEW_PASSWORD", script)
        self.reader(script.replace("NEW_PASSWORD", "right"))
        mode = self.bench.host.say("stat", "-c", "%a %U", f"{CREDENTIALS}/password")
        self.assertEqual(mode, "600 root")

    def move(self):
        old, new = self.blocks("Back up, move")
        self.broker.take_away()
        wait_for(lambda: self.bench.rows(what="unacked_rows") >= 5, "rows wait", 30, 0.2)
        self.reader(old)
        waiting = self.bench.spool()
        other = self.new_bench("other")
        other.host.run("rm", "-r", SITE_FILE, CREDENTIALS)
        other.install()
        shutil.copy(self.bench.host.path("/root/bench.tar.gz"), other.host.path("/root"))
        other.start_instrument()
        self.reader(new, other)
        lane = other.spool()["lanes"]["telemetry"]
        self.assertGreaterEqual(lane["rows"], waiting["lanes"]["telemetry"]["rows"])
        self.bench = other
        self.broker.bring_back()
        other.wait_acked()

    def change(self):
        self.do("change the log or `kafka.security`")
        before = self.bench.unit("MainPID")
        self.do("change anything else")
        self.assertNotEqual(self.bench.unit("MainPID"), before)
        repacked(self.bench.host.package, self.scratch.path("newer"),
                 self.bench.host.path("/root/newer.deb"), "99.0")
        self.do("upgrade", NEW="newer.deb")
        self.assertEqual(self.version(), "99.0")
        self.do("go back", OLD="wattspool_0.1.0_amd64.deb")
        self.assertNotEqual(self.version(), "99.0")
        self.bench.wait_acked()

    def version(self):
        return self.bench.host.say("dpkg-query", "-W", "-f", "${Version}", "wattspool")

    def alerts(self):
        """Each command that answers an alert is there and understands its arguments."""
        rows = {name: row for name, row in self.rows("Alerts").items() if "Wattspool" in name}
        self.assertGreater(len(rows), 20)
        for name, row in rows.items():
            for command in row[2].strip("`").replace("\\|", "|").split(";"):
                command = command.strip().replace("INSTRUMENT", INSTRUMENT)
                program = command.split()[0]
                if program == "iostat" or "jq" in command or "--watch" in command:
                    continue  # of packages that this one suggests; endless
                answer = self.bench.host.run("bash", "-c", command, check=False)
                self.assertNotEqual(answer.returncode, 127, f"{name}: {command}")
                self.assertNotIn("wattspool --help", answer.stderr, f"{name}: {command}")

    def remove(self):
        self.do("remove")
        self.assertTrue(self.bench.host.path(SPOOL).exists())
        self.bench.install()
        self.bench.wait_acked()
        self.do("delete all")
        for path in ("/etc/wattspool", "/var/lib/wattspool"):
            self.assertFalse(self.bench.host.path(path).exists(), path)
        self.bench.install()
        self.assertEqual(self.bench.unit("ActiveState"), "active")

    def everything_was_run(self):
        blocks = document.blocks_of(self.text)
        self.assertGreater(len(blocks), 4)
        self.assertEqual({block.line for block in blocks}, self.ran)
        self.assertEqual(document.missing_links(self.text, PAGE.parent), [])


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
