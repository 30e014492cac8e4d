#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit's exposure by systemd's own measure, and the settings that others rest on."""

import configparser
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness.programs import ROOT

UNITS = ROOT / "packaging" / "systemd"
UNIT = UNITS / "wattspoold.service"
CREDENTIALS_UNIT = UNITS / "wattspoold-credentials.service"
EXPOSURE_MAX = 1.5


class Settings(dict):
    """Repeated settings are lists."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def read_unit(unit=UNIT):
    parser = configparser.RawConfigParser(dict_type=Settings, strict=False, delimiters=("=",),
                                          comment_prefixes=("#",), interpolation=None)
    parser.optionxform = str
    parser.read(unit, encoding="utf-8")
    return {section: {key: value.split("\n") for key, value in parser.items(section)}
            for section in parser.sections()}


def documented_limits():
    """Setting -> value: cells with several of them name them in the same order."""
    text = (ROOT / "packaging" / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Limits\n(.*?)^## ", text, flags=re.M | re.S).group(1)
    limits = {}
    for names, values in re.findall(r"^\| (`.*?) \| (.*?) \|", section, flags=re.M):
        limits |= dict(zip(re.findall(r"`(\w+)`", names), values.split(", "), strict=True))
    return limits


class UnitIsASandbox(unittest.TestCase):
    def test_exposure(self):
        for unit in (UNIT, CREDENTIALS_UNIT):
            said = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                capture_output=True, text=True, check=False)
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
            self.assertTrue(level, said.stdout + said.stderr)
            self.assertLessEqual(float(level.group(1)), EXPOSURE_MAX, said.stdout)

    def test_it_waits_for_no_network(self):
        unit = read_unit()["Unit"]
        for setting in ("After", "Wants", "Requires", "BindsTo"):
            self.assertNotIn(setting, unit)

    def test_a_reload_checks_first(self):
        reload = read_unit()["Service"]["ExecReload"]
        # The first has no credentials: the unit says why.
        self.assertEqual(reload, ["!/usr/sbin/wattspoold --check-config",
                                  f"!/usr/bin/systemctl start {CREDENTIALS_UNIT.name}",
                                  "/bin/kill -HUP $MAINPID"])

    def test_a_reload_brings_the_credentials_of_a_start(self):
        daemon, brings = (read_unit(unit)["Service"] for unit in (UNIT, CREDENTIALS_UNIT))
        for setting in ("LoadCredential", "User", "Group"):
            self.assertEqual(brings[setting], daemon[setting], setting)
        self.assertEqual(brings["UMask"], ["0077"])
        # Where the daemon looks, and what its stop removes.
        source = (ROOT / "agent/config/secret_file.h").read_text(encoding="utf-8")
        name = re.search(r'kRenewedCredentials = "(.*)"', source).group(1)
        runtime = f"/run/{daemon['RuntimeDirectory'][0]}"
        self.assertEqual(brings["ExecStart"],
                         [f"/usr/lib/wattspool/take-credentials {runtime}/{name}"])
        self.assertEqual(brings["ReadWritePaths"], [runtime])
        self.assertNotIn("RuntimeDirectoryPreserve", daemon)

    def test_credentials_are_taken_whole(self):
        """What was there and is no more is gone; nobody else may read them."""
        with tempfile.TemporaryDirectory() as folder:
            unit, taken = pathlib.Path(folder, "unit"), pathlib.Path(folder, "taken")
            unit.mkdir()
            for number, names in enumerate((("kafka_a b", "kafka_c"), ("kafka_c",), ())):
                for file in unit.iterdir():
                    file.unlink()
                for name in names:
                    (unit / name).write_text(f"{name} {number}\n", encoding="utf-8")
                subprocess.run([UNITS / "take-credentials", taken], check=True, env={
                    "PATH": "/usr/bin:/bin",
                    **({"CREDENTIALS_DIRECTORY": str(unit)} if names else {})})
                self.assertEqual({one.name: one.read_text(encoding="utf-8")
                                  for one in taken.iterdir()},
                                 {name: f"{name} {number}\n" for name in names})
                self.assertEqual({one.stat().st_mode & 0o777 for one in taken.iterdir()},
                                 {0o600} if names else set())
                self.assertEqual(taken.stat().st_mode & 0o777, 0o700)
            self.assertEqual([one.name for one in sorted(pathlib.Path(folder).iterdir())],
                             ["taken", "unit"])

    def test_the_command_line_knows_its_credentials(self):
        source = (ROOT / "agent/config/secret_file.h").read_text(encoding="utf-8")
        folder = re.search(r'kSiteCredentials = "(.*)"', source).group(1)
        prefix = re.search(r'kCredentialPrefix = "(.*)_"', source).group(1)
        self.assertEqual(read_unit()["Service"]["LoadCredential"], [f"{prefix}:{folder}"])

    def test_limits_are_those_of_the_document(self):
        """Its table says where each number comes from."""
        service = read_unit()["Service"]
        limits = {setting: " ".join(values) for setting, values in service.items()
                  if re.match(r"(Memory|Tasks|Limit|LogRate).*", setting)
                  and setting != "MemoryDenyWriteExecute"}
        self.assertEqual(limits, documented_limits())
        self.assertEqual(limits["LimitCORE"], "0")
        for setting, value in limits.items():
            self.assertRegex(value, r"^\d+[Ms]?$", setting)  # no infinity, no percentage
        self.assertEqual(service["WatchdogSec"], ["30"])


if __name__ == "__main__":
    unittest.main()
