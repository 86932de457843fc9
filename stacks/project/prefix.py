"""Where in a bucket something is, as rights name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prefix:
    """The objects below one address of a bucket."""

    partition: str
    """First part of ARNs: `aws`."""
    uri: str
    """`s3://acme-dev-artifacts/churn`, no trailing slash."""

    def below(self, path: str) -> Prefix:
        """Return a part of it."""
        return Prefix(self.partition, f"{self.uri}/{path}")

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.uri.removeprefix("s3://").partition("/")[0]

    @property
    def key(self) -> str:
        """Key of the object at the address."""
        return self.uri.removeprefix("s3://").partition("/")[2]

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def arn(self) -> str:
        """ARN of the object at the address."""
        return f"{self.bucket_arn}/{self.key}"

    @property
    def objects(self) -> str:
        """ARN of every object below it."""
        return f"{self.arn}/*" if self.key else f"{self.bucket_arn}/*"

    @property
    def listing(self) -> str:
        """What lists ask for, and what S3 takes for asked where an object is missing."""
        return f"{self.key}/*" if self.key else "*"
