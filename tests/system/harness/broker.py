# SPDX-License-Identifier: Apache-2.0
"""A broker that can be taken away: a real Apache Kafka, or librdkafka's mock cluster."""

import os
import subprocess
import sys

from harness.process import Process
from harness.programs import ROOT, program


class RealBroker:
    """tests/kafka has the details. Keeps its records over kill and stop."""

    transactions = True
    delivery = "exactly_once"
    name = "Apache Kafka"

    def __init__(self, scratch, brokers=1):
        sys.path.insert(0, str(ROOT / "tests" / "kafka"))
        from kafka_cluster import Cluster, follow_owner
        self.cluster = Cluster(scratch.path("kafka"))
        scratch.keep(self)
        self.bootstrap = self.cluster.up(brokers)
        self.guest_bootstrap = self.cluster.guest_bootstrap()
        follow_owner(self.cluster, os.getpid())  # even if this process is killed

    def take_away(self):
        self.cluster.stop(1)

    def kill(self):
        self.cluster.kill(1)

    def bring_back(self, wait=True):
        self.cluster.start(1, wait)

    def take_away_all(self):
        """At once: one that is asked to end waits for the controllers, and those are the others."""
        for node in self.cluster.nodes():
            self.cluster.kill(node)

    def bring_back_all(self):
        for node in self.cluster.nodes():
            self.cluster.start(node, wait=False)
        for node in self.cluster.nodes():
            self.cluster.ready(node)

    def end(self):
        self.cluster.down()


class MockBroker:
    """Keeps 5 MiB of each partition and knows no transactions (tests/kafka/mock_broker.cc)."""

    transactions = False
    delivery = "at_least_once"
    name = "librdkafka's mock cluster"

    def __init__(self, scratch):
        self.process = Process([program("mock_broker")], scratch.path("broker.log"), pipes=True)
        scratch.keep(self)
        self.process.start()
        self.bootstrap = self.process.child.stdout.readline().strip()
        assert self.bootstrap, self.process.text()

    def tell(self, word):
        self.process.child.stdin.write(word + "\n")
        self.process.child.stdin.flush()
        assert self.process.child.stdout.readline().strip() == word, self.process.text()

    def take_away(self):
        self.tell("down")

    def bring_back(self):
        self.tell("up")

    def end(self):
        self.process.end()


class TlsDoor:
    """A broker as far as its certificate: who refuses that sees no more of it."""

    def __init__(self, scratch, pair):
        self.process = Process(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pair[0], "-key", pair[1]],
            scratch.path("door.log"), pipes=True)
        scratch.keep(self)
        self.process.start()
        said = next(line for line in self.process.child.stdout if line.startswith("ACCEPT "))
        self.servers = f"localhost:{said.strip().rpartition(':')[2]}"

    def end(self):
        self.process.end()


class SecuredBroker(RealBroker):
    """TLS, users and rights; who comes without any of them is the administrator."""

    def __init__(self, scratch, users, rights=True, for_scram=False, brokers=1):
        sys.path.insert(0, str(ROOT / "tests" / "kafka"))
        import kafka_jars
        from certificates import Authority
        from kafka_cluster import Cluster, follow_owner
        from secured import Security
        self.jars = kafka_jars
        self.version = kafka_jars.SCRAM_VERSION if for_scram else kafka_jars.VERSION
        tls = scratch.path(f"tls-{self.version}")
        self.authority = Authority(tls, "authority")
        self.stranger = Authority(tls, "stranger")
        self.users = users
        self.cluster = Cluster(scratch.path(f"kafka-{self.version}"),
                               Security(self.authority, users, rights), self.version)
        scratch.keep(self)
        self.bootstrap = self.cluster.up(brokers)
        follow_owner(self.cluster, os.getpid())
        self.sasl = self.servers("sasl-ssl")
        self.tls = self.servers("ssl")

    def servers(self, listener):
        return (self.cluster.folder / f"bootstrap-{listener}").read_text("ascii").strip()

    def renew_access(self, users):
        """Restarts the brokers with another authority, which alone counts for them from now on, and
        with other passwords of the users (PLAIN)."""
        from certificates import Authority
        self.authority = Authority(self.authority.folder.parent, "renewed")
        crt, key = self.authority.issue("broker", "broker")
        security = self.cluster.security
        security.keystore.write_bytes(key.read_bytes() + crt.read_bytes())
        security.truststore.write_bytes(self.authority.crt.read_bytes())
        self.users.update(users)
        self.take_away_all()
        for node in self.cluster.nodes():
            self.cluster.add_settings(node, security.users_property())
        self.bring_back_all()

    def acl_command(self, words):
        """A started kafka-acls.sh as an administrator runs it."""
        command = self.jars.java(self.jars.cache_dir(self.version),
                                 "org.apache.kafka.tools.AclCommand", *words, archive=False)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
