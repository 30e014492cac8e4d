#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit's exposure by systemd's own measure, and the settings that others rest on."""

import configparser
import re
import subprocess
import unittest

from harness.programs import ROOT

UNIT = ROOT / "packaging" / "systemd" / "wattspoold.service"
EXPOSURE_MAX = 1.5


class Settings(dict):
    """Repeated settings are lists."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def read_unit():
    parser = configparser.RawConfigParser(dict_type=Settings, strict=False, delimiters=("=",),
                                          comment_prefixes=("#",), interpolation=None)
    parser.optionxform = str
    parser.read(UNIT, encoding="utf-8")
    return {section: {key: value.split("\n") for key, value in parser.items(section)}
            for section in parser.sections()}


class UnitIsASandbox(unittest.TestCase):
    def test_exposure(self):
        said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
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
                                  "/bin/kill -HUP $MAINPID"])

    def test_the_command_line_knows_its_credentials(self):
        source = (ROOT / "agent/config/secret_file.h").read_text(encoding="utf-8")
        folder = re.search(r'kSiteCredentials = "(.*)"', source).group(1)
        prefix = re.search(r'kCredentialPrefix = "(.*)_"', source).group(1)
        self.assertEqual(read_unit()["Service"]["LoadCredential"], [f"{prefix}:{folder}"])

    def test_limits_are_there(self):
        service = read_unit()["Service"]
        for setting in ("MemoryHigh", "MemoryMax", "TasksMax", "LimitNOFILE", "LimitCORE",
                        "LogRateLimitIntervalSec", "LogRateLimitBurst", "WatchdogSec"):
            self.assertTrue(service.get(setting, [""])[0], setting)


if __name__ == "__main__":
    unittest.main()
