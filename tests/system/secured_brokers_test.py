# SPDX-License-Identifier: Apache-2.0
"""Secured brokers: what refuses us is named with its remedy, data stays, and it goes on after."""

import json
import pathlib
import shlex
import unittest

from harness.audit import run_audit
from harness.broker import SecuredBroker, TlsDoor
from harness.emulator import Emulator
from harness.scratch import Scratch
from harness.secured_agent import AGENT_ID, SecuredAgent

SERIAL = "000001"
PASSWORD = "hush-7391"
TOPICS = [f"bench.{name}.v1" for name in
          ("telemetry", "waveform", "event", "run", "device", "agent", "progress")]
# Each right of an agent that sends exactly once: operation, kind, name.
RIGHTS = [("Write", "topic", topic) for topic in TOPICS] + [
    ("Read", "topic", "bench.progress.v1"), ("Read", "topic", "bench.run.v1"),
    ("Write", "transactional-id", AGENT_ID)]


def library_has_broken_scram(agent):
    libraries = json.loads(agent.ask("version", "--json").stdout)["libraries"]
    return [int(part) for part in libraries["librdkafka"].split(".")] < [2, 6, 1]


class Secured(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch("secured"))
        self.emulator = Emulator(self.scratch, [SERIAL], ["--load", "mcu"]).start()

    def secured_broker(self, users, **how):
        self.broker = SecuredBroker(self.scratch, dict.fromkeys(users, PASSWORD), **how)
        return self.broker

    def agent(self, name="agent"):
        return SecuredAgent(self.scratch, self.broker, name,
                            instruments=self.emulator.instruments())

    def create_topics(self, agent):
        agent.write_access(self.broker.bootstrap, {})
        agent.ask("topics", "create")

    def acls(self, *commands):
        """A few at a time: each is a Java of its own."""
        running = []
        for words in commands:
            running.append(self.broker.acl_command(words))
            if len(running) == 3:
                self.wait_granted(running.pop(0))
        for command in running:
            self.wait_granted(command)

    def wait_granted(self, command):
        said, _ = command.communicate()
        self.assertEqual(command.returncode, 0, said)

    def printed_acls(self, agent, principal):
        """The printed commands, as a shell takes them apart."""
        said = agent.ask("topics", "create", "--print-acls", "--principal", principal).stdout
        commands = [shlex.split(line) for line in said.splitlines() if not line.startswith("#")]
        for command in commands:
            self.assertEqual(command.pop(0), "kafka-acls.sh")
        return commands

    def check_nothing_leaks(self, agent):
        pid = agent.process.pid
        shown = [agent.process.text(), agent.ask("config", "show").stdout,
                 agent.ask("config", "show", "--json").stdout, json.dumps(agent.status()),
                 agent.ask("status").stdout,
                 pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"),
                 pathlib.Path(f"/proc/{pid}/environ").read_text(encoding="utf-8")]
        for text in shown:
            self.assertNotIn("hush", text)

    def check_identity(self, agent):
        """By the administrator: an agent may not read what it wrote."""
        agent.drain()
        agent.write_access(self.broker.bootstrap, {})
        audit = run_audit(agent)
        self.assertTrue(audit.holds, audit.findings())

    def test_each_refusal_is_named_and_delivery_goes_on(self):
        broker = self.secured_broker(["bench"])
        agent = self.agent()
        self.create_topics(agent)
        self.acls(*([*words, "--allow-principal", "User:bench"]
                    for words in self.printed_acls(agent, f"User:{AGENT_ID}")))
        good = broker.authority.issue("client", AGENT_ID)
        expired = broker.authority.issue("expired", AGENT_ID, valid_days=(-60, -30))
        mtls = lambda: agent.write_access(broker.tls, agent.certificate(good), "mtls")
        plain = lambda: agent.write_access(broker.sasl, agent.user("bench", PASSWORD), "plain")
        numeric = broker.tls.replace("localhost", "127.0.0.1")
        stranger = broker.stranger.crt
        old = TlsDoor(self.scratch, broker.authority.issue("old", "broker", valid_days=(-60, -30)))
        scram = ("three ways out: kafka.profile = \"mtls\"",) if library_has_broken_scram(
            agent) else None
        for name, servers, security, profile, says, mend in (
                ("wrong authority", broker.tls, agent.certificate(good, ca_file=stranger), "mtls",
                 (f"is not in kafka.security.ca_file ({stranger})",), mtls),
                ("wrong host name", numeric, agent.certificate(good), "mtls",
                 (f"the host in kafka.brokers ({numeric}) is not among its names",), mtls),
                ("expired certificate of the broker", old.servers, agent.certificate(good), "mtls",
                 (f"({broker.authority.crt}), or the certificate has expired",), mtls),
                ("expired certificate", broker.tls, agent.certificate(expired), "mtls",
                 ("the broker refuses our certificate: it has expired", str(expired[0])), mtls),
                ("no certificate", broker.tls, {"protocol": "ssl", "ca_file": broker.authority.crt},
                 None, ("the broker wants a certificate of ours",), mtls),
                ("no TLS there", broker.bootstrap, agent.user("bench", PASSWORD), "plain",
                 ("does not speak TLS: check the port in kafka.brokers",), plain),
                ("wrong password", broker.sasl, agent.user("bench", "hush-wrong"), "plain",
                 ("check kafka.security.username (bench)", "password_file"), plain),
                ("SCRAM of an old library", broker.sasl, agent.user("bench", PASSWORD), "scram",
                 scram, plain)):
            if says is None:
                continue
            with self.subTest(name):
                agent.write_access(servers, security, profile)
                agent.restart()
                agent.wait_reason(*says)
                agent.wait_until(lambda status: agent.unsent_rows() > 5, "it stays in the spool")
                self.assertEqual(agent.status()["kafka"]["delivered_records_total"], 0)
                self.check_nothing_leaks(agent)
                mend()
                agent.restart()
                agent.wait_delivering()
        self.check_nothing_leaks(agent)
        self.check_identity(agent)

    def test_the_printed_rights_are_enough_and_each_is_needed(self):
        """One user for each right, who has all but it."""
        users = {f"less-{i}": right for i, right in enumerate(RIGHTS)}
        broker = self.secured_broker([AGENT_ID, *users])
        first = self.agent("first")
        self.create_topics(first)
        self.acls(*self.printed_acls(first, f"User:{AGENT_ID}"))
        self.acls(*(["--bootstrap-server", broker.bootstrap, "--add", "--operation", operation,
                     f"--{kind}", name, *(word for user, without in users.items()
                                          if without != (operation, kind, name)
                                          for word in ("--allow-principal", f"User:{user}"))]
                    for operation, kind, name in RIGHTS))
        first.write_access(broker.sasl, first.user(AGENT_ID, PASSWORD), "plain")
        first.start().wait_delivering()
        first.run("start", f"js220/{SERIAL}")
        first.run("stop", f"js220/{SERIAL}")
        first.wait_until(lambda status: status["health"] == "healthy", "nothing is missing")
        first.stop()
        for user, (operation, kind, name) in users.items():
            with self.subTest(f"without {operation} on {kind} {name}"):
                # A new spool, which wants to know of the runs of the one before.
                agent = self.agent(user)
                agent.write_access(broker.sasl, agent.user(user, PASSWORD), "plain")
                agent.start()
                if (operation, name) == ("Write", "bench.run.v1"):
                    agent.wait_streaming()
                    agent.run("start", f"js220/{SERIAL}")
                agent.wait_reason(f"it needs the ACL {operation} on {kind} {name}",
                                  "wattspool topics create --print-acls")
            agent.end()

    def test_scram_works_with_kafka_3_9(self):
        broker = self.secured_broker(["bench"], rights=False, for_scram=True)
        agent = self.agent()
        self.create_topics(agent)
        agent.write_access(broker.sasl, agent.user("bench", "hush-wrong"), "scram")
        agent.restart()
        agent.wait_reason("check kafka.security.username (bench)")
        self.check_nothing_leaks(agent)
        agent.write_access(broker.sasl, agent.user("bench", PASSWORD), "scram")
        agent.restart()
        agent.wait_delivering()
        self.check_identity(agent)


if __name__ == "__main__":
    unittest.main()
