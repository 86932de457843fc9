"""One environment from nothing to nothing, and everything that is there on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from pulumi import automation

from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.aws_plugin.inventory import inventory
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine, Outcome


class Life:
    """An environment that was previewed and brought up.

    Args:
        engine: Its stack, never used before.
        failing: Before it comes up it fails: each `up` at its create of that number (from 1), until one gets through.
        **options: Of those that fail.
    """

    def __init__(self, engine: Engine, failing: Iterable[int] = (), **options: int) -> None:
        self.engine = engine
        self.cloud = Cloud(engine.endpoint, engine.account, programs.REGION)
        self.before = self.there()
        self.previewed = engine.preview(programs.environment)
        self.after_preview = self.there()
        engine.checkpoints = True
        self.failures = list(itertools.takewhile(bool, (self.fails(number, **options) for number in failing)))
        engine.checkpoints = False
        self.first = self.up()
        self.made = engine.calls("create")

    def up(self) -> Outcome:
        """Bring it up, as it is written."""
        return self.engine.up(programs.environment)

    def fails(self, number: int, **options: int) -> str:
        """Bring it up with a create that fails, and return what is said; nothing if it did not get that far."""
        self.engine.fail_at_create(number)
        try:
            self.engine.up(programs.environment, **options)
        except automation.CommandError as error:
            if "was told to fail at this create" not in str(error):
                raise
            return str(error)
        finally:
            self.engine.fail_at_create(None)
        return ""

    def destroy(self) -> Outcome:
        """Take it down."""
        return self.engine.destroy(programs.environment)

    def there(self) -> dict[str, list[str]]:
        """Return the names or ids of everything that there is, by sort: in moto, kept, and in clusters."""
        return inventory(self.cloud) | self.engine.kept_things()
