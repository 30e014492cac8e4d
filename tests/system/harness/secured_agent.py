# SPDX-License-Identifier: Apache-2.0
"""An agent whose access to a secured broker is written, spoilt and mended as a person does it."""

import hashlib
import json

from harness.agent import Agent
from harness.process import NotInTime, wait_for

AGENT_ID = "bench-07"


class SecuredAgent(Agent):
    """The access is a drop-in beside the configuration; a change takes a restart."""

    def __init__(self, scratch, broker, name="agent", **settings):
        super().__init__(scratch, name, **{"agent_id": AGENT_ID, "waveform": "1kHz", **settings})
        self.broker = broker
        self.drop_in = scratch.path("conf.d") / "50-access.toml"
        self.drop_in.parent.mkdir(exist_ok=True)
        self.drop_in.write_text('usb.discover = "off"\n', encoding="utf-8")

    def write_access(self, servers, security, profile=None):
        """`security`: keys of [kafka.security]."""
        lines = ['usb.discover = "off"', "[kafka]", f'brokers = ["{servers}"]',
                 # The test's names have IPv6 addresses, too; the broker has not.
                 'settings."broker.address.family" = "v4"']
        if profile:
            lines.append(f'profile = "{profile}"')
        lines += ["[kafka.security]", *(f'{key} = "{value}"' for key, value in security.items())]
        self.drop_in.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def user(self, name, password, **more):
        file = self.scratch.path(f"password-{hashlib.sha256(password.encode()).hexdigest()[:8]}")
        file.write_text(password + "\n", encoding="utf-8")
        file.chmod(0o600)
        return {"username": name, "password_file": file, "ca_file": self.broker.authority.crt,
                **more}

    def certificate(self, pair, **more):
        return {"certificate_file": pair[0], "key_file": pair[1],
                "ca_file": self.broker.authority.crt, **more}

    def restart(self):
        if self.process.running():
            self.stop()
        self.start()

    def reasons(self):
        answer = self.ask("check", "--json", check=False)
        return answer.returncode, json.loads(answer.stdout)["reasons"]

    def wait_reason(self, *parts):
        """Until `wattspool check` is degraded for a reason with all of these texts in it."""
        seen = []

        def look():
            nonlocal seen
            code, seen = self.reasons()
            texts = [f"{reason['message']} {reason['remedy']}" for reason in seen]
            return code == 1 and any(all(part in text for part in parts) for text in texts)
        try:
            wait_for(look, f"a reason with {parts}", poll_s=0.1)
        except NotInTime as late:
            raise NotInTime(f"{late}\n{json.dumps(seen, indent=1)}\n"
                            f"{self.process.text()[-2000:]}") from None

    def wait_delivering(self):
        self.wait_until(lambda status: status["kafka"]["delivered_records_total"] > 0, "an ack")
