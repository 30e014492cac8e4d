# SPDX-License-Identifier: Apache-2.0
"""A bench as a lab admin has it: a booted host, the package, a site's settings, an instrument."""

import json
import re
import subprocess

from harness.host import Host
from harness.process import PATIENCE_S, NotInTime, wait_for

UNIT = "wattspoold.service"
INSTRUMENT = "js220/000001"
SITE_FILE = "/etc/wattspool/conf.d/50-site.toml"
CREDENTIALS = "/etc/wattspool/credentials"
PASSWORD_FILE = f"{CREDENTIALS}/password"
SPOOL = "/var/lib/wattspool/spool.db"
SITE = """\
agent.id = "bench-07"
usb.discover = "off"

[kafka]
brokers = ["{broker}"]
[kafka.security]
protocol = "sasl_plaintext"
sasl_mechanism = "PLAIN"
username = "bench"
password_file = "kafka_password"
"""
ONE_INSTRUMENT = """\
[[instrument]]
id = "js220/{}"
port = "unix:/run/instrument/usb.sock"
"""
INSTRUMENTS = ONE_INSTRUMENT.format("000001")
# After an outage the next try may be 30 s away (forward.backoff.max), and may come too early once.
AFTER_OUTAGE_S = PATIENCE_S + 2 * 30
# A fault or a restart is a gap, which is a reason for ten minutes: that alone may be left.
WELL = ("wattspool", "check", "--allow", "recent_gap", "--json")
# An instrument that is there before the daemon starts, as on a bench it is plugged in. Its unit is
# up when its socket is.
PLUGGED_IN = """\
[Unit]
Before=wattspoold.service
[Service]
User=wattspool
RuntimeDirectory=instrument
ExecStart=/usr/bin/wattspool emulate js220 --serial=000001 --socket /run/instrument/usb.sock
ExecStartPost=/bin/sh -c 'until [ -S /run/instrument/usb.sock ]; do sleep 0.01; done'
[Install]
WantedBy=multi-user.target
"""


def repacked(package, folder, target, version, change=None):
    """The package with another version, at `target`; else only change(folder) changes it."""
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    control = folder / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^Version: .*", f"Version: {version}", text, flags=re.M))
    if change:
        change(folder)
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "--build", folder, target],
                   check=True, stdout=subprocess.DEVNULL)


def unsent(spool):
    """Batches and state values that are not delivered, of what `wattspool spool info` said."""
    rows = sum(lane["unacked_rows"] for lane in spool["lanes"].values())
    return rows + spool["state_values_unacked"]


class Bench:
    """Settings are written before the package comes, as a rollout does."""

    def __init__(self, scratch, broker, **host):
        self.host = Host(scratch, **host)
        self.broker = broker
        self.site = self.write_access()
        self.configure()
        self.host.start()

    def write_access(self):
        """Puts the credentials there; returns the settings of the site that go with them."""
        servers = (self.broker.cluster.folder / "bootstrap-sasl").read_text(encoding="ascii")
        self.host.write(PASSWORD_FILE, "right\n", 0o600)
        return SITE.format(broker=servers.strip())

    def configure(self, more="", instruments=INSTRUMENTS):
        self.host.write(SITE_FILE, more + self.site + instruments)

    def install(self):
        return self.host.run("apt-get", "install", "-y", "-q",
                             f"/packages/{self.host.package.name}").stdout

    def start_instrument(self, *properties, serials=("000001",)):
        """In a process of its own, which outlives the daemon."""
        self.host.run("systemd-run", "--unit=instrument", "--property=User=wattspool",
                      "--property=RuntimeDirectory=instrument",
                      *(f"--property={one}" for one in properties), "wattspool", "emulate", "js220",
                      *(f"--serial={serial}" for serial in serials),
                      "--socket", "/run/instrument/usb.sock")

    def plug_in(self):
        """As start_instrument(), now and at each boot."""
        self.host.write("/etc/systemd/system/instrument.service", PLUGGED_IN)
        self.host.run("systemctl", "daemon-reload")
        self.host.run("systemctl", "enable", "--now", "instrument.service")

    def create_topics(self):
        return self.host.say("wattspool", "topics", "create")

    def unit(self, prop):
        return self.host.unit(UNIT, prop)

    def journal(self):
        return self.host.say("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)

    def status(self):
        return json.loads(self.host.say("wattspool", "status", "--json"))

    def verdict(self):
        """Exit code of check, and its reasons by their codes."""
        answer = self.host.run("wattspool", "check", "--json", check=False)
        return answer.returncode, {one["code"]: one for one in json.loads(answer.stdout)["reasons"]}

    def spool(self):
        """What is in the file, daemon or not; None without one."""
        answer = self.host.run("wattspool", "spool", "info", "--json", check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def rows(self, lane="telemetry", what="rows"):
        spool = self.spool()
        return spool["lanes"].get(lane, {}).get(what, 0) if spool else 0

    def is_empty(self):
        """Whether nothing waits to be sent."""
        spool = self.spool()
        return bool(spool) and unsent(spool) == 0

    def wait_acked(self):
        """Until a broker has acknowledged what this daemon sent, and check ends with 0."""
        self.wait_well("--require-ack")

    def wait_well(self, *options):
        """Until check ends with 0, whatever gap there was."""
        said = ""

        def look():
            nonlocal said
            answer = self.host.run(*WELL, *options, check=False)
            said = answer.stdout
            return answer.returncode == 0
        try:
            wait_for(look, f"check {' '.join(options)} ends with 0", AFTER_OUTAGE_S, 0.2)
        except NotInTime as late:
            raise NotInTime(f"{late}\n{said}\n{self.journal()[-3000:]}") from None

    def drain(self, more="", patience_s=60):
        """Without instruments the spool runs empty; then the topics hold all there was. It ends."""
        self.configure(more, instruments="")
        self.host.run("systemctl", "restart", UNIT)
        wait_for(self.is_empty, "the spool is empty", patience_s, 0.2)
        self.host.run("systemctl", "stop", UNIT)

    def audit(self):
        """Of the topics, by the program that is installed."""
        answer = self.host.run("wattspool", "audit", "--json", check=False)
        assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr
        return json.loads(answer.stdout)
