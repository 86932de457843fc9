"""What the API server refuses in a project's namespace, beside what nobody has a right to do there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi_kubernetes import meta
from pulumi_kubernetes.admissionregistration import v1 as admission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input, Output

    from components.base import OutputsT
    from components.component import Component

_ALB = "alb.ingress.kubernetes.io/"

ANNOTATIONS = ("backend-protocol-version", "success-codes", "target-type")
"""What a route may say to the load balancer, beside `healthcheck-…`; the rest would reach beyond its own rule."""


@dataclass(frozen=True)
class Rule:
    """What objects of one kind have to be."""

    group: str
    """API group of the kind."""
    resource: str
    """Its name in the API: `deployments`."""
    validations: Sequence[admission.ValidationArgs]
    """Expressions (CEL) that have to be true, and what is said when they are not."""


def workloads(repository: Output[str]) -> Rule:
    """Return the rule that containers run images of one repository, by digest, and push nobody else off a node."""
    pod = "object.spec.template.spec"
    told = repository.apply(lambda found: f"images must be `{found}@sha256:…`: the project's own, by digest")
    validations = [
        _must(repository.apply(partial(_each_image, path)), told)
        for path in (f"{pod}.containers", f"{pod}.initContainers")
    ]
    modest = _must(f"!has({pod}.priorityClassName)", "priorityClassName is not for projects")
    return Rule("apps", "deployments", [*validations, modest])


def _each_image(path: str, repository: str) -> str:
    return f"!has({path}) || {path}.all(container, container.image.startsWith('{repository}@sha256:'))"


def routes(host: Output[str], class_name: Output[str]) -> Rule:
    """Return the rule that routes are for one host of one class, and change nothing of the load balancer."""
    spec, known = "object.spec.ingressClassName", ", ".join(ANNOTATIONS)
    ours = class_name.apply(lambda name: f"has({spec}) && {spec} == '{name}'")
    validations = [
        _must(ours, class_name.apply(lambda name: f"ingressClassName must be `{name}`")),
        _must(
            host.apply(_only_host), host.apply(lambda name: f"routes must be for `{name}`, without a default backend")
        ),
        _must(_annotations(), f"of `{_ALB}` a project may say healthcheck-…, {known}"),
    ]
    return Rule("networking.k8s.io", "ingresses", validations)


def _only_host(host: str) -> str:
    rules = f"has(object.spec.rules) && object.spec.rules.all(rule, has(rule.host) && rule.host == '{host}')"
    names = f"entry, has(entry.hosts) && entry.hosts.all(name, name == '{host}')"
    return f"!has(object.spec.defaultBackend) && {rules} && (!has(object.spec.tls) || object.spec.tls.all({names}))"


def _annotations() -> str:
    known = ", ".join(f"'{_ALB}{name}'" for name in ANNOTATIONS)
    ours = f"!key.startsWith('{_ALB}') || key.startsWith('{_ALB}healthcheck-') || key in [{known}]"
    fine = f"key != 'kubernetes.io/ingress.class' && ({ours})"
    return f"!has(object.metadata.annotations) || object.metadata.annotations.all(key, {fine})"


def services() -> Rule:
    """Return the rule that services are inside the cluster, and take no address that belongs to something else."""
    inside = "!has(object.spec.type) || object.spec.type == 'ClusterIP'"
    validations = [
        _must(inside, "type must be `ClusterIP`; routes lead to it"),
        _must("!has(object.spec.externalIPs)", "externalIPs would take the traffic of others"),
    ]
    return Rule("", "services", validations)


def admit(owner: Component[OutputsT], name: str, namespace: str, policy: str, rule: Rule) -> None:
    """Refuse what breaks a rule in a namespace.

    Args:
        owner: The component that the objects belong to.
        name: Logical name.
        namespace: Where it holds.
        policy: Name of the policy in the cluster.
        rule: What objects have to be.
    """
    made = admission.ValidatingAdmissionPolicy(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=policy),
        spec=admission.ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            match_constraints=admission.MatchResourcesArgs(resource_rules=[_created_or_updated(rule)]),
            validations=[*rule.validations],
        ),
        opts=owner.child,
    )
    inside = meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": namespace})
    admission.ValidatingAdmissionPolicyBinding(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=policy),
        spec=admission.ValidatingAdmissionPolicyBindingSpecArgs(
            policy_name=policy,
            validation_actions=["Deny"],
            match_resources=admission.MatchResourcesArgs(namespace_selector=inside),
        ),
        opts=owner.child_with(depends_on=[made]),
    )


def _created_or_updated(rule: Rule) -> admission.NamedRuleWithOperationsArgs:
    return admission.NamedRuleWithOperationsArgs(
        api_groups=[rule.group], api_versions=["v1"], operations=["CREATE", "UPDATE"], resources=[rule.resource]
    )


def _must(expression: Input[str], message: Input[str]) -> admission.ValidationArgs:
    return admission.ValidationArgs(expression=expression, message=message)
