"""``verify-report``: what report files prove, offline and without the service that made them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from inspection_service.commands.terminal import read_settings, waiting
from inspection_service.reports import verify_cli


def run(arguments: argparse.Namespace) -> int:
    """Verify the files against the roots named, and those of the trust folder."""
    trust_dir = read_settings().reports.trust_dir
    roots = [Path(root) for root in arguments.root] + ([trust_dir] if trust_dir is not None else [])
    files = [Path(file) for file in arguments.files]
    with waiting("Verifying ..."):
        return verify_cli.run(files, roots, arguments.json, sys.stdout, err=sys.stderr)
