"""``openapi``: the document that describes the API, for tools and for the web client's types."""

from __future__ import annotations

import argparse

from inspection_service.app import create_app
from inspection_service.commands.terminal import read_settings, write_json


def run(_: argparse.Namespace) -> int:
    """Print the document; nothing is opened."""
    write_json(create_app(read_settings()).openapi())
    return 0
