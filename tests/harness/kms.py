"""What moto leaves out of KMS: it takes a digest that shall be signed for a message, and hashes it again."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

if TYPE_CHECKING:
    from collections.abc import Generator


@contextlib.contextmanager
def digests_are_signed() -> Generator[None]:
    """Let moto sign with `MessageType=DIGEST` as KMS does; all that moto checks is checked as before."""
    from moto.kms.responses import KmsResponse

    hashed = KmsResponse.sign

    def sign(response: Any) -> str:
        answer = json.loads(hashed(response))
        if response._get_param("MessageType") == "DIGEST":
            key = response.kms_backend.describe_key(answer["KeyId"]).private_key.private_key
            signature = key.sign(response._get_param("Message"), ec.ECDSA(utils.Prehashed(hashes.SHA256())))
            answer["Signature"] = base64.b64encode(signature).decode()
        return json.dumps(answer)

    with mock.patch.object(KmsResponse, "sign", sign):
        yield
