"""The base of every document and spec."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypeVar

from components.docstrings import docstrings

if TYPE_CHECKING:
    from pulumi import Resource
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class Document(BaseModel):
    """A frozen, strict, closed document: nothing is converted, unknown fields are errors, docstrings are reference."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the fields by the docstrings below them."""
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in docstrings(cls).items():
            if name in fields:
                fields[name].setdefault("description", text)
        return schema


@functools.total_ordering
class Tier(enum.Enum):
    """What an environment is for; ordered from the laptop to production."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Tier):
            return NotImplemented
        order = list(Tier)
        return order.index(self) < order.index(other)


class Place(Document):
    """Where a stack is built; the same for all its components."""

    organization: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=12)
    """First part of physical names, at most 12 characters: `acme`."""
    environment: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=12)
    """Second part of physical names, at most 12 characters: `dev`, `prod-eu`."""
    tier: Tier
    """Decides what may be lost: data goes with a `dev` environment, and is protected from `staging` on."""

    @property
    def prefix(self) -> str:
        """What physical names begin with: `acme-dev`, at most 25 characters."""
        return f"{self.organization}-{self.environment}"

    def role_prefix(self, name: str) -> str:
        """Return the first part of the name of a role, to which the provider adds 26 characters of the 64 that fit."""
        return f"{f'{self.prefix}-{name}'[:37].rstrip('-')}-"

    @property
    def disposable(self) -> bool:
        """Whether data goes with the environment: no protection, no recovery window, no final snapshot."""
        return self.tier <= Tier.DEV


class AwsPlace(Place):
    """One region of one AWS account."""

    account: str = Field(pattern=r"^[0-9]{12}$")
    """Twelve digits, quoted: YAML takes them for a number otherwise."""
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    """`eu-west-1`."""
    bounded_roles: bool = True
    """Whether every role carries the boundary `<organization>-<environment>-boundary`. `stackwright bootstrap` makes
    it, and its own role may make no role without it."""

    @property
    def boundary_arn(self) -> str:
        """ARN of the most that any role of the environment may do."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{self.prefix}-boundary"

    @property
    def partition(self) -> str:
        """First part of an ARN: `aws`, `aws-cn` or `aws-us-gov`."""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rsplit("-", 2)[0], "aws")

    @property
    def domain(self) -> str:
        """Last part of the names of its endpoints."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a kind promises to the components that need it: plain values, and the resources they wait for."""

    ready: tuple[Resource, ...] = ()
    """Every resource of the component: a value of one says nothing of the others."""


OutputsT = TypeVar("OutputsT", bound=Outputs, default=Outputs)
"""The outputs of one kind: `Spec[DatabaseOutputs]` is built as a `Component[DatabaseOutputs]`."""


class Spec(Document, Generic[OutputsT]):
    """What a person writes for one flavor: plain values, no secrets, a `flavor` literal beside the fields."""

    one_of: ClassVar[tuple[str, ...]] = ()
    """Fields of which a person gives exactly one."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in self.one_of if getattr(self, name) is not None]
        if self.one_of and len(given) != 1:
            told = f"{' and '.join(given)} are given" if given else "none of them is given"
            raise ValueError(f"give one of {', '.join(self.one_of)}; {told}")
        return self

    @property
    def api_groups(self) -> tuple[str, ...]:
        """API groups that its cluster has to serve, beside those that every cluster serves."""
        return ()
