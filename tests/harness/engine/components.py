"""Small components for questions that no component of ours should have to answer."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, kms


class Depot(pulumi.ComponentResource):
    """A key and a log group."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("test:small:Depot", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.key = kms.Key(f"{name}-key", description="of a depot", enable_key_rotation=True, opts=child)
        self.group = cloudwatch.LogGroup(f"{name}-log", name="/depot", retention_in_days=30, opts=child)
        self.register_outputs({})
