"""docs/fidelity.md, from the plugins' own tables: `python -m tests.harness.fidelity`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipelines.plan.kubernetes_types import FIXED
from tests.harness.aws_plugin.kept import KEPT
from tests.harness.aws_plugin.table import LIVE
from tests.harness.kubernetes_plugin.custom import UNCHECKED
from tests.harness.kubernetes_plugin.readiness import CHECKS
from tests.harness.random_plugin.provider import ROWS as RANDOM
from tests.harness.tls_plugin.provider import ROWS as TLS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"


def page() -> str:
    """Return the page."""
    live = [f"| `aws:{type_}` | live | |" for type_ in sorted(LIVE)]
    kept = [f"| `aws:{type_}` | kept | {KEPT[type_].why} |" for type_ in sorted(KEPT)]
    fixed = [f"| `{kind}` | {_code(fields) or 'none'} |" for kind, fields in sorted(FIXED.items())]
    unchecked = [f"- `{kind}`: {why}" for kind, why in sorted(UNCHECKED.items())] or ["None at present."]
    ready = [f"| `{kind}` | {(check.__doc__ or '').rstrip('.')} |" for (_, kind), check in sorted(CHECKS.items())]
    values = [_value(type_, row.missing) for type_, row in sorted({**RANDOM, **TLS}.items())]
    return "\n".join(
        [_HEAD, *live, *kept, _KUBERNETES, *ready, _RELEASES, *unchecked, _FIXED, *fixed, _VALUES, *values, ""]
    )


def _value(type_: str, missing: Mapping[str, str]) -> str:
    lacks = "; ".join(f"`{name}`: {why}" for name, why in missing.items())
    return f"| `{type_}` | {lacks} |"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_HEAD = """# What the provider stand-ins do

Tests run the real Pulumi engine against provider plugins of ours. This page says what a green test means; it is
generated from the plugins' own tables, and a test holds it fresh.

A green engine test means: the engine took the program, in this order and with these references; up again changes
nothing; a failure can be resumed; a destroy leaves nothing in the stand-ins. It does not mean that AWS would take it.
Nothing here shows quotas, eventual consistency, prices, the time that AWS takes, whether a principal that a policy
names exists, what a Helm chart renders, or whether a container starts.

## AWS

- **live**: really made, read, changed and deleted by boto3 in [moto](https://docs.getmoto.org), which checks
  references, names and policy documents. An input that the stand-in would not act on fails.
- **kept**: checked and kept in a file. It shows order, references and change, and nothing of how AWS behaves.
- any other type fails.

Every input of every type, to any depth, is held against the `pulumi_aws` class, and against CloudFormation's schema
where the type is mapped to one. Whether a change replaces is what those schemas say.

| type | how | what moto lacks |
|---|---|---|"""

_KUBERNETES = """
## Kubernetes

What is checked before anything is made:

- every property, to any depth, is one of the `pulumi_kubernetes` class, and plain values have its type;
- a custom resource is what its project's published schema says, where the schemas lie beside the checkout;
- a kind that no namespace holds has none;
- a Helm release says its chart, its version and its values;
- the kubeconfig is that of a cluster that exists.

Then objects go to a real control plane, where the kubeconfig leads to one (tests with the marker `cluster`), and are
recorded otherwise.

**Recorded**: namespaces exist and names are free; whatever would be waited for is there at once: Jobs succeed,
replicas are ready, Ingresses and load balancers have a host name. Objects go with their cluster.

**On the control plane**: API server, controllers and scheduler are the real ones; kwok plays kubelets, clouds and
operators. So schemas, defaults, admission, RBAC, quotas, ownership of fields, garbage collection, scheduling and
service accounts are real. No container runs, no probe is asked, no packet flows, network policies hold nobody up, and
volumes, load balancers and certificates are there as soon as somebody asks for them.

Objects are applied server-side with strict validation, each under a field manager of its stack; what exists already is
not taken over; a field of somebody else is a conflict unless `pulumi.com/patchForce` says otherwise. A create asks
first whether the object is there and then applies it, where Pulumi's provider posts it. A preview asks the API server
nothing. An object that does not become ready is kept in the state and waited for again by the next `up`. A deletion
waits until the object has gone. Most kinds get a minute unless `pulumi.com/timeoutSeconds` or `custom_timeouts` say
otherwise; Pulumi's provider gives them ten. `pulumi.com/skipAwait` is honoured, of `pulumi.com/waitFor` only
`condition=<type>`.

| kind | ready when |
|---|---|"""

_RELEASES = """
Any other kind is ready once it is there. A Helm release is the Secret that Helm keeps, without a manifest: nothing
renders a chart, so none of its pods are there. It brings the custom resources and IngressClasses that
`components/charts.yaml` declares, and they stay when it goes. Custom resources become ready as kwok's Stages in
tests/harness/cluster/stages say, or by a condition `Ready`.

Custom resources whose schema nobody publishes; they may say anything:
"""

_FIXED = """
A change of one of these fields replaces the object; kinds that are not listed are changed in place.

| kind | fields |
|---|---|"""

_VALUES = """
## Random values and keys

Really made, and held by the state alone; a refresh finds what the state has. Any other type of these providers fails.

| type | what the stand-in does not have |
|---|---|"""

if __name__ == "__main__":
    PAGE.write_text(page())
