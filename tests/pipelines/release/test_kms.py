"""Signing keys in AWS KMS."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import boto3
import pytest

from components.errors import UserError
from pipelines.release.attestation import attest, sign_bytes, verify_attestation, verify_bytes
from pipelines.release.kms import SCHEME, KmsSigner
from pipelines.release.signing import open_signer
from stacks.contract import Contract
from tests.harness.aws import moto_server, point_at
from tests.harness.documents import contract_document
from tests.harness.packages import make_package
from tests.harness.web import serving

REGION = "eu-west-1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """Moto's server; clients are in another region than the keys unless they are told."""
    with moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        yield endpoint


def new_key(spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    """Make a key and return its address."""
    made = boto3.client("kms", region_name=REGION).create_key(KeySpec=spec, KeyUsage=usage)
    return SCHEME + made["KeyMetadata"]["Arn"]


def contract(public_key: str, uri: str) -> Contract:
    """Return a contract that says so of its key."""
    document = contract_document(signing_key={"public_key": public_key, "private_key_uri": uri})
    return Contract.model_validate_json(json.dumps(document))


def test_a_package_signed_by_kms_verifies_by_the_public_key(server: str, tmp_path: Path) -> None:
    """Attestation and evidence are signed with the key of the contract, in the key's own region."""
    uri = new_key()
    public = KmsSigner(uri).public_key
    signer = open_signer(contract(public, uri))
    package = make_package(tmp_path / "package").folder

    verify_attestation(attest(package, signer), package, public, "dev")
    assert verify_bytes(b"evidence", sign_bytes(b"evidence", signer), public)
    assert not verify_bytes(b"evidence", sign_bytes(b"evidence", signer), KmsSigner(new_key()).public_key)


def test_the_lines_of_a_public_key_do_not_matter(server: str) -> None:
    """A stack may write the same key with other line ends."""
    uri = new_key()
    first, *body, last = KmsSigner(uri).public_key.splitlines()
    public = "\n".join([first, "".join(body), last])

    assert open_signer(contract(public, uri)).sign(bytes(32))


def test_another_key_is_refused(server: str) -> None:
    """A key that is not the one of the contract signs nothing."""
    uri, other = new_key(), new_key()

    with pytest.raises(UserError) as caught:
        open_signer(contract(KmsSigner(uri).public_key, other))
    assert [f"{other}: not the private half of the contract's public key"] == caught.value.problems


def test_a_key_in_another_region_is_not_found(server: str) -> None:
    """The region of the ARN is asked, whatever region the environment says."""
    uri = new_key().replace(REGION, "eu-central-1")

    with pytest.raises(UserError) as caught:
        KmsSigner(uri).sign(bytes(32))
    told = "no such key in eu-central-1; check signing_key in the contract, or pull it again"
    assert [f"{uri}: {told}"] == caught.value.problems


def test_a_key_of_another_curve_is_refused(server: str) -> None:
    """Signatures of other curves are none that anybody verifies here."""
    uri = new_key("ECC_NIST_P384")

    with pytest.raises(UserError, match="not a P-256 key"):
        open_signer(contract(KmsSigner(new_key()).public_key, uri))


ANSWERS = {
    "AccessDeniedException": "access denied to Sign; the identity needs kms:Sign and kms:GetPublicKey on this key",
    "DisabledException": "the key is disabled; enable it, or let the project's stack make another",
    "InvalidKeyUsageException": "not a key for signing; expected ECC_NIST_P256 with SIGN_VERIFY",
    "KMSInvalidStateException": "the key cannot be used in the state it is in; is its deletion scheduled?",
    "ExpiredTokenException": "credentials refused (ExpiredTokenException); sign in again",
    "Strange": "Sign was refused: Strange: said so",
}


@pytest.mark.parametrize("code", ANSWERS)
def test_what_kms_refuses_is_explained(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right that is missing is named; what is not known is told as it was said."""
    body = json.dumps({"__type": code, "message": "said so"}).encode()
    uri = f"{SCHEME}arn:aws:kms:{REGION}:111122223333:key/a"
    with serving(lambda request: request.reply(400, body)) as answering:
        point_at(monkeypatch, answering.url)
        with pytest.raises(UserError) as caught:
            KmsSigner(uri).sign(bytes(32))

    assert [f"{uri}: {ANSWERS[code]}"] == caught.value.problems


def test_an_address_that_is_no_key_is_refused() -> None:
    """A key's id alone does not say where it is."""
    with pytest.raises(UserError, match=r"awskms:///1234: not the ARN of a key; write it like awskms:///arn:aws:kms"):
        KmsSigner("awskms:///1234")
