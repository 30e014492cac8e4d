#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built packages: lintian and blhc have no complaint, files, owners and version are right."""

import os
import pathlib
import re
import subprocess
import unittest

from harness.host import SUITE, package_file
from harness.programs import ROOT

RELEASES = {"trixie": "13"}
FILES = """\
/etc/wattspool/conf.d/README
/etc/wattspool/credentials
/etc/wattspool/wattspool.toml
/lib/systemd/system/wattspoold-credentials.service
/lib/systemd/system/wattspoold.service
/lib/udev/rules.d/60-wattspool.rules
/usr/bin/wattspool
/usr/lib/sysusers.d/wattspool.conf
/usr/lib/tmpfiles.d/wattspool.conf
/usr/lib/wattspool/take-credentials
/usr/sbin/wattspoold
/usr/share/bash-completion/completions/wattspool
/usr/share/doc/wattspool/copyright
/usr/share/man/man1/wattspool.1.gz
/usr/share/man/man5/wattspool.toml.5.gz
/usr/share/man/man7/wattspool-records.7.gz
/usr/share/man/man8/wattspoold.8.gz
/usr/share/wattspool/readers/python/wattspool_waveform.py
/usr/share/wattspool/schemas/telemetry.schema.json
"""


def run(*words):
    answer = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout + answer.stderr


class PackageIsClean(unittest.TestCase):
    def setUp(self):
        if SUITE != "bookworm" and os.geteuid() != 0:
            self.skipTest("only root can build for another release")
        self.package = package_file()
        self.folder = self.package.parent

    def only(self, pattern):
        found = list(self.folder.glob(pattern))
        self.assertEqual(len(found), 1, pattern)
        return found[0]

    def test_lintian(self):
        code, text = run("lintian", "--fail-on", "error,warning", "--tag-display-limit", "0",
                         self.only("wattspool_*.changes"))
        self.assertEqual(code, 0, text)

    def test_blhc(self):
        code, text = run("blhc", "--debian", "--bindnow", self.only("wattspool_*.build"))
        self.assertEqual(code, 0, text[-3000:])

    def test_optimised_as_measured(self):
        compiled = [line for line in self.only("wattspool_*.build").read_text().splitlines()
                    if re.search(r" -c \S+\.cc$", line)]
        self.assertGreater(len(compiled), 100)
        for line in compiled:
            levels = re.findall(r" -O\S+", line)
            self.assertEqual(levels[-1], " -O3", line)
            self.assertIn(" -DNDEBUG", line)

    def test_compiled_without_a_warning(self):
        """Of the code; g++ 12 with -O3 sees faults in its own library (GCC bug 105651 and kin)."""
        log = self.only("wattspool_*.build").read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^(?!/usr/include/c\+\+/12/).*: warning: .*", log, re.M), [])

    def test_version(self):
        head = (ROOT / "packaging/debian/changelog").read_text(encoding="utf-8")
        version = re.match(r"wattspool \((.*?)\)", head).group(1)
        if SUITE != "bookworm":
            version += "+deb" + RELEASES[SUITE]
        for package in (self.package, self.only("wattspool-dbgsym_*.deb")):
            self.assertEqual(run("dpkg-deb", "-f", package, "Version")[1].strip(), version)

    def test_files(self):
        _, text = run("dpkg-deb", "-c", self.package)
        there = {}
        for line in text.splitlines():
            words = line.split()
            path = words[5].lstrip(".").rstrip("/")
            # Where the unit and the rules go depends on the release.
            there[re.sub("^/usr/lib/(systemd|udev)/", r"/lib/\1/", path)] = (words[0], words[1])
        for path in FILES.split():
            self.assertIn(path, there)
        self.assertEqual(there["/etc/wattspool/credentials"], ("drwx------", "root/root"))
        for path, (mode, owner) in there.items():
            self.assertEqual(owner, "root/root", path)
            self.assertNotIn("w", mode[4:], path)
        conffiles = pathlib.PurePosixPath("/etc/wattspool")
        _, text = run("dpkg-deb", "-I", self.package, "conffiles")
        self.assertIn(str(conffiles / "wattspool.toml"), text.split())

    def test_only_debhelper_calls_the_service_manager(self):
        for name in ("postinst", "prerm", "postrm"):
            script = ROOT / "packaging" / "debian" / f"wattspool.{name}"
            if script.exists():
                self.assertNotIn("systemctl", script.read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
