"""How long physical names may be, and what they may be made of."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """What one property of one type may be."""

    property: str
    """Input that holds the physical name; `metadata.name` inside of another one."""
    longest: int
    """Characters at most."""
    allowed: str = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
    """Regular expression that a whole name matches."""
    room: int = 0
    """Characters that the provider adds."""

    def refuses(self, name: str) -> str | None:
        """Say what is wrong with a name, or nothing."""
        if len(name) + self.room > self.longest:
            return f"`{name}` is {len(name) + self.room} characters long; at most {self.longest}"
        return None if re.fullmatch(self.allowed, name) else f"`{name}` does not match {self.allowed}"


PREFIX_ROOM = 26
"""What the provider adds to a name prefix: a time and a counter."""

LIMITS: dict[str, tuple[Limit, ...]] = {
    "aws:budgets/budget:Budget": (Limit("namePrefix", 100, room=PREFIX_ROOM),),
    "aws:cloudwatch/logGroup:LogGroup": (
        Limit("name", 512, r"[A-Za-z0-9_/.#-]+"),
        Limit("namePrefix", 512, r"[A-Za-z0-9_/.#-]+", room=PREFIX_ROOM),
    ),
    "aws:codebuild/project:Project": (Limit("name", 150),),
    "aws:ec2/launchTemplate:LaunchTemplate": (Limit("namePrefix", 128, r"[A-Za-z0-9().\-/_]+", room=PREFIX_ROOM),),
    "aws:ec2/securityGroup:SecurityGroup": (Limit("namePrefix", 255, room=PREFIX_ROOM),),
    "aws:ecr/repository:Repository": (Limit("name", 256, r"[a-z0-9]+([._/-][a-z0-9]+)*"),),
    "aws:eks/cluster:Cluster": (Limit("name", 100),),
    "aws:eks/nodeGroup:NodeGroup": (Limit("nodeGroupNamePrefix", 63, room=PREFIX_ROOM), Limit("nodeGroupName", 63)),
    "aws:iam/policy:Policy": (Limit("name", 128), Limit("namePrefix", 128, room=PREFIX_ROOM)),
    "aws:iam/role:Role": (Limit("name", 64), Limit("namePrefix", 64, room=PREFIX_ROOM)),
    "aws:kms/alias:Alias": (Limit("name", 256, r"alias/[A-Za-z0-9/_-]+"),),
    "aws:rds/instance:Instance": (Limit("identifier", 63), Limit("identifierPrefix", 63, room=PREFIX_ROOM)),
    "aws:rds/parameterGroup:ParameterGroup": (Limit("name", 255), Limit("namePrefix", 255, room=PREFIX_ROOM)),
    "aws:rds/subnetGroup:SubnetGroup": (Limit("name", 255), Limit("namePrefix", 255, room=PREFIX_ROOM)),
    "aws:s3/bucket:Bucket": (
        Limit("bucket", 63, r"[a-z0-9][a-z0-9-]*[a-z0-9]"),
        Limit("bucketPrefix", 63, r"[a-z0-9][a-z0-9-]*", room=PREFIX_ROOM),
    ),
    "aws:secretsmanager/secret:Secret": (
        Limit("name", 512, r"[A-Za-z0-9/_+=.@-]+"),
        Limit("namePrefix", 512, r"[A-Za-z0-9/_+=.@-]+", room=PREFIX_ROOM),
    ),
    "aws:sns/topic:Topic": (Limit("name", 256), Limit("namePrefix", 256, room=PREFIX_ROOM)),
    "aws:sqs/queue:Queue": (Limit("name", 80), Limit("namePrefix", 80, room=PREFIX_ROOM)),
    "kubernetes:helm.sh/v3:Release": (Limit("name", 53, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"),),
}
"""Type -> its names. Sources: the API references of the services, July 2026."""

OBJECT = Limit("metadata.name", 63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""What every object of Kubernetes may be called: a label of DNS
(kubernetes.io/docs/concepts/overview/working-with-objects/names)."""

OBJECTS: dict[str, Limit] = {
    "apiextensions.k8s.io": Limit("metadata.name", 253, r"[a-z0-9][a-z0-9.-]*[a-z0-9]"),
    "rbac.authorization.k8s.io": Limit("metadata.name", 253, r"[^/%]+"),
}
"""Group of Kubernetes -> what its objects may be called instead."""


def limits_of(type_: str) -> tuple[Limit, ...]:
    """Return the limits of a type's physical names; none where nothing is known."""
    package, _, rest = type_.partition(":")
    if package == "kubernetes" and type_ not in LIMITS:
        return (OBJECTS.get(rest.partition("/")[0], OBJECT),)
    return LIMITS.get(type_, ())


STATEFUL: dict[str, tuple[str, object]] = {
    "aws:ecr/repository:Repository": ("forceDelete", True),
    "aws:eks/cluster:Cluster": ("deletionProtection", False),
    "aws:kms/key:Key": ("deletionWindowInDays", 7),
    "aws:rds/instance:Instance": ("skipFinalSnapshot", True),
    "aws:s3/bucket:Bucket": ("forceDestroy", True),
    "aws:secretsmanager/secret:Secret": ("recoveryWindowInDays", 0),
}
"""Type that holds data -> the input, and its value, that lets the data go."""
