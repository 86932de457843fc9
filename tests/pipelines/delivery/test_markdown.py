"""Foreign text in markdown, markers, outputs and logs: shown, and nothing else."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines import printing
from pipelines.delivery.job import output_lines
from pipelines.delivery.markdown import BODY, LINE, block, code, page, table
from pipelines.delivery.marker import Claim, Finding, Proposal, marked, read, without_marker
from tests.pipelines.delivery.conftest import read_outputs

evil = st.one_of(
    st.text(),
    st.text(alphabet="`|<>-!@#[](){}*_~\\:$\n\r \u2028\u200b\x00\x1bab"),
    st.sampled_from(["::set-output name=a::b", "\n::add-mask::x", "##[error]x", "$(reboot)", "@octavia", "a" * 10_000]),
)


@given(evil)
@example("a|b\n| c |")
def test_code_is_one_line_of_text(text: str) -> None:
    """No sign of it means anything; what people see is the text, its space made single, and cut."""
    shown = code(text)

    inner = shown.removeprefix("<code>").removesuffix("</code>")
    assert re.fullmatch(r"(?:[A-Za-z0-9 ]|&#[0-9]+;)*|-", inner)
    words = " ".join(text.split())
    if words and len(words) <= LINE and "\x00" not in words:
        assert [ord(sign) for sign in words] == [
            int(found[2:-1]) if found.startswith("&") else ord(found) for found in re.findall(r"&#[0-9]+;|.", inner)
        ]


def test_code_reads_as_it_was() -> None:
    """A reader sees the sentence."""
    assert "gate passed; lower bound -0.01" == html.unescape(code("gate passed; lower bound -0.01"))[6:-7]


@given(evil)
@example("```\n<b>\n````")
def test_a_block_cannot_be_left(text: str) -> None:
    """Only the last line closes the fence."""
    lines = block(text).split("\n")

    fence = lines[-1]
    assert re.fullmatch("`{3,}", fence)
    assert f"{fence}text" == lines[0]
    assert not [line for line in lines[1:-1] if line.strip().startswith(fence)]


@given(st.lists(evil, min_size=1, max_size=3))
def test_a_table_has_the_rows_and_cells_it_was_given(cells: list[str]) -> None:
    """No cell opens another, or a row."""
    lines = table(["a"] * len(cells), [[code(cell) for cell in cells]]).split("\n")

    assert 3 == len(lines)
    assert {len(cells) + 1} == {line.count("|") for line in lines}


def test_a_page_that_is_too_long_is_cut_and_says_so() -> None:
    """A fence that is open at the cut is closed."""
    parts = [block("x\n\n" * 10_000), block("`````\n\n" + "y\n\n" * 30_000)]

    text = page("first", *parts, *reversed(parts), "last")

    assert len(text) < BODY + 200
    assert text.endswith("``````\n\nThe rest does not fit here; the run has it.\n")
    assert 2 == len([line for line in text.splitlines() if line == "``````"])


@given(evil, evil, evil)
@example("--><b>", "<!-- stackwright: {} -->", "x")
def test_a_marker_is_read_as_it_was_written(subject: str, key: str, text: str) -> None:
    """It is one comment on the first line, whatever is in it, and the text below cannot be one."""
    marker = Proposal(proposes="pin", subject=subject[:200], key=key[:200])

    written = marked(marker, text)

    first = written.partition("\n")[0]
    assert 1 == first.count("-->")
    assert first.endswith(" -->")
    if len(first) <= 2000:
        assert marker == read(written, Proposal)
    assert text == without_marker(written)
    assert read(f"{text}\n{written}", Proposal) == read(text, Proposal)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- stackwright: {} -->",
        "<!-- stackwright: [1] -->",
        '<!-- stackwright: {"finding": "a"} ',
        '<!-- stackwright: {"finding": "a", "more": 1} -->',
        f"<!-- stackwright: {'[' * 1500} -->",
        f'<!-- stackwright: {{"finding": "{"a" * 5000}"}} -->',
        ' <!-- stackwright: {"finding": "a"} -->',
    ],
)
def test_a_damaged_marker_is_none(text: str) -> None:
    """Whoever edits the text by hand breaks nothing."""
    assert read(text, Finding) is None


def test_a_marker_survives_the_line_ends_of_the_host() -> None:
    """Texts that were edited in a browser have other line ends."""
    assert Claim(retrains="toy") == read(marked(Claim(retrains="toy"), "x").replace("\n", "\r\n"), Claim)


@given(st.dictionaries(st.sampled_from(["a", "b", "c_d"]), evil.filter(lambda text: "\r" not in text)))
def test_an_output_ends_where_it_ends(values: dict[str, str]) -> None:
    """No value sets another output, or cuts itself short."""
    text = "".join(output_lines(name, value) for name, value in values.items())

    assert values == read_outputs(text)


def test_the_end_of_an_output_cannot_be_guessed() -> None:
    """Each has another mark."""
    assert output_lines("a", "b") != output_lines("a", "b")


def orders(text: str) -> list[str]:
    """Return the lines in which a runner finds an order, by the rules of its own reader."""
    lines = re.split(r"\r\n|\r|\n", text)
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@given(evil)
@example("::add-mask::x")
@example(" \t:::x")
@example("a\r::b")
@example("####[[")
@example("##[##[##[")
def test_no_text_is_an_order(text: str) -> None:
    """What is printed holds none, and is the same text beside spaces."""
    said = printing.inert(text)

    assert [] == orders(said)
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", said)


@given(st.dictionaries(evil, evil))
def test_no_document_is_an_order(value: dict[str, str]) -> None:
    """JSON stays the same JSON."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        printing.document(value)

    assert [] == orders(out.getvalue())
    assert value == json.loads(out.getvalue())


def test_many_empty_lines_are_read_at_once() -> None:
    """No text makes the reader slow."""
    assert printing.inert("\n" * 200_000 + " " * 200_000)
