import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.monitor.report import HEADLINES, render, write_report
from pipelines.monitor.results import MonitorResult, Verdict

VOID = {"meta", "rect", "line"}


class Page(HTMLParser):
    """Check that tags close in order, and collect attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open and close a tag."""
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close a tag."""
        assert tag == self.open.pop()


def parse(result: MonitorResult) -> Page:
    """Parse the report of a result."""
    page = Page()
    page.feed(render(result))
    page.close()
    return page


@pytest.fixture
def drifted(scene) -> MonitorResult:
    """A result with drift and a drop in quality."""
    scene.traffic(1500, shift=1, accuracy=0.6)
    return scene.monitor(quality={"min_labels": 200}, retrain=True)


def test_the_report_is_whole_html(drifted: MonitorResult):
    """Every tag is closed in order."""
    assert [] == parse(drifted).open


def test_the_report_fetches_and_runs_nothing(drifted: MonitorResult):
    """No address, no script, no reference to another file; the policy in its head forbids them."""
    page = parse(drifted)
    attributes = {name for _, attributes in page.seen for name in attributes}
    assert set() == attributes & {"src", "href", "onload", "onclick", "style", "srcset"}
    assert set() == {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object"}
    assert None is re.search(r"url\(|@import|https?:", render(drifted))
    assert "default-src 'none'" in render(drifted)


def test_every_plot_says_in_words_what_it_draws(drifted: MonitorResult):
    """A plot has a role and a label; tables have captions and headers; the language is given."""
    page = parse(drifted)
    plots = [attributes for tag, attributes in page.seen if tag == "svg"]
    assert len(drifted.windows[0].columns) + 1 == len(plots)
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert sum(tag == "table" for tag, _ in page.seen) == sum(tag == "caption" for tag, _ in page.seen)
    assert ("html", {"lang": "en"}) in page.seen


def test_the_report_says_verdict_reasons_and_numbers(drifted: MonitorResult):
    """What the JSON says, a person reads."""
    text = render(drifted)
    assert all(reason in text for reason in drifted.reasons)
    assert all(word in text for word in ("Retrain", drifted.digest, "age", "no drop", "Accuracy"))


def test_names_from_data_are_escaped(drifted: MonitorResult):
    """A column or value called like a tag is shown, not obeyed."""
    evil = '<script>alert("x")</script>&'
    window = drifted.windows[0]
    column = window.columns[0]
    bins = [column.bins[0].model_copy(update={"label": evil}), *column.bins[1:]]
    bad = column.model_copy(update={"name": evil, "bins": bins})
    windows = [window.model_copy(update={"columns": [bad]})]
    result = drifted.model_copy(update={"windows": windows, "reasons": [evil], "notes": [evil], "digest": evil})
    assert "<script" not in render(result)
    assert "&lt;script&gt;" in render(result)
    assert [] == parse(result).open


def test_a_result_without_windows_has_a_report(scene):
    """Too little data is said, too."""
    text = render(scene.monitor(quality={}))
    assert HEADLINES[Verdict.INSUFFICIENT_DATA] in text
    assert "Not judged: 0 labelled predictions, 200 are needed." in text
    assert "No window has enough rows." in text


def test_a_calm_result_has_a_report(scene):
    """Without quality in the policy it says so."""
    scene.traffic(1000)
    text = render(scene.monitor())
    assert HEADLINES[Verdict.OK] in text
    assert "The policy does not ask for it." in text


def test_a_report_is_written_as_a_whole(drifted: MonitorResult, tmp_path: Path):
    """Folders are made; what stood there is replaced."""
    path = tmp_path / "reports" / "churn.html"
    write_report(drifted, path)
    write_report(drifted, path)
    assert (render(drifted), ["churn.html"]) == (path.read_text(), [item.name for item in path.parent.iterdir()])


def test_a_report_that_cannot_be_written_is_named(drifted: MonitorResult, tmp_path: Path):
    """A file where a folder is needed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"churn\.html: cannot be written"):
        write_report(drifted, tmp_path / "file" / "churn.html")
