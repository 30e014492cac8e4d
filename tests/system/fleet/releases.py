# SPDX-License-Identifier: Apache-2.0
"""What a release may have that the one build has not: changes for Fleet.release()."""

REAL = "/usr/sbin/wattspoold.real"
CRASHES = "exit 1"
CANNOT_DELIVER = f'WATTSPOOL__KAFKA__BROKERS=localhost:9 exec {REAL} "$@"'
# Its main process ends, and another one keeps the spool open.
LEAKS_THE_SPOOL = f'{REAL} "$@" &\nsleep 4\nkill -9 $$'
# The file of this release has another schema: as others find it, also while it runs.
SCHEMA_DROP_IN = "usr/lib/systemd/system/wattspoold.service.d/50-schema.conf"
SET_SCHEMA = """\
+/usr/bin/python3 -c 'import sqlite3; \
sqlite3.connect("/var/lib/wattspool/spool.db", 20).execute("PRAGMA user_version={schema}")'
"""
SCHEMA = 1


def spoilt(script):
    """Instead of the daemon this is started."""
    def change(folder):
        daemon = folder / "usr/sbin/wattspoold"
        daemon.rename(folder / REAL.lstrip("/"))
        daemon.write_text(f"#!/bin/sh\n{script}\n", "ascii")
        daemon.chmod(0o755)
    return change


def slow(stage):
    """dpkg waits in this script of the package, as long as /root/slow is there."""
    def change(folder):
        path = folder / "DEBIAN" / stage
        text = path.read_text("utf-8") if path.exists() else "#!/bin/sh\nset -e\n"
        wait = "set -e\nwhile [ -e /root/slow ]; do sleep 0.1; done\n"
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
        path = folder / SCHEMA_DROP_IN
        path.parent.mkdir(parents=True)
        path.write_text("[Service]\n" + lines, "ascii")
    return change
