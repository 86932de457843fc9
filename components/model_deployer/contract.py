"""What every model deployer promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

PROJECT_LABEL = "stackwright/project"
"""Label of the namespace of a project, for the network policies of what projects use; its value is the project."""

MODEL_LABEL = "stackwright/model"
"""Label of what serves a model, its pods and its Service; its value is the model. Pods answer at their port `http`."""

LOG_KEY = "key"
"""Key of the Secret that keys the hashes of the prediction log."""


SecretUri = Annotated[str, Field(pattern=r"^kubernetes:///[a-z0-9-]+/[a-z0-9.-]+$")]
"""A Secret of a cluster: `kubernetes:///<namespace>/<name>`."""


def namespace_of(project: str) -> str:
    """Return the namespace that a project has in a cluster."""
    return f"project-{project}"


class ProcessSection(Document):
    """Models served on this machine: one detached server process a model."""

    flavor: Literal["process"]
    uri: str = Field(pattern=r"^file:///\S+[^/]$")
    """Folder of the endpoints: `<model>.json` says where a model is served and which digest."""


class KubernetesSection(Document):
    """Models served in the namespace that a project has in a cluster."""

    flavor: Literal["kubernetes"]
    uri: str = Field(pattern=r"^https://[^/\s]+$")
    """Address of the endpoints, a model below it by its name: `https://churn.dev.ml.acme.example`."""
    cluster_name: str
    """Name by which tokens are asked for, and of the context in the kubeconfig of people: `acme-dev`."""
    cluster_endpoint: str = Field(pattern=r"^https://[^/\s]+$")
    """Address of the API server."""
    certificate_authority: str = Field(pattern=r"^[A-Za-z0-9+/=]+$")
    """What clients of the API server trust, as base64 of PEM."""
    cluster_identifier: str
    """What stays the same as long as it is this cluster: its ARN, or the uid of its namespace `kube-system`."""
    audience: str | None = None
    """Audience of the tokens by which the project's jobs sign in at the API server; none where tokens come from
    elsewhere (Amazon EKS)."""
    namespace: str
    """Where the project's objects go, and nowhere else."""
    service_account: str
    """As whom served models run: it reads the project's packages and writes its prediction log."""
    models_secret: str | None = None
    """Secret of the namespace whose values served models have in their environment: the keys to the artifact store;
    none where the service account is enough."""
    prediction_log_secret: str | None = None
    """Secret of the namespace whose value `key` keys the hashes of personal columns in the prediction log; none where
    the stack is older than it. Only models that hash a column need it."""
    storage_secret: SecretUri | None = None
    """Where the project's jobs find their keys to the artifact store; none where they need none."""
    promotion_secret: SecretUri | None = None
    """Where the jobs that promote from this environment find keys that read its packages; none where they need none, or
    nothing promotes from here."""
    class_name: str | None = None
    """IngressClass of the project's one `Ingress`; none where routes are those of a gateway."""
    gateway: str | None = Field(default=None, pattern=r"^[a-z0-9.-]+/[a-z0-9.-]+$")
    """Gateway to which the project's one `HTTPRoute` attaches, by namespace and name: `gateway/public`; none where
    routes have a class."""
    host: str
    """Name that the route answers to: `churn.dev.ml.acme.example`."""
    port: int = Field(ge=1, le=65535)
    """Where served models listen; nothing reaches another port of theirs."""
    min_replicas: int = Field(ge=1)
    """Fewest copies of a served model."""
    max_replicas: int = Field(ge=1)
    """Most copies of a served model."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.class_name is None) == (self.gateway is None):
            raise ValueError("needs one of class_name and gateway")
        return self


ModelDeployerSection = Annotated[ProcessSection | KubernetesSection, Field(discriminator="flavor")]
"""How an environment serves models."""


@dataclass(frozen=True, kw_only=True)
class ModelDeployerOutputs(Outputs):
    """What every model deployer of a cluster promises: a place where models run, and the name that leads to them."""

    uri: Output[str]
    """Address of the endpoints, a model below it by its name: `https://churn.dev.ml.acme.example`."""
    cluster_name: Output[str]
    """Name by which tokens are asked for."""
    cluster_endpoint: Output[str]
    """Address of the API server."""
    certificate_authority: Output[str]
    """What clients of the API server trust, as base64 of PEM."""
    cluster_identifier: Output[str]
    """What stays the same as long as it is this cluster."""
    audience: Output[str | None]
    """Audience of the tokens by which jobs sign in at the API server; none where tokens come from elsewhere."""
    namespace: Output[str]
    """Where the project's objects go, and nowhere else."""
    service_account: Output[str]
    """As whom served models run: it reads the project's packages and writes its prediction log."""
    models_secret: Output[str | None]
    """Secret of the namespace whose values served models have in their environment; none where they need none."""
    prediction_log_secret: Output[str]
    """Secret of the namespace whose value `key` keys the hashes of personal columns in the prediction log."""
    class_name: Output[str | None]
    """IngressClass of the project's one `Ingress`; none where routes are those of a gateway."""
    gateway: Output[str | None]
    """Gateway to which the project's one `HTTPRoute` attaches; none where routes have a class."""
    host: Output[str]
    """Name that the route answers to."""
    port: Output[int]
    """Where served models listen; nothing reaches another port of theirs."""
    min_replicas: Output[int]
    """Fewest copies of a served model."""
    max_replicas: Output[int]
    """Most copies of a served model."""


class Quota(Document):
    """The most that all pods of a project may ask for together."""

    cpu: int = Field(default=8, ge=1, le=10_000)
    """Cores."""
    memory_gib: int = Field(default=32, ge=1, le=100_000)
    """GiB of memory."""
    gpus: int = Field(default=0, ge=0, le=1000)
    """GPUs (`nvidia.com/gpu`)."""
    storage_gib: int = Field(default=0, ge=0, le=100_000)
    """GiB of persistent volumes; none by default, for served models keep nothing."""
    pods: int = Field(default=30, ge=1, le=10_000)
    """Pods; during an update a model has its new copies beside the old ones."""


class KubernetesSpec(Spec[ModelDeployerOutputs]):
    """A namespace of a project's own, with all that a served model needs and nothing of other projects."""

    flavor: Literal["kubernetes"] = "kubernetes"
    quota: Quota = Field(default=Quota(), examples=[{"cpu": 16, "memory_gib": 64, "gpus": 1}])
    """The most that all pods of the project may ask for together."""
    min_replicas: int = Field(default=1, ge=1, le=1000, examples=[2])
    """Fewest copies of a served model; two or more stay available while a node is replaced."""
    max_replicas: int = Field(default=3, ge=1, le=1000, examples=[6])
    """Most copies of a served model, when its load asks for them."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas is below min_replicas ({self.max_replicas} < {self.min_replicas})")
        return self


ModelDeployerSpec = KubernetesSpec
"""A model deployer of any flavor that is built; `process` is a folder on one machine."""
