# SPDX-License-Identifier: Apache-2.0
"""The broker's jars and its class archive: fetched once through Maven, kept in the user's cache."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# What decides whether cached jars are still the right ones: the pom, and nothing else.
POM_HASH = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()[:12]
VERSION = "4.3.1"  # the pom's own
SCRAM_VERSION = "3.9.1"  # the last line that takes the SCRAM of librdkafka before 2.6.1
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
# Serial collector and first compiler tier: 150 MB and 1.3 s of CPU a start, not 230 and 3.7.
JVM_FLAGS = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-Djava.awt.headless=true"]
LOG4J = """\
status=error
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.c.ref=C
logger.cfg.name=org.apache.kafka.common.config.AbstractConfig
logger.cfg.level=warn
"""


class MissingTool(Exception):
    """Something on the machine is missing; the message names the remedy."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def cache_dir(version=VERSION):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = POM_HASH if version == VERSION else f"{POM_HASH}-{version}"
    return pathlib.Path(base) / "wattspool" / "kafka" / name


@contextlib.contextmanager
def locked(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def jar_path(folder):
    # A class archive is valid only for the same class path in the same order.
    return ":".join(sorted(str(jar) for jar in (folder / "lib").glob("*.jar")))


def java(folder, *arguments, archive=True):
    command = ["java", *JVM_FLAGS, f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}"]
    if archive and (folder / "kafka.jsa").exists():
        command += [f"-XX:SharedArchiveFile={folder / 'kafka.jsa'}", "-Xlog:cds=off",
                    "-Xlog:cds+dynamic=off"]
    return command + ["-cp", jar_path(folder), *arguments]


def fetch(make_archive, version=VERSION):
    """Returns the folder with lib/, log4j2.properties and, if it could be made, kafka.jsa."""
    folder = cache_dir(version)
    with locked(folder):
        if not (folder / "complete").exists():
            download(folder, version)
        if version != VERSION:  # started seldom
            return folder
        stamp = folder / f"archive-{java_version()}"
        if not stamp.exists():
            (folder / "kafka.jsa").unlink(missing_ok=True)
            say("kafka: making the class archive, once")
            make_archive(folder)
            stamp.touch()
    return folder


def java_version():
    if not shutil.which("java"):
        raise MissingTool("java is missing. Run: apt-get install openjdk-17-jre-headless")
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
    return hashlib.sha256(answer.stderr.encode()).hexdigest()[:8]


def download(folder, version):
    if not shutil.which("mvn"):
        raise MissingTool("mvn is missing. Run: apt-get install maven")
    say(f"kafka: fetching the broker's jars through Maven into {folder}")
    shutil.rmtree(folder / "lib", ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), PLUGIN,
               f"-Dkafka.version={version}",
               "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'lib'}"]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        raise MissingTool("the broker's jars could not be fetched; the first fetch needs the "
                          "network. Run again: tests/kafka/broker fetch")
    (folder / "log4j2.properties").write_text(LOG4J, encoding="ascii")
    (folder / "complete").touch()
