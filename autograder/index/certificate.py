"""The certificates with which the course's index answers under the public index's names."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.places import home
from autograder.public_index import HOST_NAMES


@dataclass(frozen=True)
class Certificate:
    """PEM texts: `ca` is what a build must trust, `chain` and `key` are the server's own."""

    ca: str
    chain: str
    key: str


def certificate() -> Certificate:
    """The index's certificate: made the first time, the same one ever after.

    The authority's own key is thrown away at once: whoever trusts `ca` trusts this one
    certificate, and nobody can issue another.
    """
    folder = home() / "index" / "certificate"
    if not folder.is_dir():
        _make(folder)
    names = ("ca.pem", "chain.pem", "key.pem")
    return Certificate(*((folder / name).read_text() for name in names))


def ca_pem() -> str:
    """The PEM text that a base image needs in its bundle so that pip and Poetry trust the index."""
    return certificate().ca


def _make(folder: Path) -> None:
    import trustme  # cryptography takes 0.1 s to import, and is needed once

    authority = trustme.CA(organization_name="container course")
    leaf = authority.issue_cert(*HOST_NAMES, common_name="the course's package index")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:  # mode 0700
        new = Path(scratch) / "certificate"
        new.mkdir()
        authority.cert_pem.write_to_path(str(new / "ca.pem"))
        (new / "chain.pem").write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        (new / "key.pem").touch(0o600)
        leaf.private_key_pem.write_to_path(str(new / "key.pem"))
        try:
            new.rename(folder)
        except OSError:
            # Another process was faster; its certificate is as good.
            if not folder.is_dir():
                raise
