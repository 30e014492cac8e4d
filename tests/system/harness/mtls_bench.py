# SPDX-License-Identifier: Apache-2.0
"""An installed bench whose broker wants a certificate; its topics are there before it comes."""

import shutil
import subprocess

from harness.bench import CREDENTIALS, Bench
from harness.programs import program

AGENT_ID = "bench-07"
CA_FILE = "/etc/wattspool/cluster-ca.crt"
CERTIFICATE_FILE = f"/etc/wattspool/{AGENT_ID}.crt"
KEY_FILE = f"{CREDENTIALS}/client.key"
SITE = f"""\
agent.id = "{AGENT_ID}"
usb.discover = "off"

[kafka]
brokers = ["{{broker}}"]
profile = "mtls"
[kafka.security]
ca_file = "{CA_FILE}"
certificate_file = "{CERTIFICATE_FILE}"
key_file = "kafka_client.key"
"""


class MtlsBench(Bench):
    """Of a SecuredBroker."""

    def write_access(self):
        self.put_ca(self.broker.authority)
        self.put_certificate(*self.broker.authority.issue("client", AGENT_ID))
        return SITE.format(broker=self.broker.tls)

    def put_ca(self, authority):
        self.host.write(CA_FILE, authority.crt.read_text(encoding="ascii"))

    def put_certificate(self, crt, key):
        self.host.write(CERTIFICATE_FILE, crt.read_text(encoding="ascii"))
        self.host.path(CREDENTIALS).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.host.write(KEY_FILE, key.read_text(encoding="ascii"), 0o600)

    def administrator(self, scratch, *words):
        """From another machine, as somebody who may do all."""
        config = scratch.path("administrator.toml")
        config.write_text(f'agent.id = "{AGENT_ID}"\nkafka.brokers = ["{self.broker.bootstrap}"]\n',
                          encoding="utf-8")
        return subprocess.run([program("wattspool"), "--config", config, *words],
                              capture_output=True, text=True, check=True).stdout


def replace_broker_ca(broker, name="next"):
    """The broker comes back with a certificate of another authority; it trusts the old one too."""
    security = broker.cluster.security
    old = broker.authority
    broker.authority = type(old)(old.folder.parent, name)
    crt, key = broker.authority.issue("broker", "broker")
    security.keystore.write_bytes(key.read_bytes() + crt.read_bytes())
    both = old.folder / "both.crt"
    both.write_bytes(old.crt.read_bytes() + broker.authority.crt.read_bytes())
    broker.take_away()
    shutil.copy(both, security.truststore)
    broker.bring_back()
