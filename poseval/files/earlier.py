"""Whether a file is an earlier output of poseval, which a later one may replace."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

ENDS = 4096  # bytes of both ends that are looked at
# By its schema (JSON), first member (saved run), generator (HTML), metadata (figures) or first line (tables).
MARKS = re.compile(
    rb'"schema": "poseval\.[a-z_]+/'
    rb"|\APK\x03\x04.{26}run\.json"
    rb'|<meta name="?generator"? content="?poseval"?>'
    rb'|<testsuites? name="poseval'
    rb"|Software\x00poseval|/Creator \(poseval\)|<dc:title>poseval</dc:title>"
    rb'|\A"metric","statistic","joint","slice"|\A"rank",'
    rb'|\A"key","first","second"'
    rb"|\A\| rank \||\A% Written by poseval|\A\\begin\{tabular\}\{[lr]+\}\n\\hline\nrank &",
    re.DOTALL,
)


HISTORY = "baseline.json"  # the member of a baseline that says what replaced what


def has_history(path: Path) -> bool:
    """Whether a file is a baseline of gates that replaced another, whose anchor only it holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            return HISTORY in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def is_earlier_output(path: Path) -> bool:
    """Whether a file was written by poseval, as its content says; an empty file holds nothing to lose."""
    try:
        with path.open("rb") as file:
            head = file.read(ENDS)
            file.seek(max(os.fstat(file.fileno()).st_size - ENDS, 0))
            return not head or MARKS.search(head) is not None or MARKS.search(file.read(ENDS)) is not None
    except OSError:  # nobody knows what is in it
        return False
