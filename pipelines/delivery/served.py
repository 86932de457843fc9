"""Does an environment serve what is pinned?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.delivery.kinds import known_environment
from pipelines.delivery.markdown import code, page, table
from pipelines.delivery.report import Report
from pipelines.deploy.open import open_deployer
from pipelines.project import Project, tip
from pipelines.release.pin import read_pin, short
from pipelines.release.places import pin_path

if TYPE_CHECKING:
    from pipelines.deploy.base import Deployer


def served(project: Project, environment: str, chosen: str | None) -> Report:
    """Compare what each model's server says it serves with the tip of the default branch.

    Raises:
        UserError: One serves something else; each is named.
    """
    known_environment(project, environment)
    at_tip = Project(project.root, tip(project.root))
    deployer = open_deployer(at_tip, at_tip.contract(environment))
    found = {model: _compare(at_tip, deployer, environment, model) for model in at_tip.model_names(chosen)}
    wrong = [text for text, right in found.values() if not right]
    if wrong:
        raise UserError(wrong)
    rows = [[code(f"{environment}/{model}"), code(text)] for model, (text, _) in found.items()]
    summary = page("### Served", table(["where", ""], rows))
    return Report(command="served", lines=[text for text, _ in found.values()], summary=summary)


def _compare(at_tip: Project, deployer: Deployer, environment: str, model: str) -> tuple[str, bool]:
    pin = read_pin(at_tip, environment, model)
    endpoint = deployer.serving(model)
    pinned, serving = pin.digest if pin else None, endpoint.digest if endpoint else None
    if pinned == serving:
        said = f"serves {pin.title}" if pin else "serves nothing, and nothing is pinned"
        return f"{environment}/{model}: {said}", True
    names = [short(digest) if digest else "nothing" for digest in (serving, pinned)]
    return f"{pin_path(environment, model)}: {environment} serves {names[0]}, pinned is {names[1]}; deploy again", False
