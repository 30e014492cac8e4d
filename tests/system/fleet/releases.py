# SPDX-License-Identifier: Apache-2.0
"""What a release may have that the one build has not: changes for Fleet.release()."""

REAL_NAME = "wattspoold.real"
REAL = f"/usr/sbin/{REAL_NAME}"
CRASHES = "exit 1"
CANNOT_DELIVER = f'WATTSPOOL__KAFKA__BROKERS=localhost:9 exec {REAL} "$@"'
# Its main process ends, and another one keeps the spool: its unit lets it live.
LEAKS_THE_SPOOL = f'{REAL} "$@" &\nsleep 4\nkill -9 $$'
LETS_LIVE = "[Service]\nKillMode=process\nNotifyAccess=all\n"
DROP_INS = "usr/lib/systemd/system/wattspoold.service.d"
# The file of this release has another schema: as others find it, also while it runs.
SET_SCHEMA = """\
+/usr/bin/python3 -c 'import sqlite3; \
sqlite3.connect("/var/lib/wattspool/spool.db", 20).execute("PRAGMA user_version={schema}")'
"""
SCHEMA = 1
SLOW = "/root/slow"


def spoilt(script, drop_in=""):
    """Instead of the daemon this is started, in a unit that is changed."""
    def change(folder):
        daemon = folder / "usr/sbin/wattspoold"
        daemon.rename(folder / REAL.lstrip("/"))
        daemon.write_text(f"#!/bin/sh\n{script}\n", "ascii")
        daemon.chmod(0o755)
        if drop_in:
            add_drop_in(folder, drop_in)
    return change


def add_drop_in(folder, text):
    path = folder / DROP_INS / "50-release.conf"
    path.parent.mkdir(parents=True)
    path.write_text(text, "ascii")


def crashes_and_leaves(path):
    """Its postinst leaves this file on the host, and going back does not take it away."""
    def change(folder):
        spoilt(CRASHES)(folder)
        script = folder / "DEBIAN/postinst"
        text = script.read_text("utf-8")
        script.write_text(text.replace("set -e\n", f"set -e\necho left >{path}\n", 1), "utf-8")
    return change


def slow(stage):
    """dpkg waits in this script of the package, as long as SLOW is there."""
    def change(folder):
        path = folder / "DEBIAN" / stage
        text = path.read_text("utf-8") if path.exists() else "#!/bin/sh\nset -e\n"
        wait = f"set -e\nwhile [ -e {SLOW} ]; do sleep 0.1; done\n"
        path.write_text(text.replace("set -e\n", wait, 1), "utf-8")
        path.chmod(0o755)
    return change


def with_schema(schema):
    """Its program reads its own schema and this build's; the file has its own.

    With this build's number: a release that takes the file back to it.
    """
    def change(folder):
        lines = "ExecStartPre=" + SET_SCHEMA.format(schema=SCHEMA)
        if schema != SCHEMA:
            lines += "ExecStartPost=" + SET_SCHEMA.format(schema=schema)
        add_drop_in(folder, "[Service]\n" + lines)
    return change
