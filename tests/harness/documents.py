"""Documents as the stacks of AWS write them."""

from __future__ import annotations

from typing import Any

PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkyFNmbsN/W2FiPcXtEWlO1Iu+/uN
cL23ycbnRuRRdiEJKb0bQ/UrLV2jWbH6OSGMvSn6RIruUJUgoBN+e8H0LQ==
-----END PUBLIC KEY-----
"""
"""Of a key that nobody has."""
ACCOUNT = "123456789012"
REGION = "eu-west-1"
SOURCES = {"dev": None, "staging": "dev", "prod": "staging"}


def contract_document(environment: str = "dev", /, project: str = "toy", **changes: Any) -> dict[str, Any]:
    """Return the contract of a project's stack; None as a change removes a field."""
    bucket = f"acme-{environment}-artifacts-{ACCOUNT}"
    role = f"arn:aws:iam::{ACCOUNT}:role/acme-{environment}-{project}"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"
    host = f"{project}.{environment}.ml.acme.example"
    document: dict[str, Any] = {
        "contract_version": "1.1",
        "project": project,
        "environment": environment,
        "tier": environment,
        "promotes_from": SOURCES[environment],
        "account": ACCOUNT,
        "region": REGION,
        "runs_on": "ubuntu-24.04",
        "roles": {"deploy": f"{role}-deploy", "plan": f"{role}-plan", "promotion": f"{role}-promotion"},
        "artifact_store": {"flavor": "s3", "uri": f"s3://{bucket}", "encryption_key": f"{key}/artifacts"},
        "experiment_tracker": {
            "flavor": "mlflow",
            "tracking_uri": f"https://mlflow.{environment}.ml.acme.example",
            "version": "3.17",
            "credentials_secret": f"acme-{environment}/{project}/mlflow",
        },
        "model_deployer": {
            "flavor": "kubernetes",
            "uri": f"https://{host}",
            "cluster_name": f"acme-{environment}",
            "cluster_endpoint": "https://0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com",
            "certificate_authority": "LS0tLS1CRUdJTg==",
            "cluster_identifier": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/acme-{environment}",
            "namespace": project,
            "service_account": "model",
            "port": 8080,
            "class_name": "alb",
            "host": host,
            "min_replicas": 1,
            "max_replicas": 3,
        },
        "monitoring": {
            "flavor": "s3",
            "predictions_uri": f"s3://{bucket}/{project}/predictions",
            "labels_uri": f"s3://{bucket}/{project}/labels",
        },
        "data_remote": {"uri": f"s3://{bucket}/{project}/data"},
        "signing_key": {"public_key": PUBLIC_KEY, "private_key_uri": f"awskms:///{key}/signing"},
    }
    return {name: value for name, value in (document | changes).items() if value is not None}


def platform_document(environment: str = "dev", /, **changes: Any) -> dict[str, Any]:
    """Return the output `platform` of an environment's stack; None as a change removes a field."""
    document: dict[str, Any] = {
        "platform_version": "1.0",
        "organization": "acme",
        "environment": environment,
        "tier": environment,
        "account": ACCOUNT,
        "region": REGION,
        "promotes_from": SOURCES[environment],
        "network": {
            "vpc_id": "vpc-1",
            "cidr": "10.0.0.0/16",
            "private_subnet_ids": {"euw1-az1": "subnet-1"},
            "isolated_subnet_ids": {"euw1-az1": "subnet-2"},
        },
        "runners": {"runs_on": "ubuntu-24.04"},
        "cluster": {
            "name": f"acme-{environment}",
            "endpoint": "https://0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com",
            "certificate_authority": "LS0tLS1CRUdJTg==",
            "identifier": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/acme-{environment}",
            "version": "1.34",
        },
        "node_pools": {"system": {"labels": {"stackwright/pool": "system"}}},
        "ingress": {"class_name": "alb", "domain": f"{environment}.ml.acme.example"},
        "artifact_store": {"flavor": "s3", "uri": f"s3://acme-{environment}-artifacts-{ACCOUNT}"},
        "container_registry": {"flavor": "ecr", "uri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/acme-{environment}"},
        "experiment_tracker": {"tracking_uri": f"https://mlflow.{environment}.ml.acme.example"},
        "secrets": {"flavor": "aws_secrets_manager", "prefix": f"acme-{environment}/"},
        "alerts": {"flavor": "sns", "channel": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-{environment}-alerts"},
    }
    return {name: value for name, value in (document | changes).items() if value is not None}
