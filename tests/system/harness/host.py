# SPDX-License-Identifier: Apache-2.0
"""A booted Debian host of its own: systemd in namespaces, on a root that is thrown away afterwards.

The test and all its hosts share a network of their own, which is only loopback. Needs root.
"""

import os
import pathlib
import subprocess
import sys

from harness.process import PATIENCE_S, Process, wait_for
from harness.programs import ROOT

SKIPPED = 77  # as ctest is told
INSIDE = "WATTSPOOL_IN_OWN_NETWORK"
# The release of Debian that hosts have, where a test does not say; each test can run on each.
SUITE = os.environ.get("WATTSPOOL_SUITE", "bookworm")
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def enter_own_network():
    """Starts this program anew in network and mount namespaces of its own; call it first."""
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        if os.path.ismount(CGROUPS / "unified"):  # show hosts a tree as Debian's
            subprocess.run(["mount", "-t", "cgroup2", "none", CGROUPS], check=True)
        return
    if os.geteuid() != 0:
        print("skipped: only root can boot a host", file=sys.stderr)
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private",
                          sys.executable, "-B", *sys.argv])


def package_file(suite=SUITE):
    """The package that `./dev deb` built for a release of Debian."""
    folder = ROOT / "build" / ("packages" if suite == "bookworm" else f"packages-{suite}")
    found = sorted(folder.glob("wattspool_*.deb"))
    if len(found) != 1:
        raise FileNotFoundError(f"not one wattspool_*.deb in {folder}. Run: ./dev deb --on {suite}")
    return found[0]


class Host:
    """One host. Its disk lives in memory and lasts as long as this object, over restarts too.

    `disks`: folders that are file systems of their own, with their sizes.
    """

    def __init__(self, scratch, suite=SUITE, package=None, name="bench", disks=None):
        self.name = name
        package = self.package = package or package_file(suite)
        self.base = subprocess.run(
            [ROOT / "tests/system/package/fetch_root.sh", suite, package],
            capture_output=True, text=True, check=True).stdout.strip()
        self.disk = scratch.path(f"{name}-disk")
        self.root = scratch.path(f"{name}-root")
        for folder in (self.disk, self.root):
            folder.mkdir()
        self.mount_disk()
        for where, size in (disks or {}).items():
            self.add_disk(scratch, where, size)
        self.cgroup = CGROUPS / f"wattspool-test-{os.getpid()}-{name}"
        self.process = Process(
            ["systemd-nspawn", "--quiet", "--boot", "--directory", self.root, "--machine", name,
             "--keep-unit", "--register=no", "--link-journal=no", "--resolv-conf=off",
             "--timezone=off", "--console=pipe", f"--bind-ro={package.parent}:/packages",
             # So that its systemd can enforce what it enforces by BPF.
             "--capability=CAP_BPF,CAP_PERFMON", "--system-call-filter=bpf"],
            scratch.path(f"{name}-console.log"))
        scratch.keep(self)

    def mount_disk(self):
        """Debian on it, and no more."""
        disk = self.disk
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2G,mode=0755", "host", disk],
                       check=True)
        for folder in ("upper", "work"):
            (disk / folder).mkdir()
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={self.base},upperdir={disk}/upper,workdir={disk}/work",
                        self.root], check=True)
        self.write("/etc/hostname", f"{self.name}\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost {self.name}\n")

    def unmount_disk(self):
        for mounted in (self.root, self.disk):
            subprocess.run(["umount", "--lazy", mounted], check=False)

    def lose_disk(self):
        """Power off, and an empty disk in place of the one that was there; start() boots it."""
        self.kill()
        self.unmount_disk()
        self.mount_disk()

    def add_disk(self, scratch, where, size):
        """A file system of its own for a folder of the host."""
        image = scratch.path(f"{self.name}-{pathlib.Path(where).name}.img")
        subprocess.run(["truncate", "-s", size, image], check=True)
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", image], check=True)
        self.path(where).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-o", "loop", image, self.path(where)], check=True)

    def start(self):
        self.cgroup.mkdir(exist_ok=True)
        before = (CGROUPS / "cgroup.procs").parent
        # The host inherits the place in which it is born.
        (self.cgroup / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        try:
            self.process.start()
        finally:
            (before / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        self.wait_running()
        return self

    def wait_running(self):
        """systemd's state: running, or degraded when a unit has failed."""
        def look():
            assert self.process.running(), self.process.text()[-3000:]
            if not self.leader():
                return None
            state = self.enter("systemctl", "is-system-running").stdout.strip()
            return state if state in ("running", "degraded") else None
        return wait_for(look, f"{self.name} has started", PATIENCE_S, 0.1)

    def leader(self):
        """Its first process, as seen from here."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = children.read_text(encoding="ascii").split()
        return int(pids[0]) if pids else None

    def enter(self, *words, **options):
        """With more rights than the host itself has: only to look."""
        return subprocess.run(
            ["nsenter", "-t", str(self.leader()), "--all", "--", *map(str, words)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)

    def run(self, *words, check=True, properties=()):
        """A command as root of the host, with the rights that root has there."""
        plain = [str(word).replace("$", "$$") for word in words]  # systemd would expand it
        answer = self.enter("systemd-run", "--quiet", "--wait", "--pipe", "--collect",
                            *[f"--property={one}" for one in properties], "--", *plain)
        if check and answer.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: exit code {answer.returncode}\n"
                                 f"{answer.stdout}{answer.stderr}")
        return answer

    def say(self, *words, **options):
        return self.run(*words, **options).stdout.strip()

    def unit(self, name, prop):
        return self.say("systemctl", "show", "--value", "-p", prop, name)

    def path(self, inside):
        """A file of the host, from here."""
        return self.root / str(inside).lstrip("/")

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def shut_down(self):
        """As a person would; start() boots it again."""
        self.enter("systemctl", "poweroff")
        self.process.child.wait(PATIENCE_S)

    def kill(self):
        """All its processes end at once. What was written is kept, also what no disk has yet."""
        os.kill(self.leader(), 9)
        self.process.child.wait()

    def end(self):
        if self.process.running():
            leader = self.leader()
            if leader:
                os.kill(leader, 9)
            self.process.child.wait()
        self.process.end()
        self.unmount_disk()
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(folder)
