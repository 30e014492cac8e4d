# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, Debian's, that asks one daemon each second and judges our alert rules."""

import json
import pathlib
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness.process import Process, wait_for
from harness.programs import ROOT

RULES = ROOT / "packaging" / "prometheus" / "wattspool.rules.yml"
DASHBOARD = ROOT / "packaging" / "grafana" / "wattspool.json"
CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: wattspool
    static_configs: [{{targets: ["{target}"]}}]
"""


def prometheus_program(name):
    answer = subprocess.run([ROOT / "tests/system/prometheus/fetch_prometheus.sh"],
                            stdout=subprocess.PIPE, text=True, check=True)
    return str(pathlib.Path(answer.stdout.strip().splitlines()[-1]) / name)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, scratch, target):
        config = scratch.path("prometheus.yml")
        config.write_text(CONFIG.format(rules=RULES, target=target), encoding="utf-8")
        self.address = f"127.0.0.1:{_free_port()}"
        self.process = Process(
            [prometheus_program("prometheus"), f"--config.file={config}",
             f"--storage.tsdb.path={scratch.path('prometheus')}",
             f"--web.listen-address={self.address}"], scratch.path("prometheus.log"))
        scratch.keep(self)

    def start(self):
        self.process.start()
        wait_for(self._is_ready, f"Prometheus is ready; its log is {self.process.log}")
        return self

    def end(self):
        self.process.end()

    def _is_ready(self):
        assert self.process.running(), self.process.text()[-3000:]
        try:
            return get(f"http://{self.address}/-/ready")
        except (urllib.error.URLError, OSError):
            return False

    def _api(self, path):
        return json.loads(get(f"http://{self.address}/api/v1/{path}"))["data"]

    def query(self, expression):
        """[(labels, value)]; an expression that is no PromQL is an HTTPError."""
        data = self._api("query?" + urllib.parse.urlencode({"query": expression}))
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def metric_names(self):
        """Of all metrics that it has ever got, its own of the scrape included."""
        return set(self._api("label/__name__/values"))

    def alerts(self):
        """Names of those whose expression is true, firing or not yet."""
        return {one["labels"]["alertname"] for one in self._api("alerts")["alerts"]}

    def rules(self):
        """{name: expression}, as it has read them; health: it can evaluate them."""
        found = self._api("rules")["groups"][0]["rules"]
        assert all(rule["health"] != "err" for rule in found), found
        return {rule["name"]: rule["query"] for rule in found}
