# SPDX-License-Identifier: Apache-2.0
"""apt takes packages from what make-repo made, by its key alone; and refuses everything else."""

import functools
import http.server
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAKE_REPO = ROOT / "packaging" / "make-repo"
CONTROL = """\
Package: wattspool
Version: {version}
Architecture: amd64
Maintainer: nobody <nobody@example.org>
Description: {text}
"""
# A host of its own, as far as apt is concerned. Nothing of this machine's apt is read.
APT = """\
Dir "{folder}";
Dir::Etc::parts "/dev/null";
Dir::State::status "{folder}/status";
Dir::Bin::Methods "/usr/lib/apt/methods";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "";
Acquire::http::Proxy "DIRECT";
Acquire::Languages "none";
"""


FIVE_DAYS_AGO = """\
#!/bin/sh
# -u [-d WHEN] FORMAT
[ "$2" = -d ] || set -- -u -d now "$2"
exec /usr/bin/date -u -d "$3 -5 days" "$4"
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Repository(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="repo-")))
        self.folder = self.scratch / "www"
        self.key_file = self.folder / "wattspool-archive-keyring.asc"
        self.environment = {**os.environ, "XDG_DATA_HOME": str(self.scratch / "data")}
        self.environment.pop("GNUPGHOME", None)

    def package(self, version, text="first", name=None):
        tree = self.scratch / "tree"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "DEBIAN/control").write_text(CONTROL.format(version=version, text=text), "ascii")
        target = self.scratch / (name or f"{version}.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, target], check=True,
                       capture_output=True)
        return target

    def make(self, *words, succeeds=True):
        answer = subprocess.run([MAKE_REPO, *map(str, words)], capture_output=True, text=True,
                                check=False, env=self.environment)
        self.assertEqual(answer.returncode == 0, succeeds, answer.stdout + answer.stderr)
        return answer.stdout + answer.stderr

    def serve(self):
        handler = functools.partial(Quiet, directory=self.folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def host(self, suite="bookworm", key=None):
        """A host that has been told of the repository and its key."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        for name in ("etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial",
                     "var/cache/apt/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "apt.conf").write_text(APT.format(folder=folder), "ascii")
        (folder / "etc/apt/sources.list").write_text(
            f"deb [signed-by={key or self.key_file}] {self.url} {suite}/\n", "ascii")
        return folder

    def apt(self, host, *words):
        return subprocess.run(["apt-get", *words], capture_output=True, text=True, check=False,
                              cwd=host, env={**os.environ, "APT_CONFIG": f"{host}/apt.conf",
                                             "LC_ALL": "C.UTF-8"})

    def update(self, host):
        answer = self.apt(host, "update", "--error-on=any")
        return answer.returncode == 0, answer.stdout + answer.stderr

    def takes(self, host, what="wattspool"):
        """The description of the package that the host downloads."""
        answer = self.apt(host, "download", "-q", what)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        (file,) = host.glob("wattspool_*.deb")
        return subprocess.run(["dpkg-deb", "-f", file, "Description"], capture_output=True,
                              text=True, check=True).stdout.strip()

    def test_a_host_takes_the_newest_and_can_go_back(self):
        self.make(self.folder, "bookworm", self.package("1.0"))
        self.make(self.folder, "bookworm", self.package("1.1", "second"))
        self.serve()
        for what, text in (("wattspool", "second"), ("wattspool=1.0", "first")):
            host = self.host()
            fine, said = self.update(host)
            self.assertTrue(fine, said)
            self.assertEqual(self.takes(host, what), text)

    def test_suites_are_apart(self):
        """The same version, built for two releases of Debian."""
        self.make(self.folder, "bookworm", self.package("1.0", "for 12"))
        self.make(self.folder, "trixie", self.package("1.0+deb13", "for 13"))
        self.serve()
        for suite, text in (("bookworm", "for 12"), ("trixie", "for 13")):
            host = self.host(suite)
            self.assertTrue(self.update(host)[0])
            self.assertEqual(self.takes(host), text)
            named = self.apt(host, "indextargets", "--format", "$(CODENAME)")
            self.assertEqual(set(named.stdout.split()), {suite})
        self.assertFalse(self.update(self.host("sid"))[0], "a suite that is not there")

    def test_a_package_for_another_release_is_refused(self):
        for suite, version, number in (("bookworm", "1.0+deb13", 13), ("trixie", "1.0", 12),
                                       ("forky", "1.0+deb13", 13)):
            said = self.make(self.folder, suite, self.package(version), succeeds=False)
            self.assertIn(f"has version {version}, which is built for Debian {number}", said)
            self.assertEqual(list(self.folder.rglob("*.deb")), [])
        self.make(self.folder, "sid", self.package("1.0"))

    def test_a_web_server_can_read_it(self):
        """Whoever makes it lets others read nothing, and has got the packages so."""
        package = self.package("1.0")
        package.chmod(0o600)
        self.addCleanup(os.umask, os.umask(0o077))
        self.make(self.folder, "bookworm", package)

        def unreadable():
            return [path for path in (self.folder, *self.folder.rglob("*"))
                    if path.stat().st_mode & 0o005 != (0o005 if path.is_dir() else 0o004)]
        self.assertEqual(unreadable(), [])
        (copy,) = self.folder.rglob("*.deb")
        copy.chmod(0o640)
        self.make(self.folder, "bookworm")
        self.assertEqual(unreadable(), [])
        home = self.scratch / "data/wattspool/repository-key"
        self.assertEqual(home.stat().st_mode & 0o777, 0o700)

    def test_what_is_not_signed_by_the_key_is_refused(self):
        self.make(self.folder, "bookworm", self.package("1.0"))
        self.serve()
        own_key = self.scratch / "own-key.asc"
        own_key.write_bytes(self.key_file.read_bytes())
        # Another key, at the same place.
        self.make("--gnupg-home", self.scratch / "thief", self.folder, "bookworm")
        fine, said = self.update(self.host(key=own_key))
        self.assertFalse(fine)
        self.assertIn("NO_PUBKEY", said)
        # None.
        self.make(self.folder, "bookworm")
        self.assertTrue(self.update(self.host(key=own_key))[0])
        (self.folder / "bookworm/InRelease").unlink()
        (self.folder / "bookworm/Release.gpg").unlink()
        self.assertFalse(self.update(self.host(key=own_key))[0])
        # Signed, and changed afterwards.
        self.make(self.folder, "bookworm")
        (file,) = (self.folder / "bookworm").glob("*.deb")
        host = self.host(key=own_key)
        self.assertTrue(self.update(host)[0])
        file.write_bytes(self.package("1.0", "evil").read_bytes())
        self.assertNotEqual(self.apt(host, "download", "wattspool").returncode, 0)

    def test_a_list_that_is_too_old_is_refused(self):
        self.make("--valid-days", 2, self.folder, "bookworm", self.package("1.0"))
        self.serve()
        self.assertTrue(self.update(self.host())[0])
        # Made five days ago, and not since.
        programs = self.scratch / "bin"
        programs.mkdir()
        (programs / "date").write_text(FIVE_DAYS_AGO, "ascii")
        (programs / "date").chmod(0o755)
        now = self.environment["PATH"]
        self.environment["PATH"] = f"{programs}:{now}"
        self.make("--valid-days", 2, self.folder, "bookworm", self.package("1.1"))
        fine, said = self.update(self.host())
        self.assertFalse(fine)
        self.assertIn("is expired", said)
        self.environment["PATH"] = now
        self.make("--valid-days", 2, self.folder, "bookworm")
        self.assertTrue(self.update(self.host())[0])

    def test_again_changes_nothing(self):
        package = self.package("1.0")
        self.make(self.folder, "bookworm", package)
        before = {path: (path.stat().st_mtime_ns, path.stat().st_ino)
                  for path in self.folder.rglob("*") if path.is_file()}
        self.assertIn("nothing has changed", self.make(self.folder, "bookworm", package))
        after = {path: (path.stat().st_mtime_ns, path.stat().st_ino)
                 for path in self.folder.rglob("*") if path.is_file()}
        before.pop(self.folder / "bookworm/.lock")
        after.pop(self.folder / "bookworm/.lock")
        self.assertEqual(before, after)

    def test_the_key_stays_at_home(self):
        said = self.make(self.folder, "bookworm", self.package("1.0"))
        home = self.scratch / "data/wattspool/repository-key"
        self.assertIn("made the key", said)
        self.assertEqual(home.stat().st_mode & 0o777, 0o700)
        self.assertNotIn("PRIVATE", "".join(
            path.read_text("latin-1") for path in self.folder.rglob("*") if path.is_file()))
        self.assertIn("PUBLIC KEY", self.key_file.read_text("ascii"))
        said = self.make("--gnupg-home", self.folder / "key", self.folder, "bookworm",
                         succeeds=False)
        self.assertIn("must not lie in the repository", said)
        self.assertIn("no secret key ABCDEF", self.make(
            "--key", "ABCDEF", "--gnupg-home", home, self.folder, "bookworm", succeeds=False))

    def test_mistakes_are_named(self):
        package = self.package("1.0")
        self.make(self.folder, "bookworm", package)
        other = self.package("1.0", "other", "other.deb")
        said = self.make(self.folder, "bookworm", other, succeeds=False)
        self.assertIn("has another wattspool_1.0_amd64.deb", said)
        self.make("--replace", self.folder, "bookworm", other)
        no_package = self.scratch / "text.deb"
        no_package.write_text("no package", "ascii")
        for words, part in (((self.folder, package), "is no suite"),
                            ((self.folder, "bookworm", "absent.deb"), "no file absent.deb"),
                            ((self.folder, "bookworm", no_package), "is no Debian package"),
                            ((self.folder,), "a folder and a suite are needed"),
                            (("--valid-days", "0", self.folder, "bookworm"), "1 to 99999"),
                            (("--sign", self.folder, "bookworm"), "unknown option --sign")):
            self.assertIn(part, self.make(*words, succeeds=False))


if __name__ == "__main__":
    unittest.main()
