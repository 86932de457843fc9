"""The decision: a pure function of windows, quality and policy, with its reasons.

- `insufficient_data`: too few predictions for the votes, so neither calm nor drift can be claimed. It is not `ok`.
- `ok`: fewer than `votes.alert` of the newest `votes.of` windows drifted, and the labels prove no drop.
- `alert`: that many windows drifted, or the labels prove a drop: somebody has to look.
- `retrain`: the same, `retrain` is true in the policy, and in no window values stopped arriving. Inputs that broke move
  answers and accuracy too, and need a repair: a model trained on them would learn the gap.

Drift votes because a single window may be an odd day. Quality does not: its bound knows the number of labels, and all
the newest labelled predictions are judged together.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.monitor.bounds import drop_interval
from pipelines.monitor.policy import ModelMonitorPolicy
from pipelines.monitor.results import ColumnDrift, Quality, Verdict, Window

MOST_NAMED = 3
"""Columns of a window that a sentence describes."""


def judge(reference: tuple[int, int], current: tuple[int, int], confidence: float) -> Quality:
    """Compare accuracies given as (correct, labelled); each bound of the drop holds with `confidence`."""
    lower, upper = drop_interval(reference, current, 1 - confidence)
    return Quality(
        reference=reference[0] / reference[1],
        reference_rows=reference[1],
        current=current[0] / current[1],
        labels=current[1],
        lower=lower,
        upper=upper,
    )


def decide(
    windows: Sequence[Window], quality: Quality | None, rows: int, labels: int, policy: ModelMonitorPolicy
) -> tuple[Verdict, list[str]]:
    """Decide what to do now, and say why.

    Args:
        windows: The newest windows of at least `policy.min_rows` rows, newest first.
        quality: Accuracy against the reference; none when it was not judged.
        rows: Predictions in the log.
        labels: Labelled predictions, up to as many as are judged.
        policy: What was asked for.
    """
    drifted = [window for window in windows if window.drifted]
    enough = len(windows) >= policy.votes.alert
    voted, worse = len(drifted) >= policy.votes.alert, quality is not None and _worse(quality, policy)
    reasons = [_votes(len(drifted), len(windows), policy) if enough else _too_few(rows, policy)]
    reasons += [_window(place, window) for place, window in enumerate(windows, start=1) if window.drifted]
    reasons += _quality(quality, labels, policy)
    if not voted and not worse:
        return (Verdict.OK if enough else Verdict.INSUFFICIENT_DATA), reasons
    broken = {column.name for window in drifted for column in window.drifted if column.broken}
    verdict, why = _act(sorted(broken), retrain=policy.retrain)
    return verdict, [*reasons, why]


def _act(broken: Sequence[str], *, retrain: bool) -> tuple[Verdict, str]:
    if broken:
        why = f"values of {', '.join(broken)} stopped arriving, which retraining cannot repair; mend the inputs first"
        return Verdict.ALERT, why
    if retrain:
        return Verdict.RETRAIN, "the policy says to retrain"
    return Verdict.ALERT, "the policy does not retrain by itself; look, and decide"


def _worse(quality: Quality, policy: ModelMonitorPolicy) -> bool:
    return policy.quality is not None and quality.lower > 0 and quality.drop > policy.quality.drop


def _votes(drifted: int, windows: int, policy: ModelMonitorPolicy) -> str:
    there = f"{drifted} of the {windows} newest windows drifted" if windows > 1 else f"{drifted} of 1 window drifted"
    return f"{there}; {policy.votes.alert} of {policy.votes.of} call for action"


def _too_few(rows: int, policy: ModelMonitorPolicy) -> str:
    needed = (policy.votes.alert - 1) * policy.window.rows + policy.min_rows
    return (
        f"{rows} predictions are too few to judge drift: {needed} are needed for {policy.votes.alert} windows "
        f"of {policy.window.rows} rows, the oldest of at least {policy.min_rows}"
    )


def _window(place: int, window: Window) -> str:
    named = "; ".join(_column(column) for column in window.drifted[:MOST_NAMED])
    more = len(window.drifted) - MOST_NAMED
    return f"window {place} ({window.rows} rows): {named}{f'; and {more} more' if more > 0 else ''}"


def _column(column: ColumnDrift) -> str:
    said = [
        f"{name} {measure.statistic:.3f} (chance explains {measure.bound:.3f}, from {measure.floor:g} on it matters)"
        for name, measure in (("PSI", column.psi), ("KS", column.ks))
        if measure and measure.exceeded
    ]
    broken = f", {column.missing_window:.1%} missing instead of {column.missing_reference:.1%}" if column.broken else ""
    return f"{column.name} drifted: {', '.join(said)}{broken}"


def _quality(quality: Quality | None, labels: int, policy: ModelMonitorPolicy) -> list[str]:
    if policy.quality is None:
        return []
    if quality is None:
        return [f"quality was not judged: {labels} labelled predictions, {policy.quality.min_labels} are needed"]
    measured = (
        f"accuracy is {quality.current:.3f} on {quality.labels} labels, {quality.reference:.3f} on the "
        f"{quality.reference_rows} reference rows: with {100 * policy.drift.confidence:g} % confidence"
    )
    matters = f"a drop of {policy.quality.drop:g} matters"
    if _worse(quality, policy):
        return [f"{measured} it fell by {quality.drop:.3f}, at least by {quality.lower:.3f}, and {matters}"]
    if quality.upper < policy.quality.drop:
        return [f"{measured} it fell by less than {max(0.0, quality.upper):.3f}, and {matters}"]
    change = f"the drop is between {quality.lower:.3f} and {quality.upper:.3f}"
    return [f"{measured} {change}, and {matters}: more labels would tell"]
