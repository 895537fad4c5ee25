"""An archive from anybody: refused before it costs anything."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from inspection_service.reports.answers import Fault
from inspection_service.reports.bundle import MEMBER
from inspection_service.reports.verify_zip import Zip

pytestmark = pytest.mark.unit


def opened(path: Path, data: bytes) -> dict[str, bytes]:
    path.write_bytes(data)
    with Zip(path, lambda name: MEMBER.fullmatch(name) is not None) as bundle:
        return {name: bundle.read(name, 1 << 20) for name in bundle.entries}


def written(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def why(path: Path, data: bytes) -> str:
    with pytest.raises(Fault) as caught:
        opened(path, data)
    return caught.value.why


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_belongs_is_read(tmp_path: Path, method: int) -> None:
    """Stored and deflated."""
    data = written(("report.json", b"{}"), ("photos/cap_1.jpg", b"\xff" * 5000), method=method)
    assert opened(tmp_path / "a.zip", data) == {"report.json": b"{}", "photos/cap_1.jpg": b"\xff" * 5000}


@pytest.mark.parametrize(
    "name",
    ["../report.json", "/report.json", "photos/../../x.jpg", "photos\\a.jpg", "report.JSON", "photos/", "a.exe",
     "photos/a.zip", "corrections/1.json", "report.json/", "photos/\u00e9.jpg", "CON", "photos/a.jpg\x00.exe"],
)  # fmt: skip
def test_any_other_name_is_refused(tmp_path: Path, name: str) -> None:
    """Paths that lead elsewhere, folders, archives in archives, anything not in the contract."""
    data = written(("xxxxxxxx", b"x"))
    raw = name.encode()
    data = written((zipfile.ZipInfo("y" * len(raw)), b"x")).replace(b"y" * len(raw), raw)
    assert why(tmp_path / "a.zip", data) == "zip_stranger"


def test_a_link_is_refused(tmp_path: Path) -> None:
    """A member that is a symbolic link."""
    info = zipfile.ZipInfo("report.json")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    assert why(tmp_path / "a.zip", written((info, b"/etc/passwd"))) == "zip_stranger"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_stands_once(tmp_path: Path) -> None:
    """Readers differ in which of two they take."""
    assert why(tmp_path / "a.zip", written(("report.json", b"1"), ("report.json", b"2"))) == "zip_stranger"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """Nobody could check it."""
    data = bytearray(written(("report.json", b"{}")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert why(tmp_path / "a.zip", bytes(data)) == "zip_encrypted"


def test_a_bomb_is_not_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured by what the directory says, and stopped where the directory lies."""

    class Unused:
        def __init__(self) -> None:
            raise AssertionError("unfolded")

    bomb = written(("report.json", bytes(64 << 20)))
    with monkeypatch.context() as patched:
        patched.setattr("inspection_service.reports.verify_zip._unfold", Unused)
        assert why(tmp_path / "a.zip", bomb) == "zip_bomb"
        monkeypatch.setattr("inspection_service.reports.verify_zip.MAX_UNFOLDED_BYTES", 10)
        assert why(tmp_path / "a.zip", written(("report.json", bytes(100)))) == "zip_bomb"


def test_a_member_that_unfolds_to_more_than_it_says_stops_there(tmp_path: Path) -> None:
    """Sizes in both headers made small."""
    data = written(("report.json", bytes(50_000)))
    small = data.replace(struct.pack("<L", 50_000), struct.pack("<L", 9))
    assert why(tmp_path / "a.zip", small) == "zip_malformed"


def test_every_byte_has_its_place(tmp_path: Path) -> None:
    """Nothing before, between, after; no comment; both headers alike; no member lying on another."""
    data = written(("report.json", b"{}"), ("report.jws", b"a..b"))
    end = data.index(b"PK\x01\x02")
    changed = {
        "before": b"x" + data,
        "after": data + b"x",
        "between": data[:end] + b"xx" + data[end:],
        "comment": data[:-2] + b"\x02\x00hi",
        "empty": b"",
        "no archive": b"PK\x05\x06",
        "names differ": data.replace(b"report.json", b"report.jsoX", 1),
        "method": data.replace(b"PK\x03\x04\x14\x00\x00\x00\x08", b"PK\x03\x04\x14\x00\x00\x00\x0c", 1),
    }
    for what, other in changed.items():
        assert why(tmp_path / "a.zip", other) == "zip_malformed", what


def test_a_changed_member_is_noticed(tmp_path: Path) -> None:
    """By its check sum, before any hash."""
    data = written(("report.json", b"abcdef"), method=zipfile.ZIP_STORED)
    assert why(tmp_path / "a.zip", data.replace(b"abcdef", b"abcdeg")) == "zip_malformed"
    assert zlib.crc32(b"abcdef") != zlib.crc32(b"abcdeg")


def test_too_many_members_are_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs memory before its name is looked at."""
    monkeypatch.setattr("inspection_service.reports.verify_zip.MAX_MEMBERS", 1)
    assert why(tmp_path / "a.zip", written(("report.json", b"1"), ("report.jws", b"2"))) == "zip_malformed"
