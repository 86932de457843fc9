"""Attestations: an environment's key over a package, in model-signing's format."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from components.errors import UserError
from pipelines.release.attestation import FileSigner, attest, make_key, sign_bytes, verify_attestation, verify_bytes
from tests.harness.packages import flip_byte, make_package

EXACTLY = ["--no-ignore-git-paths", "--ignore-paths", "registered_model_meta"]


class CloudKey:
    """What a key service gives: the public half, and a DER signature over a digest that was made elsewhere."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """The public half."""
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()

    def sign(self, digest: bytes) -> bytes:
        """Sign 32 bytes, as `kms:Sign` with `MessageType=DIGEST` does."""
        assert len(digest) == 32
        return self.key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


@pytest.fixture
def package(tmp_path):
    """Return the folder of a package."""
    return make_package(tmp_path / "package").folder


@pytest.fixture
def key(tmp_path):
    """A signer, its public half, and files of both."""
    public = make_key(tmp_path / "key.pem")
    (tmp_path / "key.pub").write_text(public)
    return FileSigner(tmp_path / "key.pem"), public


def model_signing(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run model-signing's own command."""
    command = [Path(sys.executable).with_name("model_signing"), *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_a_signed_package_verifies(package, key):
    """Signing and verifying agree, and the same package signed again verifies too."""
    signer, public = key

    for content in (attest(package, signer), attest(package, signer)):
        verify_attestation(content, package, public, "dev")


def test_a_cloud_key_takes_the_place_of_a_file(package):
    """Nothing but a digest is sent to the key."""
    key = CloudKey()

    verify_attestation(attest(package, key), package, key.public_key, "dev")


def test_model_signing_verifies_ours(package, key, tmp_path):
    """Anybody can verify an attestation without this code."""
    (tmp_path / "ours").write_bytes(attest(package, key[0]))

    done = model_signing(
        "verify", "key", *EXACTLY, "--public_key", tmp_path / "key.pub", "--signature", tmp_path / "ours", package
    )

    assert (0, "Verification succeeded\n") == (done.returncode, done.stdout), done.stderr


def test_ours_verifies_model_signing(package, key, tmp_path):
    """A key that signs with model-signing's own command is accepted."""
    signature = tmp_path / "theirs"
    done = model_signing(
        "sign", "key", *EXACTLY, "--private_key", tmp_path / "key.pem", "--signature", signature, package
    )

    assert done.returncode == 0, done.stderr
    verify_attestation(signature.read_bytes(), package, key[1], "dev")


def _hidden(folder):
    (folder / ".git").mkdir()
    (folder / ".git" / "x.py").write_text("")


def _replace(folder):
    make_package(folder.parent / "other", {"model.onnx": b"another"})
    (folder.parent / "other" / "manifest.json").rename(folder / "manifest.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: flip_byte(folder / "model.onnx"), "`model.onnx` is not what was signed"),
        (lambda folder: (folder / "signature.json").unlink(), "`signature.json` is signed but missing"),
        (lambda folder: (folder / "extra").write_text(""), "`extra` is not signed"),
        (_hidden, "`.git/x.py` is not signed"),
        (_replace, "`manifest.json` is not what was signed"),
    ],
)
def test_a_package_that_was_not_signed_is_refused(package, key, change, said):
    """One byte, a missing file, an extra file, one that git tools hide: each is named."""
    signer, public = key
    content = attest(package, signer)
    change(package)

    with pytest.raises(UserError, match=said):
        verify_attestation(content, package, public, "dev.sig")


def test_a_signature_cannot_say_what_to_ignore(package, key, tmp_path):
    """model-signing's own command signs that git's files are to be ignored; they are not."""
    signature = tmp_path / "theirs"
    model_signing("sign", "key", "--private_key", tmp_path / "key.pem", "--signature", signature, package)
    _hidden(package)

    with pytest.raises(UserError, match=r"`\.git/x\.py` is not signed"):
        verify_attestation(signature.read_bytes(), package, key[1], "dev.sig")


def test_what_mlflow_leaves_does_not_break_a_signature(package, key):
    """MLflow adds a file to folders that it loads from; that one is ignored, as in the package's digest."""
    content = attest(package, key[0])
    (package / "registered_model_meta").write_text("")

    verify_attestation(content, package, key[1], "dev.sig")


def test_another_key_is_refused(package, key, tmp_path):
    """Each environment has a key of its own."""
    other = make_key(tmp_path / "other.pem")

    with pytest.raises(UserError, match=r"dev\.sig: not signed by this environment's key"):
        verify_attestation(attest(package, key[0]), package, other, "dev.sig")


def test_a_changed_statement_is_refused(package, key):
    """What is signed cannot be changed, whatever key it claims to be signed by."""
    bundle = json.loads(attest(package, key[0]))
    statement = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"model.onnx", b"other.onnx")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(statement).decode()

    with pytest.raises(UserError, match="not signed by this environment's key"):
        verify_attestation(json.dumps(bundle).encode(), package, key[1], "dev.sig")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[1]", b'{"verificationMaterial": {}}'])
def test_what_is_not_a_signature_is_refused(package, key, content):
    """Foreign bytes are one clear line, not a traceback."""
    with pytest.raises(UserError, match=r"dev\.sig: not a signature"):
        verify_attestation(content, package, key[1], "dev.sig")


def test_a_public_key_that_is_none_is_refused(package, key):
    """The contract's key is a person's input too."""
    with pytest.raises(UserError, match=r"signing_key\.public_key: not a PEM public key"):
        verify_attestation(attest(package, key[0]), package, "ssh-ed25519 AAAA", "dev.sig")


def test_bytes_are_signed(key, tmp_path):
    """Evidence is signed by the same key; plain openssl can verify it."""
    signer, public = key
    signature = sign_bytes(b"evidence", signer)

    assert verify_bytes(b"evidence", signature, public)
    assert not verify_bytes(b"Evidence", signature, public)
    assert not verify_bytes(b"evidence", signature, make_key(tmp_path / "other.pem"))
    for broken in ("", "%%%", base64.b64encode(b"x" * 70).decode()):
        assert not verify_bytes(b"evidence", broken, public)
    loaded = serialization.load_pem_public_key(public.encode())
    digest = utils.Prehashed(hashes.SHA256())
    loaded.verify(base64.b64decode(signature), hashlib.sha256(b"evidence").digest(), ec.ECDSA(digest))


def test_evidence_cannot_be_taken_for_an_attestation(key):
    """Both are signatures of one key, so bytes in the form of an attestation are never signed as evidence."""
    with pytest.raises(ValueError, match="DSSE"):
        sign_bytes(b"DSSEv1 28 application/vnd.in-toto+json 2 {}", key[0])


def test_only_its_owner_can_read_a_key(key, tmp_path):
    """The private half is a file of mode 0600."""
    assert 0o600 == (tmp_path / "key.pem").stat().st_mode & 0o777


def _rsa_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"junk", "not a PEM private key"), (_rsa_key(), "not a P-256 key")],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path, package, content, said):
    """The message names the file."""
    if content is not None:
        (tmp_path / "bad.pem").write_bytes(content)

    with pytest.raises(UserError, match=f"bad.pem: .*{said}"):
        attest(package, FileSigner(tmp_path / "bad.pem"))
