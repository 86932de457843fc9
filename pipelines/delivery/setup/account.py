"""What the plan of an account gives to a repository, and what takes the place of what it does not give.

https://docs.github.com/en/get-started/learning-about-github/githubs-plans (2026-11)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipelines.delivery.setup.findings import Guarantee
from pipelines.hosts.answers import mapping
from pipelines.hosts.base import Denied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.hosts.github_settings import GithubSettings

Plan = Literal["free", "pro", "team", "enterprise", "paid"]
NAMES: dict[str, Plan] = {
    "free": "free",
    "pro": "pro",
    "team": "team",
    "enterprise": "enterprise",
    "business": "enterprise",
    "business_plus": "enterprise",
}
"""As the API writes them; the last two are older names."""
UPGRADE = "Upgrade to"
"""How GitHub begins to refuse what a plan has not."""


@dataclass(frozen=True)
class Account:
    """Whose repository it is, and what for."""

    private: bool
    plan: Plan
    """`paid` where the token is not told which one it is, and it is not the free one."""
    organization: bool
    server: bool = False
    """Whether this is an enterprise server."""

    @property
    def protects(self) -> bool:
        """Whether branches can be protected; environments have branch rules and secrets with the same plans."""
        return not self.private or self.plan != "free"

    @property
    def reviews(self) -> bool:
        """Whether environments can have reviewers."""
        return not self.private or self.plan == "enterprise"

    @property
    def queues(self) -> bool:
        """Whether there is a merge queue."""
        return self.organization and (not self.private or self.plan == "enterprise")

    @property
    def told(self) -> str:
        """Say it to a person."""
        kind = "private" if self.private else "public"
        plan = "a plan that this token is not told, not the free one" if self.plan == "paid" else f"plan {self.plan}"
        return f"{kind}, {plan}" + (", enterprise server" if self.server else "")


def account(host: GithubSettings, repository: Mapping[str, Any]) -> Account:
    """Look up the plan; where the token is not told, by what GitHub refuses."""
    owner = mapping(repository.get("owner"))
    organization = owner.get("type") == "Organization"
    private = bool(repository.get("private"))
    server = host.server_version() is not None
    if server or repository.get("visibility") == "internal":
        return Account(private, "enterprise", organization, server)
    named = host.plan(str(owner.get("login")), organization=organization)
    return Account(private, NAMES.get(str(named)) or _guessed(host, private=private), organization)


def _guessed(host: GithubSettings, *, private: bool) -> Plan:
    if not private:
        return "free"
    try:
        host.ruleset("")
    except Denied as error:
        if UPGRADE in str(error):
            return "free"
        raise
    return "paid"


def guarantees(given: Account, branch: str) -> list[Guarantee]:
    """Return what delivery relies on, and whether it holds here."""
    return [
        _protection(given, branch),
        _approval(given),
        _reviewers(given),
        Guarantee(
            f"only jobs on `{branch}` enter an environment",
            holds=True,
            told="by its branch rule, and by the trust of its stack, which names the branch"
            if given.protects
            else "by the trust of its stack, which names the branch; environments of a free private repository have no "
            "branch rules",
        ),
        _secrets(given),
        _merging(given),
        _queue(given),
    ]


def _protection(given: Account, branch: str) -> Guarantee:
    what = f"`{branch}` changes by pull requests with green checks only"
    if given.protects:
        return Guarantee(what, holds=True, told="by the ruleset `stackwright`; nobody bypasses it")
    told = (
        f"nothing protects `{branch}` on a free private repository: whoever may push can change a pin, and the next "
        "deployment runs it. What remains: a deployment refuses a package without evidence, signature and history. "
        f"{_upgrade(given)}"
    )
    return Guarantee(what, holds=False, told=told)


def _approval(given: Account) -> Guarantee:
    what = "owners approve what is pinned first and what goes to prod"
    if given.protects:
        return Guarantee(what, holds=True, told="by CODEOWNERS and review by owners; nobody approves their own")
    told = "CODEOWNERS is only a proposal of reviewers here: merge no pull request that its owners have not approved"
    return Guarantee(what, holds=False, told=told)


def _reviewers(given: Account) -> Guarantee:
    what = "an environment can ask reviewers before each job"
    if given.reviews:
        told = "not used, because Monitor and Promote would wait, too; `--environment-reviewers` asks for it in prod"
        return Guarantee(what, holds=True, told=told)
    plan = "whether this plan has it is not told; " if given.plan == "paid" else ""
    instead = "CODEOWNERS and review by owners take its place" if given.protects else "nothing takes its place"
    return Guarantee(what, holds=False, told=f"{plan}private repositories have it with Enterprise only; {instead}")


def _secrets(given: Account) -> Guarantee:
    what = "secrets belong to environments"
    if given.protects:
        return Guarantee(what, holds=True, told="needed for `PLATFORM_TOKEN` only, where the platform is private")
    told = "not on a free private repository; none is needed where the platform's repository is public"
    return Guarantee(what, holds=False, told=told)


def _merging(given: Account) -> Guarantee:
    what = "a pull request merges by itself when its checks are green"
    told = "auto-merge" if given.protects else "somebody merges each pull request by hand"
    return Guarantee(what, holds=given.protects, told=told)


def _queue(given: Account) -> Guarantee:
    what = "a merge queue checks what a merge makes"
    if given.queues:
        return Guarantee(what, holds=True, told="not needed, and not switched on; CI runs for it when you do")
    told = "not needed: one pull request per environment and model, and a deployment takes the tip whatever came first"
    return Guarantee(what, holds=False, told=told)


def _upgrade(given: Account) -> str:
    return f"Make it public, or take GitHub {'Team' if given.organization else 'Pro'}"
