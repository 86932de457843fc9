"""The page that says what a green engine test means."""

from __future__ import annotations

from tests.harness.aws_plugin.kept import KEPT
from tests.harness.aws_plugin.table import LIVE
from tests.harness.fidelity import PAGE, page


def test_the_page_is_what_the_plugins_do() -> None:
    """Whoever teaches a plugin runs `python -m tests.harness.fidelity`."""
    assert page() == PAGE.read_text()


def test_a_type_is_live_or_kept() -> None:
    """No type is both, and each kept one says what moto lacks."""
    assert set() == set(LIVE) & set(KEPT)
    assert [] == [type_ for type_, row in KEPT.items() if not row.why]
