"""Whether a document of another release can be read here."""

from __future__ import annotations


def other_major(field: str, theirs: str, ours: str) -> str | None:
    """Say why a document of this version cannot be read here, or nothing: documents are additive inside a major.

    Args:
        field: Name of the field that holds the version.
        theirs: Version that the document says.
        ours: Version that this release writes.
    """
    mine, other = ours.split(".")[0], theirs.split(".")[0]
    if mine == other or not other.isdecimal():
        return None
    old = "platform revision in .stackwright.yaml" if int(other) > int(mine) else "stack"
    return f"{field}: `{theirs}` is another major; this release reads {mine}.x; update the {old}"
