"""The jobs of one GitHub repository, as groups at an API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.ci_identity.contract import ApiServerSpec, CiIdentityOutputs
from components.ci_identity.groups import deploy_group, pull_request_group
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class ApiServerCiIdentity(Component[CiIdentityOutputs]):
    """Groups in which exactly one repository's jobs are, without a stored key.

    It makes nothing: the API server reads the groups of a job from its token, by the rules in `groups.py`, which
    `stackwright bootstrap` writes into its authentication configuration. A job that names this environment and runs on
    the branch deploys; one of a pull request that names no environment plans; one that names an environment of
    `promotes_to`, and runs on the branch there, promotes. Rights are not given here: whoever owns a namespace binds
    the groups.
    """

    def __init__(self, name: str, spec: ApiServerSpec, *, place: Place, opts: ResourceOptions | None = None) -> None:
        super().__init__(name, spec, opts)
        self.outputs = self.promise(
            CiIdentityOutputs(
                deploy=_deploying(spec, place.environment),
                plan=Output.from_input(pull_request_group(spec.owner_id, spec.repository_id)),
                promotion=[_deploying(spec, target) for target in spec.promotes_to],
            )
        )


def _deploying(spec: ApiServerSpec, environment: str) -> Output[str]:
    return Output.from_input(deploy_group(spec.owner_id, spec.repository_id, environment, spec.branch))
