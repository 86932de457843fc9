"""Random values and keys that only the state holds, in the real engine."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random
import pulumi_tls
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pulumi import automation

from tests.harness.engine.stack import Engine, short
from tests.harness.random_plugin.provider import PASSWORD, RandomStandIn
from tests.harness.random_plugin.provider import ROWS as RANDOM
from tests.harness.tls_plugin.provider import KEY, TlsStandIn
from tests.harness.tls_plugin.provider import ROWS as TLS

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

Inputs = dict[str, Any]


def values(length: int = 24, **key: Any) -> None:
    """A password, an id and a key, all shown by the stack."""
    random = pulumi.ResourceOptions(provider=pulumi_random.Provider("random"))
    tls = pulumi.ResourceOptions(provider=pulumi_tls.Provider("tls"))
    password = pulumi_random.RandomPassword("password", length=length, special=False, opts=random)
    made = pulumi_tls.PrivateKey("key", **{"algorithm": "ECDSA", "ecdsa_curve": "P256"} | key, opts=tls)
    pulumi.export("password", password.result)
    pulumi.export("id", pulumi_random.RandomId("id", byte_length=4, opts=random).hex)
    certificate = pulumi_tls.SelfSignedCert(
        "certificate",
        private_key_pem=made.private_key_pem,
        subject={"common_name": "db"},
        dns_names=["db.database.svc"],
        is_ca_certificate=True,
        allowed_uses=["cert_signing", "digital_signature", "server_auth"],
        validity_period_hours=24,
        opts=tls,
    )
    pulumi.export("certificate", certificate.cert_pem)
    pulumi.export("private", made.private_key_pem)
    pulumi.export("public", made.public_key_pem)


def test_values_are_made_once_and_stay_secret(small: Callable[[], Engine]) -> None:
    """Up again and a refresh change nothing; the state file and what people see hold no secret in the clear."""
    engine = small()
    shown = engine.preview(values).stdout + engine.up(values).stdout
    first = engine.outputs(values)

    assert ({}, {}) == (engine.up(values).changes, engine.refresh(values).changes)
    assert first == engine.outputs(values)
    assert (24, 8) == (len(first["password"]), len(first["id"]))
    private = serialization.load_pem_private_key(first["private"].encode(), None)
    assert first["public"].encode() == private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    certificate = x509.load_pem_x509_certificate(first["certificate"].encode())
    certificate.verify_directly_issued_by(certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert (private.public_key(), ["db.database.svc"]) == (
        certificate.public_key(),
        names.get_values_for_type(x509.DNSName),
    )
    assert first["public"].splitlines()[1] in engine.state_text()
    for secret in (first["password"], first["private"].splitlines()[1]):
        assert secret not in engine.state_text()
        assert secret not in shown


def test_a_change_makes_another_value(small: Callable[[], Engine]) -> None:
    """A longer password is another one, and a key of another sort another key; the id stays."""
    engine = small()
    engine.up(values)
    before = engine.outputs(values)
    engine.forget()

    engine.up(lambda: values(32, algorithm="ED25519", ecdsa_curve=None))

    after = engine.outputs(values)
    assert ["PrivateKey key", "RandomPassword password", "SelfSignedCert certificate"] == sorted(engine.calls("create"))
    assert sorted(engine.calls("create")) == sorted(engine.calls("delete"))
    assert (32, before["id"]) == (len(after["password"]), after["id"])
    assert before["public"] != after["public"]
    assert {} == engine.up(lambda: values(32, algorithm="ED25519", ecdsa_curve=None)).changes
    engine.destroy(values)
    assert [] == [short(item["urn"]) for item in engine.resources()]


def test_what_the_providers_would_not_take_fails(small: Callable[[], Engine]) -> None:
    """An algorithm that there is not is named before anything is made."""
    engine = small()
    with pytest.raises(automation.CommandError, match="`DSA` is not one of ECDSA, ED25519, RSA"):
        engine.preview(lambda: values(algorithm="DSA"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"length": 0}, [("length", "`0` is less than 1")]),
        ({"length": 3, "minLower": 2, "minUpper": 2}, [("length", "`3` is less than 4")]),
        ({"length": 8, **dict.fromkeys(("lower", "upper", "numeric", "special"), False)}, [("length", "no sort of")]),
        ({"lenght": 8}, [("lenght", "unknown property; did you mean `length`?")]),
        ({"length": "8"}, [("length", "`'8'` is not a whole number")]),
        ({"length": 8}, []),
    ],
)
def test_a_wrong_password_is_refused(tmp_path: Path, given: Inputs, told: list[tuple[str, str]]) -> None:
    """Nonsense is named by its path."""
    found = list(RandomStandIn(tmp_path).problems(PASSWORD, given))

    assert [path for path, _ in told] == [path for path, _ in found]
    assert all(reason.startswith(part) for (_, part), (_, reason) in zip(told, found, strict=True))


def test_an_unknown_type_is_refused(tmp_path: Path) -> None:
    """Nobody taught the stand-in pets."""
    assert [("", "random:index/randomPet:RandomPet: nobody taught the stand-in; see docs/fidelity.md")] == list(
        RandomStandIn(tmp_path).problems("random:index/randomPet:RandomPet", {"length": 2})
    )


def test_a_password_has_what_was_asked_for(tmp_path: Path) -> None:
    """So many of each sort at least, and none of a sort that is not wanted."""
    plugin = RandomStandIn(tmp_path)
    inputs = plugin.filled(PASSWORD, {"length": 12, "minNumeric": 11, "minUpper": 1, "special": False}, {}, ("p", b""))

    passwords = {plugin.generate(PASSWORD, inputs)[1]["result"] for _ in range(20)}

    assert 20 == len(passwords)
    assert {(12, 11, 1)} == {
        (len(each), sum(c.isdigit() for c in each), sum(c.isupper() for c in each)) for each in passwords
    }


@pytest.mark.parametrize(
    ("given", "heading"),
    [
        ({"algorithm": "RSA"}, "BEGIN RSA PRIVATE KEY"),
        ({"algorithm": "ECDSA"}, "BEGIN EC PRIVATE KEY"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "BEGIN EC PRIVATE KEY"),
        ({"algorithm": "ED25519"}, "BEGIN PRIVATE KEY"),
    ],
)
def test_a_key_has_every_output(tmp_path: Path, given: Inputs, heading: str) -> None:
    """The private half in three forms, the public one in two, and its fingerprints; SSH knows no P224."""
    plugin = TlsStandIn(tmp_path)
    inputs = plugin.filled(KEY, given, {}, ("k", b""))

    shown = plugin.generate(KEY, inputs)[1]

    assert set(plugin.outputs_of(KEY)) == {*shown, *inputs}
    assert heading in shown["privateKeyPem"]
    serialization.load_pem_private_key(shown["privateKeyPemPkcs8"].encode(), None)
    ssh = {name for name, text in shown.items() if not text}
    assert bool(ssh) == (given == {"algorithm": "ECDSA"})
    if not ssh:
        serialization.load_ssh_private_key(shown["privateKeyOpenssh"].encode(), None)
        serialization.load_ssh_public_key(shown["publicKeyOpenssh"].encode())


def test_the_tables_know_the_secrets_of_the_sdk() -> None:
    """What the SDK calls secret is so in the table: its classes add these to each resource's options."""
    for row in (*RANDOM.values(), *TLS.values()):
        assert row.secret == _declared_secret(row.made)


def _declared_secret(made: type[pulumi.CustomResource]) -> set[str]:
    """Return what a class of an SDK adds to the secret outputs."""
    found = re.search(r"additional_secret_outputs=\[(.*?)\]", inspect.getsource(made))
    return set(re.findall(r'"(\w+)"', found[1])) if found else set()
