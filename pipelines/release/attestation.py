"""Attestations: an environment's signature over a package.

The format is that of model-signing (a sigstore bundle), so that its own command verifies ours without this code.
"""

from __future__ import annotations

from pathlib import Path

from components.errors import UserError
from pipelines.release.keys import FileSigner, Signer, make_key, sign_bytes, verify_bytes

__all__ = ["FileSigner", "Signer", "attest", "make_key", "sign_bytes", "verify_attestation", "verify_bytes"]


def attest(folder: Path, signer: Signer) -> bytes:
    """Return a signature over every file of a package, its manifest included."""
    from pipelines.release import bundle

    return bundle.sign(folder, signer)


def verify_attestation(content: bytes, folder: Path, public_key: str, where: str) -> None:
    """Refuse a package that is not, file for file, what the owner of the key signed.

    Paths that the signature itself wants ignored are not ignored, and hidden files are not skipped: model-signing's
    own command does both by default.
    """
    from pipelines.release import bundle

    signed = bundle.verified_files(content, public_key, where)
    found = bundle.hash_files(folder)
    problems = [f"{where}: `{path}` is not signed; refused" for path in found.keys() - signed.keys()]
    problems += [f"{where}: `{path}` is signed but missing; refused" for path in signed.keys() - found.keys()]
    both = found.keys() & signed.keys()
    problems += [f"{where}: `{path}` is not what was signed; refused" for path in both if found[path] != signed[path]]
    if problems:
        raise UserError(problems)
