"""What the documents show: commands and configuration are taken out of them, never written down again."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^(?P<indent> *)(?P<step>\d+\. )?```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)


def section(document, heading):
    """What stands under a heading of a file in docs/, up to the next one of any depth."""
    parts = re.split(r"^#+ +(.*)$", (ROOT / "docs" / document).read_text(), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2]))
    if heading not in found:
        raise LookupError(f"docs/{document} has no heading {heading!r}")
    return found[heading]


def blocks(document, heading, language="sh"):
    """The blocks of one language under a heading, each with whether it belongs to a numbered step."""
    return [
        (block["step"] is not None or bool(block["indent"]), textwrap.dedent(block["text"]))
        for block in BLOCK.finditer(section(document, heading))
        if block["language"] == language
    ]


def commands(document, heading):
    """The shell blocks of the numbered steps under a heading; where there are none, all: others are alternatives."""
    found = blocks(document, heading)
    if not found:
        raise LookupError(f"docs/{document}, {heading!r}: no commands")
    steps = [text for is_step, text in found if is_step]
    return steps or [text for _, text in found]
