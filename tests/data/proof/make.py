"""Writes the sample reports beside it: ``python -m tests.data.proof.make``; the keys are made for them and thrown away.

Each sample is a report file with the answers of the Python verifier, so that the web client's tests need no Python.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.unit.reports.page_cases import make_cases, pem, said

HERE = Path(__file__).parent
SAMPLES = (
    "record_whole",
    "record_changed",
    "record_spaced",
    "record_signed_otherwise",
    "record_header_changed",
    "record_demonstration",
    "document_archived",
    "document_open_action",
    "document_cut_to_signature",
    "document_flipped_padding",
    "document_own_timestamp",
    "signer_expired",
    "signer_not_yet_valid",
)
"""Small ones, one of each kind."""


def main() -> None:
    """Write every sample and the list of them."""
    listed = []
    with tempfile.TemporaryDirectory() as folder:
        for case in make_cases():
            if case.name not in SAMPLES:
                continue
            place = HERE / case.name
            place.mkdir(exist_ok=True)
            for name, data in case.files.items():
                (place / name).write_bytes(data)
            (place / "roots.pem").write_bytes(pem(case.trust.roots))
            (place / "time-roots.pem").write_bytes(pem(case.trust.tsa_roots))
            listed.append(
                {
                    "name": case.name,
                    "files": list(case.files),
                    "now": case.now.isoformat().replace("+00:00", "Z"),
                    "answers": said(case.answers(Path(folder))),
                }
            )
    (HERE / "samples.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
