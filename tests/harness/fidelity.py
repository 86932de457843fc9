"""docs/fidelity.md, from the plugins' own tables: `python -m tests.harness.fidelity`."""

from __future__ import annotations

from pathlib import Path

from pipelines.plan.kubernetes_types import FIXED
from tests.harness.aws_plugin.kept import KEPT
from tests.harness.aws_plugin.table import LIVE
from tests.harness.kubernetes_plugin.custom import UNCHECKED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"


def page() -> str:
    """Return the page."""
    live = [f"| `aws:{type_}` | live | |" for type_ in sorted(LIVE)]
    kept = [f"| `aws:{type_}` | kept | {KEPT[type_].why} |" for type_ in sorted(KEPT)]
    fixed = [f"| `{kind}` | {_code(fields) or 'none'} |" for kind, fields in sorted(FIXED.items())]
    unchecked = [f"- `{kind}`: {why}" for kind, why in sorted(UNCHECKED.items())] or ["None at present."]
    return "\n".join([_HEAD, *live, *kept, _KUBERNETES, *unchecked, _FIXED, *fixed, ""])


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

Every object of every kind is recorded, not run. What is checked before that:

- every property, to any depth, is one of the `pulumi_kubernetes` class, and plain values have its type;
- a custom resource is what its project's published schema says, where the schemas lie beside the checkout;
- its namespace exists, its name is free, and a kind that no namespace holds has none;
- a Helm release says its chart, its version and its values;
- the kubeconfig is that of a cluster that exists.

Whatever would be waited for is there at once: Jobs succeed, replicas are ready, Ingresses and load balancers have a
host name. Objects go with their cluster.

Custom resources that are not checked, since nobody publishes their schema:
"""

_FIXED = """
A change of one of these fields replaces the object; kinds that are not listed are changed in place.

| kind | fields |
|---|---|"""

if __name__ == "__main__":
    PAGE.write_text(page())
