"""Contracts as the stacks of clusters without a cloud write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.model_deployer.contract import namespace_of
from tests.harness.documents import contract_document

if TYPE_CHECKING:
    from tests.harness.api_server import Standin

HOME = namespace_of("toy")
TRACKER = "mlflow/mlflow-projects"


def kubernetes_document(cluster: Standin, environment: str = "dev", /, **changes: Any) -> dict[str, Any]:
    """Return the contract of the project `toy` in a cluster; None as a change removes a field."""
    document = contract_document(environment, account=None, region=None, roles=None)
    host, uri = f"toy.{environment}.ml.acme.example", f"s3://acme-{environment}-artifacts"
    document |= {
        "contract_version": "1.2",
        "artifact_store": {
            "flavor": "s3",
            "uri": uri,
            "endpoint": f"https://s3.{environment}.ml.acme.example",
            "region": "us-east-1",
        },
        "experiment_tracker": {
            "flavor": "mlflow",
            "tracking_uri": f"https://mlflow.{environment}.ml.acme.example",
            "version": "3.17",
            "credentials_secret": f"kubernetes:///{TRACKER}",
        },
        "model_deployer": {
            "flavor": "kubernetes",
            "uri": f"https://{host}",
            "cluster_name": f"acme-{environment}",
            **cluster.place,
            "cluster_identifier": "0f5d7a52-6f0e-4d0b-9c39-7d1f6f5c2a41",
            "audience": f"stackwright-acme-{environment}",
            "namespace": HOME,
            "service_account": "models",
            "models_secret": "models",
            "storage_secret": f"kubernetes:///{HOME}/storage",
            "promotion_secret": f"kubernetes:///{HOME}/storage-promotion",
            "gateway": "gateway/main",
            "host": host,
            "port": 8080,
            "min_replicas": 1,
            "max_replicas": 3,
        },
        "monitoring": {
            "flavor": "s3",
            "predictions_uri": f"{uri}/toy/predictions",
            "labels_uri": f"{uri}/toy/labels",
        },
        "data_remote": {"uri": f"{uri}/toy/data"},
        "signing_key": {
            "public_key": document["signing_key"]["public_key"],
            "private_key_uri": f"kubernetes:///{HOME}/signing#private.pem",
        },
    }
    return {name: value for name, value in (document | changes).items() if value is not None}


def storage_user(name: str) -> dict[str, str]:
    """Return the keys of a user of the store, with an address that only pods reach."""
    return {
        "AWS_ACCESS_KEY_ID": name,
        "AWS_SECRET_ACCESS_KEY": f"key of {name}",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REGION": "eu-somewhere-1",
    }
