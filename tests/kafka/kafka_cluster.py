# SPDX-License-Identifier: Apache-2.0
"""One or three real Kafka brokers (KRaft, no containers) on loopback, for a test or the demo."""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import kafka_jars

CLUSTER_ID = "AAAAAAAAQACAAAAAAAAAAQ"
START_TIMEOUT_S = 120  # 1 to 2 s on a quiet machine; a loaded CI machine takes many times that
PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl_port},\\
    GUEST://127.0.0.1:{guest_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl_port},\\
    GUEST://{guest_view}:{guest_port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,\\
    GUEST:PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={login} required user_bench="right";
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=2
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=10485760
num.network.threads=2
num.io.threads=4
background.threads=2
"""
# The host's loopback as a guest of QEMU sees it (tests/system/harness/guest.py). A client goes
# where the broker says that it is, so a guest needs a listener of its own.
GUEST_VIEW = "10.0.2.2"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
# Only for three nodes: a hung follower leaves the in-sync set, and a lost leader is replaced, soon.
QUORUM_PROPERTIES = """\
replica.lag.time.max.ms=3000
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1500
"""


class BrokerFailed(Exception):
    """A broker did not start; the message carries the end of its log."""


class PortTaken(BrokerFailed):
    """Somebody took a port between the choice and the start."""


def choose_ports(count):
    # Below the ephemeral range, so that no client socket takes the port of a stopped broker.
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def command_line(pid):
    """Empty when the process is gone or a zombie."""
    while True:
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return b""
        if command or state in "ZX":
            return command
        time.sleep(0.001)  # between exec's first and last step the command line reads as empty


class Cluster:
    """The brokers of one folder. All state is in the folder, so any process can go on with it."""

    def __init__(self, folder, security=None, version=kafka_jars.VERSION):
        self.folder = pathlib.Path(folder).resolve()
        self.security = security  # secured.Security; such a cluster is used by one process
        self.version = version

    def node_dir(self, node):
        return self.folder / f"n{node}"

    def nodes(self):
        found = [int(path.name[1:]) for path in self.folder.glob("n[0-9]*")]
        return sorted(found)

    def bootstrap(self):
        return (self.folder / "bootstrap").read_text(encoding="ascii").strip()

    def guest_bootstrap(self):
        """For a client in a guest of this host."""
        return (self.folder / "bootstrap-guest").read_text(encoding="ascii").strip()

    def up(self, count, base=0):
        jars = kafka_jars.fetch(make_class_archive, self.version)
        for attempt in range(5):
            self.down()
            if base:
                ports = [base + ten + i for ten in range(0, 60, 10) for i in range(count)]
            else:
                ports = choose_ports(6 * count)
            try:
                self.launch(jars, count, ports)
                break
            except PortTaken:
                if base or attempt == 4:
                    raise
        self.warm_up()
        return self.bootstrap()

    def launch(self, jars, count, ports):
        clients, controllers, sasl, guest, sasl_ssl, ssl = (
            ports[k * count:(k + 1) * count] for k in range(6))
        voters = ",".join(f"{i + 1}@127.0.0.1:{port}" for i, port in enumerate(controllers))
        formats = []
        for i in range(count):
            node = self.node_dir(i + 1)
            node.mkdir(parents=True)
            text = PROPERTIES.format(
                node=i + 1, voters=voters, port=clients[i], controller_port=controllers[i],
                sasl_port=sasl[i], guest_port=guest[i], guest_view=GUEST_VIEW, login=LOGIN,
                data=node / "data",
                replicas=3 if count >= 3 else 1, in_sync=2 if count >= 3 else 1)
            text += QUORUM_PROPERTIES if count >= 3 else ""
            if self.security:
                text += self.security.properties(
                    port=clients[i], controller_port=controllers[i], sasl_ssl_port=sasl_ssl[i],
                    ssl_port=ssl[i])
            (node / "server.properties").write_text(text, encoding="ascii")
            command = kafka_jars.java(jars, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID,
                                      "-c", str(node / "server.properties"),
                                      *(self.security.format_options() if self.security else []))
            with open(node / "format.log", "wb") as log:
                formats.append(subprocess.Popen(command, stdout=log, stderr=log,
                                                stdin=subprocess.DEVNULL))
        for i, process in enumerate(formats):
            if process.wait() != 0:
                raise BrokerFailed((self.node_dir(i + 1) / "format.log").read_text())
        for name, host, servers in (("bootstrap", "127.0.0.1", clients),
                                    ("bootstrap-sasl", "127.0.0.1", sasl),
                                    ("bootstrap-guest", GUEST_VIEW, guest),
                                    ("bootstrap-sasl-ssl", "localhost", sasl_ssl),
                                    ("bootstrap-ssl", "localhost", ssl)):
            (self.folder / name).write_text(
                ",".join(f"{host}:{port}" for port in servers) + "\n", encoding="ascii")
        for node in range(1, count + 1):
            self.start(node, wait=False)
        for node in range(1, count + 1):
            self.ready(node)

    def add_settings(self, node, text):
        """From its next start on."""
        with open(self.node_dir(node) / "server.properties", "a", encoding="ascii") as settings:
            settings.write(text)

    def start(self, node, wait=True):
        if self.pid(node):
            raise BrokerFailed(f"broker {node} runs already; stop or kill it first")
        jars = kafka_jars.cache_dir(self.version)
        home = self.node_dir(node)
        command = kafka_jars.java(jars, "kafka.Kafka", str(home / "server.properties"))
        with open(home / "out.log", "wb") as log:
            process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        (home / "pid").write_text(f"{process.pid}\n", encoding="ascii")
        if wait:
            self.ready(node)

    def ready(self, node):
        home = self.node_dir(node)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            text = (home / "out.log").read_text(errors="replace")
            if "Kafka Server started" in text:
                return
            running = self.pid(node)
            if not running or time.monotonic() > deadline:
                kind = PortTaken if "Address already in use" in text else BrokerFailed
                why = "did not start in time" if running else "ended while starting"
                raise kind(f"broker {node} {why}; the end of {home / 'out.log'}:\n{text[-3000:]}")
            time.sleep(0.05)

    def pid(self, node):
        """The broker's process id, or None. A reused number is told by the command line."""
        home = self.node_dir(node)
        try:
            pid = int((home / "pid").read_text())
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        except (OSError, ValueError):
            return None
        mine = str(home / "server.properties").encode()
        return pid if mine in command_line(pid) else None

    def send(self, node, number):
        pid = self.pid(node)
        if not pid:
            raise BrokerFailed(f"broker {node} does not run")
        os.kill(pid, number)

    def wait_gone(self, node, seconds=30):
        deadline = time.monotonic() + seconds
        while self.pid(node):
            if time.monotonic() > deadline:
                raise BrokerFailed(f"broker {node} does not end")
            time.sleep(0.02)

    def stop(self, node):
        self.send(node, signal.SIGTERM)
        self.wait_gone(node)

    def kill(self, node):
        self.send(node, signal.SIGKILL)
        self.wait_gone(node)

    def hang(self, node):
        self.send(node, signal.SIGSTOP)

    def resume(self, node):
        self.send(node, signal.SIGCONT)

    def down(self):
        for node in self.nodes():
            if self.pid(node):
                self.kill(node)
            shutil.rmtree(self.node_dir(node))
        for path in self.folder.glob("bootstrap*"):
            path.unlink(missing_ok=True)  # the follower may be at it, too

    def warm_up(self):
        """An empty transaction: the first one makes topics of the broker's own and takes 1 s."""
        if not shutil.which("kcat"):
            raise kafka_jars.MissingTool("kcat is missing. Run: apt-get install kcat")
        command = ["kcat", "-P", "-b", self.bootstrap(), "-t", "warm-up",
                   "-X", "transactional.id=warm-up", "-X", "retry.backoff.ms=20"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)


def make_class_archive(jars):
    """Runs one broker to its end with the JVM recording the classes it loads (about 50 MB)."""
    cluster = Cluster(jars / "archive-run")
    cluster.down()
    cluster.launch(jars, 1, choose_ports(6))
    cluster.stop(1)
    home = cluster.node_dir(1)
    command = kafka_jars.java(jars, "kafka.Kafka", str(home / "server.properties"), archive=False)
    command.insert(1, f"-XX:ArchiveClassesAtExit={jars / 'kafka.jsa'}")
    with open(home / "out.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    (home / "pid").write_text(f"{process.pid}\n", encoding="ascii")
    cluster.ready(1)
    cluster.warm_up()
    cluster.stop(1)
    cluster.down()


def follow_owner(cluster, owner):
    """Takes the brokers down when the owning process is gone, in a process of its own."""
    if os.fork() != 0:
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    while pathlib.Path(f"/proc/{owner}").exists() and cluster.nodes():
        time.sleep(0.5)
    cluster.down()
    os._exit(0)


def count_of(text):
    if not re.fullmatch("[13]", text):
        sys.exit(f"a cluster has 1 or 3 brokers, not {text}")
    return int(text)
