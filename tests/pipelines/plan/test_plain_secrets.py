"""Secrets in the open, and what only looks like one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.plan.plain_secrets import plain_secrets
from pipelines.plan.policy.base import sketch

FOUND = {
    "by the field": ({"masterPassword": "hunter22"}, "masterPassword: holds a secret"),
    "in a document": ({"values": json.dumps({"apiKey": "abc123"})}, "values.apiKey: holds a secret"),
    "in a variable": (
        {"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]},
        "env[0].value.DB_PASSWORD: holds a secret",
    ),
    "AWS key": ({"userData": "export K=AKIAIOSFODNN7EXAMPLE"}, "userData: holds an AWS access key"),
    "private key": ({"data": {"tls": "-----BEGIN RSA PRIVATE KEY-----\nx"}}, "data.tls: holds a private key"),
    "GitHub token": ({"url": f"ghp_{'a' * 36}"}, "url: holds a GitHub token"),
    "address": ({"uri": "postgresql://mlflow:hunter22@db:5432/x"}, "uri: holds an address with a password"),
}


@pytest.mark.parametrize(("inputs", "said"), FOUND.values(), ids=list(FOUND))
def test_a_plain_secret_is_found(inputs: dict[str, Any], said: str) -> None:
    """It is named by its path; its value is not repeated."""
    found = list(plain_secrets(sketch({"acme:index:Thing x": inputs}).resources[0]))

    assert [f"acme:index:Thing x: {said} as plain text"] == [line.split(", which")[0] for line in found]
    assert "hunter22" not in str(found)


HARMLESS = {
    "marked": {"password": {"secret": True}},
    "flag": {"manageMasterUserPassword": True},
    "name of a secret": {"secretName": "acme/db", "passwordSecretArn": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
    "ARN": {"secret": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
    "computed": {"token": "${aws:eks/cluster:Cluster::main.id}"},
    "idempotency": {"clientRequestToken": "4d2"},
    "name of a secret, in a contract": {"content": '{"experiment_tracker": {"credentials_secret": "acme-dev/mlflow"}}'},
    "file": {"env": [{"name": "AWS_TOKEN", "value": "/var/run/token"}]},
    "address": {"uri": "postgresql://db:5432/mlflow"},
    "secret in a cluster": {"env": [{"name": "TRACKER_SECRET", "value": "kubernetes:///mlflow/mlflow"}]},
    "names of Secrets, in values of charts": {"githubConfigSecret": "github-app", "existingSecret": "grafana-admin"},
    "names of Secrets, of a database": {"serverCASecret": "platform-server", "serverTLSSecret": "platform-server"},
    "names of Secrets, of a project": {"models_secret": "models", "prediction_log_secret": "prediction-log"},
    "empty": {"password": ""},
}


@pytest.mark.parametrize("inputs", HARMLESS.values(), ids=list(HARMLESS))
def test_what_only_looks_like_a_secret_is_left_alone(inputs: dict[str, Any]) -> None:
    """Names of secrets, references and secrets that are marked are fine."""
    assert [] == list(plain_secrets(sketch({"acme:index:Thing x": inputs}).resources[0]))
