"""The page of policies, made from them: `python -m pipelines.plan.policy.reference` writes docs/policies.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.plan.policy.base import sketch
from pipelines.plan.policy.catalogue import POLICIES

if TYPE_CHECKING:
    from pipelines.plan.policy.base import Policy

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"

HEAD = """\
# Policies

`stackwright plan` holds every resource of an environment against these, and exits with 4 when one of them finds
something. This page is made from the policies: what is shown as firing is what each says of its own examples.

A finding that somebody accepts goes into `suppressions.yaml` beside the stack files, with its reason, which every plan
shows:

```yaml
suppressions:
  - policy: s3-private
    resource: aws:s3/bucket:Bucket site
    environments: [dev]
    reason: this bucket serves a public web site
```
"""


def page() -> str:
    """Return the whole page."""
    rows = "".join(f"| [`{policy.id}`](#{policy.id}) | {_sentence(policy.reason)} |\n" for policy in POLICIES)
    table = f"| policy | what can happen otherwise |\n| --- | --- |\n{rows}"
    return "\n".join([HEAD, table, *(section(policy) for policy in POLICIES)])


def section(policy: Policy) -> str:
    """Return why there is a policy, who says so, and what makes it fire."""
    fires = "\n".join(f"- {line}" for line in dict.fromkeys(firing(policy)))
    return f"## `{policy.id}`\n\n{_sentence(policy.reason)}\n\nSource: {_source(policy.source)}\n\nFires:\n\n{fires}\n"


def firing(policy: Policy) -> Iterator[str]:
    """Yield what it says of each of its examples."""
    for example in policy.fires:
        for resource, said in policy.check(sketch(example)):
            yield f"`{resource.type}`: {said}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _source(text: str) -> str:
    return re.sub(r"(?<![\w/<])((?:[a-z0-9-]+\.)+(?:com|io|org|dev)/\S*[\w/])", r"<https://\1>", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
