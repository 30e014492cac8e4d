# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of a process, and when records arrive at a consumer."""

import os
import subprocess
import threading
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """Of all threads, user and system; those of librdkafka too."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def cpu_s_by_thread(pid):
    """Seconds by the thread's name; threads of one name are one."""
    seconds = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8") as stat:
                head, _, rest = stat.read().rpartition(")")
        except FileNotFoundError:
            continue  # it has ended
        fields = rest.split()
        name = head.partition("(")[2]
        seconds[name] = seconds.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return seconds


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise ValueError(f"no VmRSS of process {pid}")


class ArrivalMeter:
    """A consumer that reads committed: for each record its arrival minus its timestamp, in ms.

    The timestamp of a telemetry record is the end of its interval. Both are of this host's clock.
    """

    def __init__(self, brokers, topic):
        self.delays_ms = []
        self.child = subprocess.Popen(
            ["kcat", "-C", "-q", "-u", "-b", brokers, "-t", topic, "-o", "end",
             "-X", "isolation.level=read_committed", "-X", "fetch.wait.max.ms=100",
             "-f", "%T\n"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.child.stdout:
            self.delays_ms.append(time.time() * 1e3 - int(line))

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.thread.join()
        self.child.stdout.close()
