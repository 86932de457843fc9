"""What the first `pulumi up` needs in a cluster without a cloud: who GitHub's jobs are, and one right.

The API server reads whose job asks from GitHub's own token, by an authentication configuration; no key is stored
anywhere. The state is wherever `pulumi login` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from components.base import Document, Place
from components.ci_identity.groups import GROUPS, USERNAME, audience, deploy_group, owners_rule
from components.errors import UserError
from stacks.stack_file import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipelines.hosts.github import Repository

KIND = "kind-"
"""What contexts of kind begin with."""
MOUNTED = "/etc/kubernetes/stackwright"
"""Where the configuration lies on a machine of kind, and in the pod of its API server."""


@dataclass(frozen=True)
class Issuer:
    """Who signs the tokens of jobs."""

    url: str = "https://token.actions.githubusercontent.com"
    """As in the tokens; its keys are found below it."""
    certificate_authority: str | None = None
    """PEM of what proves its address; none where every machine knows it."""


class NamedCluster(Document):
    """A cluster by its name; what else is said of it does not matter yet."""

    name: str
    """Context of the kubeconfig."""
    audience: str | None = None
    """Whom tokens are for."""


class ClusterNeeds(Place):
    """What a stack file has to say before a cluster can be prepared: the rest may still be missing."""

    cluster: NamedCluster
    """The cluster, which may not be there yet."""


def cluster_needs(value: Any, where: str) -> ClusterNeeds:
    """Read what a stack file says of an environment's cluster, or name every problem."""
    needs = checked(_needed(value), ClusterNeeds, where, lambda _: ())
    if needs.cluster.audience is None:
        told = f"jobs sign in by it; write `{audience(needs.organization, needs.environment)}`"
        raise UserError(f"{where}: cluster.audience: missing; {told}")
    return needs


def _needed(value: Any) -> dict[str, Any]:
    """Return what is needed of all that a stack file says."""
    found = _chosen(value, ClusterNeeds)
    if "cluster" in found:
        found["cluster"] = _chosen(found["cluster"], NamedCluster)
    return found


def _chosen(value: Any, model: type[Document]) -> dict[str, Any]:
    said = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return {name: said[name] for name in model.model_fields if name in said}


def issuer_of(url: str | None, certificates: Path | None) -> Issuer:
    """Return the issuer at an address, GitHub's by default.

    Args:
        url: As in its tokens.
        certificates: PEM file of what proves its address, where machines do not know it.
    """
    known = Issuer()
    try:
        pem = certificates.read_text("ascii") if certificates else None
    except (OSError, ValueError) as error:
        raise UserError(f"{certificates}: cannot be read as PEM: {error}") from error
    return Issuer(url or known.url, pem)


def authentication(audience: str, owner_ids: Sequence[int], issuer: Issuer | None = None) -> dict[str, Any]:
    """Return the authentication configuration of an API server (1.34 or newer) that takes tokens of GitHub's jobs.

    Args:
        audience: Whom the tokens are for: no token for anybody else is taken.
        owner_ids: Owners whose repositories' jobs are taken.
        issuer: GitHub by default.
    """
    signer = issuer or Issuer()
    where: dict[str, Any] = {"url": signer.url, "audiences": [audience]}
    if signer.certificate_authority:
        where["certificateAuthority"] = signer.certificate_authority
    ours = {"expression": owners_rule(tuple(owner_ids)), "message": "the job is of another owner's repository"}
    mapped = {"username": {"expression": USERNAME}, "groups": {"expression": GROUPS}}
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [{"issuer": where, "claimValidationRules": [ours], "claimMappings": mapped}],
    }


def first_right(place: Place, platform: Repository) -> dict[str, Any]:
    """Return what lets the jobs of the platform's repository run `pulumi up`: those of this environment and its branch.

    They make namespaces, definitions of resources, webhooks, and roles for everybody else. Whoever may give every right
    has every right, so it is the role that says so.
    """
    group = deploy_group(platform.owner_id, platform.repository_id, place.environment, platform.default_branch)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{place.prefix}-apply"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }


def kind_cluster(name: str) -> dict[str, Any]:
    """Return the cluster of kind whose API server reads `authentication.yaml`, which lies beside it.

    kind patches the configuration of kubeadm in the version that the release of Kubernetes has: arguments are a mapping
    in v1beta3 and a list in v1beta4, from 1.36 on; a patch of another version is left alone.
    """
    import yaml

    flag, file = "authentication-config", f"{MOUNTED}/authentication.yaml"
    arguments = {"v1beta3": {flag: file}, "v1beta4": [{"name": flag, "value": file}]}
    volume = {"name": "stackwright", "hostPath": MOUNTED, "mountPath": MOUNTED, "readOnly": True}
    patches = [
        {
            "apiVersion": f"kubeadm.k8s.io/{version}",
            "kind": "ClusterConfiguration",
            "apiServer": {
                "extraArgs": said,
                "extraVolumes": [{**volume, "pathType": "Directory"}],
            },
        }
        for version, said in arguments.items()
    ]
    mount = {"hostPath": "./authentication.yaml", "containerPath": file, "readOnly": True}
    return {
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "kind": "Cluster",
        "name": name.removeprefix(KIND),
        "nodes": [
            {
                "role": "control-plane",
                "extraMounts": [mount],
                "kubeadmConfigPatches": [yaml.safe_dump(patch, sort_keys=False) for patch in patches],
            }
        ],
    }


def documents(
    needs: ClusterNeeds, platform: Repository, owner_ids: Sequence[int] = (), issuer: Issuer | None = None
) -> Mapping[str, str]:
    """Return the files that prepare a cluster, by name; the same input gives the same bytes.

    Args:
        needs: What the stack file says.
        platform: The repository whose jobs apply the environment; its owner's repositories may all be projects.
        owner_ids: More owners whose repositories may be projects.
        issuer: Who signs tokens; GitHub by default.
    """
    name, taken = needs.cluster.name, needs.cluster.audience or ""
    found: dict[str, tuple[str, Any]] = {
        "authentication.yaml": (AUTHENTICATION, authentication(taken, [platform.owner_id, *owner_ids], issuer)),
        "rbac.yaml": (RBAC, first_right(needs, platform)),
    }
    if name.startswith(KIND):
        found["kind.yaml"] = (CLUSTER_OF_KIND, kind_cluster(name))
    said = {"name": name, "repository": platform.full_name}
    return {file: head.format(**said) + _yaml(value) for file, (head, value) in found.items()}


AUTHENTICATION = """\
# Who the jobs of GitHub are for the API server of `{name}`. Give it this file by
#   kube-apiserver --authentication-config=FILE
# in place of all of its flags --oidc-*; when the file changes, it is read again. Where the API server has such a file
# already, add the item of `jwt` to that.
#   kubeadm  apiServer.extraArgs and apiServer.extraVolumes of its ClusterConfiguration
#   k3s      kube-apiserver-arg: ["authentication-config=FILE"] in /etc/rancher/k3s/config.yaml
#   RKE2     the same in /etc/rancher/rke2/config.yaml, and kube-apiserver-extra-mount: ["FILE:FILE"]
#   Talos    its KubeAuthenticationConfig document (before 1.15: cluster.apiServer, extraArgs and extraVolumes)
# A cluster whose API server takes no such file has jobs that sign in by its own kubeconfig only.
"""
RBAC = """\
# The jobs of {repository} that apply this environment; give it to the cluster once, as its administrator:
#   kubectl --context {name} apply --server-side -f FILE
"""
CLUSTER_OF_KIND = """\
# A cluster on this machine; in the folder of this file:
#   kind create cluster --config kind.yaml
"""


def _yaml(value: object) -> str:
    import yaml

    return yaml.dump(value, Dumper=_dumper(), sort_keys=False, width=1000)


def _dumper() -> type:
    """Return a dumper that writes text of several lines as it reads."""
    import yaml

    class Readable(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

    def text(dumper: Any, value: str) -> yaml.Node:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Readable.add_representer(str, text)
    return Readable
