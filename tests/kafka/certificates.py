# SPDX-License-Identifier: Apache-2.0
"""Certificates for a test, made by openssl when it runs: none is in the repository."""

import datetime
import pathlib
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
CONFIG = """\
[ca]
default_ca = it
[it]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = names
copy_extensions = copy
unique_subject = no
[names]
commonName = supplied
"""


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def date(days):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


class Authority:
    """Signs certificates. All files are in one folder: NAME.crt, NAME.key, and its own `crt`."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        self.crt = self.folder / "authority.crt"
        openssl("req", "-x509", *KEY, "-days", 30, "-subj", f"/CN={name}", "-out", self.crt,
                "-keyout", self.folder / "authority.key")
        (self.folder / "index").touch()
        (self.folder / "config").write_text(CONFIG.format(folder=self.folder), encoding="utf-8")

    def issue(self, name, common_name, host="localhost", valid_days=(-1, 30)):
        """(certificate, key); the key as PKCS #8, which Java wants."""
        request, crt, key = (self.folder / f"{name}.{end}" for end in ("csr", "crt", "key"))
        openssl("req", *KEY, "-subj", f"/CN={common_name}", "-addext",
                f"subjectAltName=DNS:{host}", "-out", request, "-keyout", key)
        openssl("ca", "-batch", "-notext", "-config", self.folder / "config",
                "-cert", self.crt, "-keyfile", self.folder / "authority.key",
                "-startdate", date(valid_days[0]), "-enddate", date(valid_days[1]),
                "-in", request, "-out", crt)
        key.chmod(0o600)
        return crt, key
