"""What the API server refuses in a project's namespace, beside what nobody has a right to do there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pulumi import Output
from pulumi_kubernetes import meta
from pulumi_kubernetes.admissionregistration import v1 as admission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input

    from components.base import OutputsT
    from components.component import Component
    from components.ingress.contract import IngressOutputs

_ALB = "alb.ingress.kubernetes.io/"

ANNOTATIONS = ("backend-protocol-version", "success-codes", "target-type")
"""What a route may say to the load balancer, beside `healthcheck-…`; the rest would reach beyond its own rule."""


_TOLD = ", ".join(ANNOTATIONS)
_KNOWN = ", ".join(f"'{_ALB}{name}'" for name in ANNOTATIONS)

LONGEST_REST_SECONDS = 86_400
"""Longest time that a job and its pods stay when they are finished: a day."""


@dataclass(frozen=True)
class Rule:
    """What objects of one kind have to be."""

    group: str
    """API group of the kind."""
    resource: str
    """Its name in the API: `deployments`."""
    validations: Sequence[admission.ValidationArgs]
    """Expressions (CEL) that have to be true, and what is said when they are not."""
    operations: Sequence[str] = ("CREATE", "UPDATE")
    """What is looked at."""


def workloads(repository: Output[str]) -> Rule:
    """Return the rule that deployments run the project's images and push nobody else off a node."""
    return Rule("apps", "deployments", _modest(repository))


def jobs(repository: Output[str]) -> Rule:
    """Return the rule that jobs do what deployments do, and go when they are finished."""
    rest = "object.spec.ttlSecondsAfterFinished"
    told = f"ttlSecondsAfterFinished must be {LONGEST_REST_SECONDS} or less: finished jobs and their pods go"
    return Rule("batch", "jobs", [*_modest(repository), must(f"has({rest}) && {rest} <= {LONGEST_REST_SECONDS}", told)])


def _modest(repository: Output[str]) -> list[admission.ValidationArgs]:
    """Return that containers run images of one repository, by digest, without a priority."""
    pod = "object.spec.template.spec"
    told = repository.apply(lambda found: f"images must be `{found}@sha256:…`: the project's own, by digest")
    images = [
        must(repository.apply(partial(_each_image, path)), told)
        for path in (f"{pod}.containers", f"{pod}.initContainers")
    ]
    return [*images, must(f"!has({pod}.priorityClassName)", "priorityClassName is not for projects")]


def _each_image(path: str, repository: str) -> str:
    return f"!has({path}) || {path}.all(container, container.image.startsWith('{repository}@sha256:'))"


def routes(host: Output[str], ingress: IngressOutputs) -> Rule:
    """Return the rule that routes are for one host, by the one way into the cluster."""
    if ingress.gateway is not None:
        return _of_gateway(host, ingress.gateway)
    return _of_class(host, Output.from_input(ingress.class_name).apply(str))


def _of_class(host: Output[str], class_name: Output[str]) -> Rule:
    """Return the rule that an `Ingress` is of one class, and changes nothing of what all share."""
    spec = "object.spec.ingressClassName"
    ours = class_name.apply(lambda name: f"has({spec}) && {spec} == '{name}'")
    validations = [
        must(ours, class_name.apply(lambda name: f"ingressClassName must be `{name}`")),
        must(
            host.apply(_only_host), host.apply(lambda name: f"routes must be for `{name}`, without a default backend")
        ),
        must(_annotations(), f"of `…ingress.kubernetes.io/` a project may say {_ALB}healthcheck-…, {_TOLD}"),
    ]
    return Rule("networking.k8s.io", "ingresses", validations)


def _of_gateway(host: Output[str], gateway: Output[str]) -> Rule:
    """Return the rule that an `HTTPRoute` names its host, and attaches to one gateway only."""
    validations = [
        must(gateway.apply(_only_parent), gateway.apply(lambda name: f"parentRefs must be the gateway `{name}`")),
        must(
            host.apply(lambda name: f"has(object.spec.hostnames) && object.spec.hostnames == ['{name}']"),
            host.apply(lambda name: f"hostnames must be `{name}`, and nothing else"),
        ),
    ]
    return Rule("gateway.networking.k8s.io", "httproutes", validations)


def _only_parent(gateway: str) -> str:
    """Return that there are parents, each of them the gateway: a Service is one to a mesh."""
    namespace, _, name = gateway.partition("/")
    each = (
        f"ref.name == '{name}' && has(ref.namespace) && ref.namespace == '{namespace}'"
        " && (!has(ref.kind) || ref.kind == 'Gateway')"
        " && (!has(ref.group) || ref.group == 'gateway.networking.k8s.io')"
    )
    return f"has(object.spec.parentRefs) && object.spec.parentRefs != [] && object.spec.parentRefs.all(ref, {each})"


def _only_host(host: str) -> str:
    rules = f"has(object.spec.rules) && object.spec.rules.all(rule, has(rule.host) && rule.host == '{host}')"
    names = f"entry, has(entry.hosts) && entry.hosts.all(name, name == '{host}')"
    return f"!has(object.spec.defaultBackend) && {rules} && (!has(object.spec.tls) || object.spec.tls.all({names}))"


def _annotations() -> str:
    ours = f"!key.contains('ingress.kubernetes.io/') || key.startsWith('{_ALB}healthcheck-') || key in [{_KNOWN}]"
    fine = f"key != 'kubernetes.io/ingress.class' && ({ours})"
    return f"!has(object.metadata.annotations) || object.metadata.annotations.all(key, {fine})"


def services() -> Rule:
    """Return the rule that services are inside the cluster, and take no address that belongs to something else."""
    inside = "!has(object.spec.type) || object.spec.type == 'ClusterIP'"
    validations = [
        must(inside, "type must be `ClusterIP`; routes lead to it"),
        must("!has(object.spec.externalIPs)", "externalIPs would take the traffic of others"),
    ]
    return Rule("", "services", validations)


def kept(names: Sequence[str], group: Output[str]) -> Rule:
    """Return the rule that a group leaves some config maps as they are."""
    known = ", ".join(f"'{name}'" for name in names)
    expression = group.apply(lambda found: f"!(request.name in [{known}]) || !('{found}' in request.userInfo.groups)")
    told = f"config maps of the project's stack are not for jobs: {', '.join(names)}"
    return Rule("", "configmaps", [must(expression, told)], ("CREATE", "UPDATE", "DELETE"))


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
            match_constraints=admission.MatchResourcesArgs(resource_rules=[_looked_at(rule)]),
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


def _looked_at(rule: Rule) -> admission.NamedRuleWithOperationsArgs:
    return admission.NamedRuleWithOperationsArgs(
        api_groups=[rule.group], api_versions=["v1"], operations=[*rule.operations], resources=[rule.resource]
    )


def must(expression: Input[str], message: Input[str]) -> admission.ValidationArgs:
    """Return that an expression (CEL) has to be true, and what is said when it is not."""
    return admission.ValidationArgs(expression=expression, message=message)
