"""``verify-report``: the answers of ``verify`` on a terminal or as JSON, and an exit code for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from inspection_service.clock import Clock, SystemClock
from inspection_service.reports.chain import RootsUnreadable, load_roots
from inspection_service.reports.verify import FileVerdict, verify_files

GOOD: Final = 0
NOT_GOOD: Final = 1
WRONG_USAGE: Final = 2
_MARKS: Final = {True: "yes", False: "NO", None: "unknown"}
_QUESTIONS: Final = {"intact": "intact", "signed_by": "signed by", "trusted": "trusted", "time": "time"}


def run(
    files: Sequence[Path],
    roots: Sequence[Path],
    as_json: bool,
    out: TextIO,
    *,
    err: TextIO | None = None,
    clock: Clock | None = None,
) -> int:
    """Verify files and print what they prove.

    Args:
        files: ``.pdf``, ``.json``, ``.jws``.
        roots: Root certificates, or folders of them (``--root`` and the trust folder); nothing else is trusted.
        as_json: Print the machine's form.
        out: Where the answers go.
        err: Where complaints about usage go; standard error when absent.
        clock: What "now" is; the machine's clock when absent.

    Returns:
        0 when nothing is false and intact, signed_by and trusted are true for every file; 1 otherwise; 2 for wrong
        usage (no file named, a root that cannot be read).
    """
    complaints = err or sys.stderr
    if not files:
        print("verify-report: name at least one .pdf, .json or .jws file.", file=complaints)
        return WRONG_USAGE
    try:
        trusted = load_roots(roots)
    except RootsUnreadable as exc:
        print(f"verify-report: root certificate {exc}.", file=complaints)
        return WRONG_USAGE
    verdicts = verify_files(files, trusted, now=(clock or SystemClock()).now())
    if as_json:
        print(json.dumps({"files": [v.to_json() for v in verdicts]}, ensure_ascii=False, indent=2), file=out)
    else:
        for verdict in verdicts:
            _print(verdict, out)
    return GOOD if all(verdict.answers.is_good for verdict in verdicts) else NOT_GOOD


def _print(verdict: FileVerdict, out: TextIO) -> None:
    print(f"{verdict.file}: {'good' if verdict.answers.is_good else 'NOT GOOD'}", file=out)
    for question, answer in verdict.answers.all().items():
        print(f"  {_QUESTIONS[question]:<10}{_MARKS[answer.ok]:<9}{_plain(answer.says)}", file=out)


def _plain(text: str) -> str:
    """Keep a file from steering the terminal of whoever verifies it."""
    return "".join(character if character.isprintable() else "?" for character in text)
