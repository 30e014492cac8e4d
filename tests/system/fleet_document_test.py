# SPDX-License-Identifier: Apache-2.0
"""What an admin reads about many benches, done as it is written: benches deliver.

README.md with one bench; with the argument `whole`: ansible/README.md with three. The commands are
the document's own, in its order. The names of the example inventory exist here, and so does its web
server. What a reader would edit is edited: the brokers, the port of the one instrument that is
named, and certificates are put where the document says. A file on each host stands for what it
lacks, an instrument on the USB and a network of its own. `./dev` is not run: it built the package.
"""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness.bench import repacked
from harness.broker import SecuredBroker
from harness.fleet import INSTRUMENT_SERVICE, Fleet, QuietHandler
from harness.host import enter_own_network, package_file
from harness.process import wait_for
from harness.programs import ROOT, build_folder
from harness.scratch import Scratch

sys.path.insert(0, str(ROOT / "tests" / "docs"))
import document  # noqa: E402
import run_document  # noqa: E402
import shell  # noqa: E402

WHOLE = "whole" in sys.argv[1:]
PAGE = ROOT / ("ansible/README.md" if WHOLE else "README.md")
BENCHES = 3 if WHOLE else 1
TIMEOUT_S = 1700
# What a bench lacks here. The other two instruments are found, not named, in the example.
LACKING = """\
usb.discover = "off"
metrics.listen = "{address}:19220"
kafka.settings."broker.address.family" = "v4"
"""
FOUND = '[[instrument]]\nid = "{instrument}"\nport = "unix:/run/instrument/usb.sock"\n'
NAMED = "js220/001234"
WEB = "/srv/www"
REPOSITORY_HOST = "repo.example.org"


class FleetDocument(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("fleet-document"))
        self.broker = SecuredBroker(self.scratch, {"nobody": "secret"})
        self.fleet = Fleet(self.scratch, self.broker, ["bookworm"] * BENCHES)
        self.benches = list(self.fleet.benches.values())
        self.give_names()
        self.serve()
        for bench in self.benches:
            self.complete(bench)
        self.fleet.start()
        self.folder = self.scratch.path("checkout")
        self.folder.mkdir()
        run_document.scratch_tree(self.folder, build_folder())
        (self.folder / "build/packages").symlink_to(package_file().parent)
        self.bash = self.enterContext(shell.Shell(self.folder, self.environment(), TIMEOUT_S))
        self.usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True,
                                    check=True).stdout

    # What the example takes for granted.

    def give_names(self):
        """Of the example's hosts, for this program alone: its mounts are its own."""
        names = [f"127.0.0.1 localhost {REPOSITORY_HOST}"]
        names += [f"{bench.address} {bench.name}.example.org" for bench in self.benches]
        hosts = self.scratch.path("names")
        hosts.write_text("\n".join(names) + "\n", encoding="ascii")
        subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
        for bench in self.benches:
            with open(bench.host.path("/etc/hosts"), "a", encoding="ascii") as file:
                file.write(f"127.0.0.1 {REPOSITORY_HOST}\n")

    def serve(self):
        subprocess.run(["mount", "-t", "tmpfs", "web", "/srv"], check=True)
        os.mkdir(WEB)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 80), lambda *words: QuietHandler(*words, directory=WEB))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def complete(self, bench):
        text = LACKING.format(address=bench.address)
        if bench.name == "bench-03":  # its instrument is named in the inventory
            bench.host.write("/etc/systemd/system/instrument.service",
                             INSTRUMENT_SERVICE.format(serial=NAMED.partition("/")[2]))
        else:
            text += FOUND.format(instrument=bench.instrument)
        bench.host.write("/etc/wattspool/conf.d/90-lacking.toml", text)

    def environment(self):
        """A controller that reaches benches as root by a key, and has what the page asks for."""
        home = self.enterContext(tempfile.TemporaryDirectory(prefix="home-"))  # short, for sockets
        given = {name: value for name, value in self.fleet.environment().items()
                 if not name.startswith("ANSIBLE_COLLECTIONS_PATH")
                 and name not in ("PWD", "ANSIBLE_HOME", "XDG_DATA_HOME")}
        return {**given, "HOME": home, "ANSIBLE_REMOTE_USER": "root",
                "ANSIBLE_PRIVATE_KEY_FILE": str(self.fleet.folder / "ssh-key"),
                "PATH": f"{build_folder()}:{self.fleet.folder}:{os.environ['PATH']}"}

    # What the reader does.

    def test_a_reader(self):
        text = PAGE.read_text(encoding="utf-8")
        self.assertEqual(document.missing_links(text, PAGE.parent), [])
        blocks = document.blocks_of(text, "controller")
        commands = [(block.line + offset, line) for block in blocks
                    for offset, line in enumerate(block.script.splitlines())]
        self.assertGreaterEqual(len(commands), 3)
        if WHOLE:
            title = text[:text.index(commands[0][1])].rindex("\n## ")
            self.assertIn("three benches in six commands", text[title:].split("\n")[1])
            self.assertIn("bench.site", commands[5][1])
            commands += [(0, self.retirement(text))]
        for number, line in commands:
            if "wattspool_0.2.0" in line:
                self.make_newer()
            print(f"... {PAGE.name}:{number}: {line}", flush=True)
            begin = time.monotonic()
            self.run_line(line)
            ran = time.monotonic()
            self.follow(line)
            print(f"    {ran - begin:.1f} s, then {time.monotonic() - ran:.1f} s", flush=True)

    def retirement(self, text):
        """The one that stands in the middle of a sentence, for a bench that is there."""
        (command,) = set(re.findall(r"`(ansible-playbook [^`]*uninstall --limit bench-04)`", text))
        return command.replace("bench-04", "bench-03")

    def run_line(self, line):
        """Each command of a line on its own; `./dev` is only looked at."""
        for command in line.partition("  #")[0].split(" && "):
            plain, checked = document.split_checked(command)
            self.assertEqual([document.check_line(one, self.usage) for one in checked],
                             [""] * len(checked))
            failed, self.printed = self.bash.run(plain)
            self.assertEqual(failed, [], "\n".join(self.printed[-60:]))

    def follow(self, line):
        """What the reader sees or does then."""
        if line.partition("  #")[0].strip().endswith("inventory.example inventory"):
            self.edit()
        elif "bench.site" in line:
            self.fleet.wait_delivering()
        elif "bench.report" in line:
            report = json.loads((self.folder / "wattspool-report.json").read_text("utf-8"))
            self.assertEqual([one["status"]["agent_id"] for one in report["benches"]],
                             [bench.name for bench in self.benches])
            self.assertIn("endurance", "\n".join(self.printed))
        elif "bench.upgrade" in line or "bench.rollback" in line:
            version = "ii 0.2.0" if "upgrade" in line else "ii 0.1.0"
            self.assertEqual([bench.version() for bench in self.benches], [version] * BENCHES)
        elif "bench.uninstall" in line:
            self.assertEqual([bench.version()[:2] for bench in self.benches], ["ii", "ii", "rc"])

    def edit(self):
        inventory = self.folder / "inventory"
        hosts = inventory / "hosts.yml"
        text = hosts.read_text("utf-8")
        self.assertIn(f"id: {NAMED}\n          port: usb\n", text)
        text = text.replace("port: usb", "port: unix:/run/instrument/usb.sock")
        hosts.write_text(text[:text.index("    bench-02:")] if BENCHES == 1 else text, "utf-8")
        benches = inventory / "group_vars/benches"
        settings = benches / "wattspool.yml"
        text = settings.read_text("utf-8")
        for name, servers in (("wattspool_kafka_brokers", self.broker.tls),
                              ("wattspool_topics_brokers", self.broker.bootstrap)):
            text, count = re.subn(rf"(?<=^{name}:\n)(  - .*\n)+",
                                  "".join(f"  - {one}\n" for one in servers.split(",")), text,
                                  flags=re.M)
            self.assertEqual(count, 1, name)
        settings.write_text(text, "utf-8")
        shutil.copy(self.broker.authority.crt, benches / "cluster-ca.crt")
        for bench in self.benches:
            folder = inventory / "host_vars" / bench.name
            folder.mkdir(parents=True)
            for file, end in zip(self.broker.authority.issue(bench.name, bench.name),
                                 ("crt", "key")):
                shutil.copy(file, folder / f"client.{end}")

    def make_newer(self):
        """A release that a reader has fetched."""
        wait_for(lambda: all(bench.instrument_status()["state"] == "streaming"
                             for bench in self.benches), "all acquire", 60, 0.3)
        repacked(package_file(), self.scratch.path("newer"),
                 self.folder / "wattspool_0.2.0_amd64.deb", "0.2.0")


if __name__ == "__main__":
    enter_own_network()
    unittest.main(argv=sys.argv[:1])
