"""docs/errors.md, generated from the table of codes.

python docs/error_page.py > docs/errors.md
"""

from __future__ import annotations

import sys

from poseval.errors.codes import entries

HEAD = """# Errors and notices

Generated from the table of codes by `python docs/error_page.py`; a test fails when it is not current.
`poseval explain P402` prints one entry.

A message says where, what, and in lines of their own what was expected and what to try:

    preds.json: frames: 3 of 500 frames with predictions are not in the ground truth (first: 12, 13) [P402]
      expected: frames of the ground truth by key, file name, stem, number
      try: only 99% of the frames overlap. Are these predictions of another split?

All faults of a file come at once. Those that differ in numbers alone are one entry with the first places.

| codes | what | exit status |
| --- | --- | --- |
| P1xx, P8xx | the command or the call is wrong | 2 |
| P2xx | a file is not of its format | 3 |
| P3xx | a number is invalid | 3 |
| P4xx | files do not belong together, or lack what a metric needs | 3 |
| P5xx | larger than the limits allow | 3 |
| P6xx | an optional package is not installed | 2 |
| P700 | a worker died | 70 |
| Nxxx | a notice: valid, but worth knowing; it does not change the exit status | |

A failed gate or cross-check exits with 1, an internal error with 70, Ctrl-C with 130.
"""


def render() -> str:
    """The page as Markdown."""
    lines = [HEAD]
    for letter, title in (("P", "Errors"), ("N", "Notices")):
        lines += [f"## {title}", "", "| code | meaning | what to do |", "| --- | --- | --- |"]
        lines += [
            f"| {code} | {found.meaning} | {found.remedy} |"
            for code, found in entries().items()
            if code.startswith(letter)
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(render())
