# SPDX-License-Identifier: Apache-2.0
"""A controller, and benches that it reaches by ssh: booted hosts, an apt repository, brokers."""

import functools
import http.server
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time

from harness.bench import SPOOL, UNIT, WELL, repacked, unsent
from harness.host import Host, package_file
from harness.process import PATIENCE_S, NotInTime, wait_for
from harness.programs import ROOT, program

COLLECTION = ROOT / "ansible"
SSHD = "ListenAddress {address}\nUseDNS no\n"
# The instrument is there before the agent and outlives it. It needs the agent's user.
INSTRUMENT_PATH = """\
[Path]
PathExists=/usr/bin/wattspool
[Install]
WantedBy=multi-user.target
"""
INSTRUMENT_SERVICE = """\
[Unit]
StartLimitIntervalSec=0
[Service]
User=wattspool
RuntimeDirectory=instrument
ExecStart=/usr/bin/wattspool emulate js220 --serial {serial} --socket /run/instrument/usb.sock
Restart=always
RestartSec=300ms
"""
OPERATOR_PASSWORD = "word-of-the-operator"
# Of the version of packages for each release of Debian.
SUFFIX = {"bookworm": "", "trixie": "+deb13"}
ENABLED = "/etc/systemd/system/multi-user.target.wants"


class FleetBench:
    """One of the benches: a host named as the agent on it. Of one that has an operator nobody comes
    in as root: he becomes root by sudo, with his password."""

    def __init__(self, scratch, number, suite, key, operator=""):
        self.name = f"bench-0{number}"
        # On loopback too, but libc looks up names only where there is another address than 127.*.
        self.address = f"10.77.0.1{number}"
        self.plug_cable()
        self.serial = f"00000{number}"
        self.instrument = f"js220/{self.serial}"
        self.suite = suite
        self.spool = SPOOL
        self.key = key
        self.operator = operator
        self.host = Host(scratch, suite, name=self.name)
        self.prepare()

    def prepare(self):
        """Its disk, as whoever sets up PCs in the lab leaves it."""
        home = f"/home/{self.operator}" if self.operator else "/root"
        if self.operator:
            word = subprocess.run(["openssl", "passwd", "-6", OPERATOR_PASSWORD], check=True,
                                  capture_output=True, text=True).stdout.strip()
            subprocess.run(["chroot", self.host.root, "useradd", "--create-home", "-G", "sudo",
                            "--password", word, self.operator], check=True)
        self.host.write(f"{home}/.ssh/authorized_keys", self.key)
        self.host.write("/etc/ssh/sshd_config.d/fleet.conf", SSHD.format(address=self.address))
        self.host.write("/etc/systemd/system/instrument.path", INSTRUMENT_PATH)
        self.host.write("/etc/systemd/system/instrument.service",
                        INSTRUMENT_SERVICE.format(serial=self.serial))
        for name, at in (("ssh.service", "/lib/systemd/system"),
                         ("instrument.path", "/etc/systemd/system")):
            self.host.path(f"{ENABLED}/{name}").symlink_to(f"{at}/{name}")

    def start(self):
        self.host.start()
        wait_for(lambda: self.host.run("systemctl", "is-active", "-q", "ssh", check=False)
                 .returncode == 0, "ssh answers", PATIENCE_S, 0.1)

    def get_new_disk(self):
        self.host.lose_disk()
        self.prepare()

    def plug_cable(self):
        subprocess.run(["ip", "address", "add", f"{self.address}/32", "dev", "lo"], check=True)

    def pull_cable(self):
        """To the controller; it still reaches the brokers. Open connections fall silent."""
        subprocess.run(["ip", "address", "del", f"{self.address}/32", "dev", "lo"], check=True)

    def version(self):
        """State of the package and its version, without what stands for the release of Debian."""
        said = self.host.say("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "wattspool",
                             check=False)
        assert not said or said.endswith(SUFFIX[self.suite]), said
        return said.removesuffix(SUFFIX[self.suite])

    def status(self):
        answer = self.host.run("wattspool", "status", "--json", check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def instrument_status(self):
        return self.status()["instruments"][0]

    def unit(self, prop):
        return self.host.unit(UNIT, prop)

    def journal(self):
        return self.host.say("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)

    def starts(self):
        """How often the service manager has started the agent since the host was booted."""
        said = self.host.say("journalctl", "--no-pager", "-o", "cat", "-b", "-u", UNIT)
        return said.count("Started wattspoold.service")

    def unsent_rows(self):
        answer = self.host.run("wattspool", "spool", "info", "--json", check=False)
        return unsent(json.loads(answer.stdout))


class Play:
    """What one run of a playbook said."""

    def __init__(self, answer, seconds, processor_s):
        self.code = answer.returncode
        self.text = answer.stdout + answer.stderr
        self.seconds = seconds
        self.processor_s = processor_s  # of the controller, which a busy machine makes no longer
        # host -> {ok, changed, unreachable, failed, skipped, rescued, ignored}
        self.recap = {
            host: {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\S+) +: (ok=.*)$", self.text, re.M)}

    def changes(self):
        """(host, task) of all that was changed; of a loop the words that it showed."""
        found, task = set(), None
        for line in self.text.splitlines():
            if header := re.match(r"(?:TASK|RUNNING HANDLER) \[(?:.* : )?(.*)\] \**$", line):
                task = header.group(1)
            elif change := re.match(r"changed: \[([^\] ]*).*?\](.*)$", line):
                predicted = re.search(r"\(item=(.*?)\)", change.group(2))
                name = predicted.group(1) if task == "Predict" and predicted else task
                found.add((change.group(1), name))
        return found


class Fleet:
    """The controller's side; `benches` by name."""

    def __init__(self, scratch, broker, suites, ansible="/usr/bin"):
        self.scratch = scratch
        self.broker = broker
        self.ansible = pathlib.Path(ansible)
        self.folder = scratch.path("controller")
        self.folder.mkdir()
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="fleet-"))  # short, for sockets
        key = self.folder / "ssh-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        public = key.with_suffix(".pub").read_text("ascii")
        self.benches = {}
        for number, suite in enumerate(suites, 1):
            bench = FleetBench(scratch, number, suite, public, "lab" if number == 2 else "")
            self.benches[bench.name] = bench
        collections = self.folder / "collections/ansible_collections/wattspool"
        collections.mkdir(parents=True)
        (collections / "bench").symlink_to(COLLECTION)
        self.make_repository()
        self.write_acl_command()
        self.variables = self.first_variables()
        self.host_variables = {name: self.bench_variables(bench)
                               for name, bench in self.benches.items()}

    def make_repository(self):
        self.repository = self.folder / "www"
        for suite in {bench.suite for bench in self.benches.values()}:
            self.publish(suite, package_file(suite))
        handler = functools.partial(QuietHandler, directory=self.repository)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.scratch.keep(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def publish(self, suite, *packages):
        subprocess.run(
            [ROOT / "packaging/make-repo", "--gnupg-home", self.folder / "repository-key",
             self.repository, suite, *packages], check=True, capture_output=True)

    def suites(self):
        return {bench.suite for bench in self.benches.values()}

    def package(self, version, suite):
        return self.scratch.path(f"wattspool_{version}{SUFFIX[suite]}_amd64.deb")

    def build(self, version, change=None):
        """A package of this version for each suite; change(folder) may spoil it."""
        folder = self.scratch.path(f"tree-{version}")
        for suite in self.suites():
            repacked(package_file(suite), folder, self.package(version, suite),
                     version + SUFFIX[suite], change)
            shutil.rmtree(folder)

    def offer(self, version):
        for suite in self.suites():
            self.publish(suite, self.package(version, suite))

    def withdraw(self, version):
        for suite in self.suites():
            (self.repository / suite / self.package(version, suite).name).unlink()
            self.publish(suite)

    def release(self, version, change=None):
        """Built, and in the repository."""
        self.build(version, change)
        self.offer(version)

    def install_by_file(self, bench, file):
        """The inventory of this bench has a file instead of the repository; None undoes it."""
        said = {"wattspool_apt_repository": "", "wattspool_package_file": str(file)}
        for key, value in said.items():
            self.host_variables[bench.name].pop(key, None)
            if file:
                self.host_variables[bench.name][key] = value

    def write_acl_command(self):
        """kafka-acls.sh, as the administrator of a cluster has it."""
        jars = self.broker.jars
        words = jars.java(jars.cache_dir(self.broker.version),
                          "org.apache.kafka.tools.AclCommand", archive=False)
        self.acl_command = self.folder / "kafka-acls.sh"
        text = " ".join(f"'{word}'" for word in words)
        self.acl_command.write_text(f"#!/bin/sh\nexec {text} \"$@\"\n", "ascii")
        self.acl_command.chmod(0o755)

    def first_variables(self):
        return {
            "wattspool_apt_repository": self.url,
            "wattspool_apt_key_file": str(self.repository / "wattspool-archive-keyring.asc"),
            "wattspool_site": "lab-2",
            "wattspool_kafka_brokers": self.broker.tls.split(","),
            "wattspool_kafka_profile": "mtls",
            "wattspool_kafka_ca": self.broker.authority.crt.read_text("ascii"),
            "wattspool_gate_soak_s": 3,
            "wattspool_gate_timeout_s": 60,
            "wattspool_topics_command": program("wattspool"),
            "wattspool_topics_brokers": self.broker.bootstrap.split(","),
            "wattspool_topics_acl_command": [str(self.acl_command)],
        }

    def certificate(self, name):
        certificate, key = self.broker.authority.issue(name, name)
        return {"wattspool_kafka_certificate": certificate.read_text("ascii"),
                "wattspool_kafka_key": key.read_text("ascii")}

    def access(self, name):
        """With a password, where brokers have one of the bench; else with a certificate."""
        if name not in self.broker.users:
            return self.certificate(name)
        return {"wattspool_kafka_profile": "plain", "wattspool_kafka_username": name,
                "wattspool_kafka_brokers": self.broker.sasl.split(","),
                "wattspool_kafka_password": self.broker.users[name]}

    def bench_variables(self, bench):
        operator = {"ansible_user": bench.operator, "ansible_become_password": OPERATOR_PASSWORD}
        return {
            **self.access(bench.name),
            **(operator if bench.operator else {}),
            "ansible_host": bench.address,
            "wattspool_bench": bench.name[-1],
            "wattspool_bench_class": "thermal",
            "wattspool_instruments": [
                {"id": bench.instrument, "port": "unix:/run/instrument/usb.sock"}],
            "wattspool_settings": {
                "usb.discover": "off", "metrics.listen": f"{bench.address}:19220",
                'kafka.settings."broker.address.family"': "v4"},
        }

    def start(self):
        for bench in self.benches.values():
            bench.start()
        return self

    def inventory(self):
        """JSON is YAML."""
        hosts = {name: dict(variables) for name, variables in self.host_variables.items()}
        text = json.dumps({"benches": {"hosts": hosts, "vars": {
            "ansible_user": "root", "ansible_ssh_private_key_file": str(self.folder / "ssh-key"),
            "ansible_python_interpreter": "/usr/bin/python3", **self.variables}}}, indent=1)
        path = self.folder / "hosts.json"
        path.write_text(text, encoding="utf-8")
        return path

    def environment(self):
        return {
            **os.environ, "PWD": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_COLLECTIONS_PATHS": str(self.folder / "collections"),
            "ANSIBLE_HOST_KEY_CHECKING": "false", "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1",
            "ANSIBLE_HOME": str(self.folder / "ansible"), "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.sockets),
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=15 -o ConnectTimeout=5 "
                                "-o ServerAliveInterval=2 -o ServerAliveCountMax=3 "
                                "-o UserKnownHostsFile=/dev/null",
            "ANSIBLE_STDOUT_CALLBACK": "default", "LC_ALL": "C.UTF-8",
        }

    def play(self, name, *words, inventory=None):
        begin = time.monotonic(), processor_s()
        answer = subprocess.run(
            [self.ansible / "ansible-playbook", "-i", inventory or self.inventory(),
             f"wattspool.bench.{name}", *map(str, words)],
            capture_output=True, text=True, check=False, cwd=self.folder, env=self.environment(),
            stdin=subprocess.DEVNULL)
        play = Play(answer, time.monotonic() - begin[0], processor_s() - begin[1])
        counted = self.scratch.path("plays.log")
        with open(counted, "a", encoding="utf-8") as log:
            log.write(f"\n######## {name} {' '.join(map(str, words))}: {play.code}, "
                      f"{play.seconds:.1f} s\n{play.text}")
        print(f"    {name} {' '.join(map(str, words))[:60]}: {play.seconds:.1f} s, "
              f"{play.processor_s:.1f} s of a processor here", flush=True)
        return play

    def wait_delivering(self, names=None):
        """Until each agent has an ack of its own, and nothing else is wrong with it."""
        for name in names or self.benches:
            bench = self.benches[name]
            said = None

            def look():
                nonlocal said
                said = bench.host.run(*WELL, "--require-ack", "--allow", "topic_warning",
                                      check=False)
                return said.returncode == 0
            try:
                wait_for(look, f"{name} is healthy and has an ack", PATIENCE_S, 0.3)
            except NotInTime as late:
                raise NotInTime(f"{late}\n{said.stdout}\n{bench.journal()[-3000:]}") from None

    def write_down(self):
        """A run has failed: what benches and brokers have to say of it, for its folder."""
        for bench in self.benches.values():
            for what, command in (
                    ("journal", ("journalctl", "--no-pager", "-o", "short-precise", "-u", UNIT)),
                    ("status", ("wattspool", "status", "--json")), ("check", WELL)):
                answer = bench.host.run(*command, check=False)
                self.scratch.path(f"{bench.name}-{what}").write_text(
                    answer.stdout + answer.stderr, "utf-8")
        shutil.copytree(self.broker.cluster.folder, self.scratch.path("brokers"))

    def end(self):
        shutil.rmtree(self.sockets)
        self.server.shutdown()
        self.server.server_close()


def processor_s():
    """Used by programs that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
