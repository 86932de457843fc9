"""What the roles of a project may do: what is its own, what it is let read, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacks.project.prefix import Prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input

    from stacks.platform import Platform
    from stacks.project.spec import DataSet, ProjectSpec

Statement = Mapping[str, Any]

PULL = ("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer")
PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """ARNs of what a project has to itself."""

    signing_key: Input[str]
    """Attests packages."""
    repository: Input[str] | None
    """Holds images; none where the registry is not in this account."""
    secret: Input[str] | None
    """Holds what the jobs sign in to the experiment tracker with; none where nobody signs in."""


class Rights:
    """The statements of each role of one project."""

    def __init__(self, spec: ProjectSpec, platform: Platform, own: Belongings) -> None:
        self._platform, self._own = platform, own
        self._store = Prefix(platform.partition, platform.artifact_store.uri)
        self._home = self._store.below(spec.project)
        self._reads = {name: (self._source(name, data), data) for name, data in sorted(spec.reads.items())}

    def deploy(self) -> list[Statement]:
        """Everything of its own but the contract, and the data sets that it reads."""
        contract = self._home.below("contract.json")
        changes = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        return [
            _allow("UseOwnObjects", changes, [self._home.objects]),
            _deny("KeepContract", ["s3:DeleteObject", "s3:PutObject"], [contract.arn]),
            *_lists("ListOwnObjects", [self._home]),
            *self._key("UseStoreKey", "s3", self._platform.artifact_store.encryption_key, writes=True),
            *self._images(PULL + PUSH),
            _allow("Attest", ["kms:GetPublicKey", "kms:Sign"], [self._own.signing_key]),
            _allow("FindCluster", ["eks:DescribeCluster"], [self._platform.cluster.identifier]),
            *self._sign_in(),
            _allow("Alert", ["sns:Publish"], [self._platform.alerts.channel]),
            *self._key("EncryptAlerts", "sns", self._platform.alerts.encryption_key, writes=True),
            *self._data_sets(),
        ]

    def plan(self) -> list[Statement]:
        """The contract, packages and images: what a pull request is checked against."""
        return [
            _allow("ReadContract", ["s3:GetObject"], [self._home.below("contract.json").arn]),
            *self.promotion(),
        ]

    def promotion(self) -> list[Statement]:
        """Packages with their attestations, and images."""
        packages = self._home.below("models")
        return [
            _allow("ReadPackages", ["s3:GetObject"], [packages.objects]),
            *_lists("ListPackages", [packages]),
            *self._key("ReadStoreKey", "s3", self._platform.artifact_store.encryption_key),
            *self._images(PULL),
        ]

    def _source(self, name: str, data: DataSet) -> Prefix:
        if data.uri:
            return Prefix(self._platform.partition, data.uri)
        return self._store.below(f"{data.published_by}/published/{name}")

    def _data_sets(self) -> list[Statement]:
        """Data of others; that of the artifact store has the store's key, which the role has rights on."""
        sources = [source for source, _ in self._reads.values()]
        keys = sorted({data.encryption_key for _, data in self._reads.values() if data.encryption_key})
        if not sources:
            return []
        found = [_allow("ReadDataSets", ["s3:GetObject"], sorted(source.objects for source in sources))]
        for number, bucket in enumerate(sorted({source.bucket for source in sources}), start=1):
            found += _lists(f"ListDataSets{number}", [source for source in sources if source.bucket == bucket])
        return [*found, *[_allow("ReadDataSetKeys", ["kms:Decrypt"], keys) for _ in keys[:1]]]

    def _images(self, actions: Sequence[str]) -> list[Statement]:
        if self._own.repository is None:
            return []
        return [
            _allow("SignInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
            _allow("UseOwnImages", sorted(actions), [self._own.repository]),
        ]

    def _sign_in(self) -> list[Statement]:
        if self._own.secret is None:
            return []
        return [
            _allow("SignInToTracker", ["secretsmanager:GetSecretValue"], [self._own.secret]),
            *self._key("ReadSecretKey", "secretsmanager", self._platform.secrets.encryption_key),
        ]

    def _key(self, sid: str, service: str, key: str | None, *, writes: bool = False) -> list[Statement]:
        """Return rights on a key, through one service only."""
        if key is None:
            return []
        actions = ["kms:Decrypt", "kms:GenerateDataKey"] if writes else ["kms:Decrypt"]
        through = f"{service}.{self._platform.region}.{self._platform.domain}"
        return [{**_allow(sid, actions, [key]), "Condition": {"StringEquals": {"kms:ViaService": through}}}]


def _allow(sid: str, actions: Sequence[str], resources: Sequence[Input[str]]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}


def _deny(sid: str, actions: Sequence[str], resources: Sequence[Input[str]]) -> dict[str, Any]:
    return {**_allow(sid, actions, resources), "Effect": "Deny"}


def _lists(sid: str, prefixes: Sequence[Prefix]) -> list[Statement]:
    """Let list prefixes of one bucket; without this S3 says of an object that is not there that access is denied."""
    asked = sorted(prefix.listing for prefix in prefixes)
    found = _allow(sid, ["s3:ListBucket"], [prefixes[0].bucket_arn])
    return [{**found, "Condition": {"StringLike": {"s3:prefix": asked}}}]
