"""What the OpenAPI document promises, held against a running service by generated requests, good and hostile ones.

The long run (every phase, both databases) is ``make hostile``; this is a short one with the same seed every time.

Source: https://schemathesis.readthedocs.io
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn

from inspection_service.app import create_app
from inspection_service.settings import Settings
from tests.integration.service import (
    PASSWORD,
    Mailbox,
    ScriptedFinder,
    ScriptedJudge,
    Service,
    manifests,
    picture,
    token_of,
    upload,
)
from tests.integration.test_postgres import server, url  # noqa: F401 - fixtures
from tests.integration.test_role_matrix import UNLIMITED

pytestmark = pytest.mark.integration
LONG: Final = os.environ.get("INSPECTION_HOSTILE") == "long"
_START_S: Final = 120
_RUN_S: Final = 1800
CONFIG: Final = """
warnings = false
request-timeout = 60
continue-on-failure = true

[auth.openapi.apiKey]
bearer = "{key}"

[auth.openapi.sellerSession]
api_key = "{seller}"

[auth.openapi.operatorSession]
api_key = "{operator}"

[checks.positive_data_acceptance]
# A document describes shapes. What the words mean (a moment that has passed, a step that is not there, a checksum) is
# refused besides, with these.
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 429, 460, 503]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 429, 460, 503]

[checks.missing_required_header]
# Another version of the upload protocol is 412 (tus 1.0).
expected-statuses = [400, 401, 403, 404, 406, 412, 415, 422]
"""
NOT_ASKED: Final = (
    # They end the sessions everything else needs, or make the account one that has to enrol first.
    "/v1/operator/logout",
    "/v1/operator/account/sessions",
    # Their bodies are bytes in a type nobody can generate from a schema; ``test_api_uploads.py`` has them.
    "/v1/uploads/{upload_id}",
    # A catch-all beside it answers GET, so its Allow is right and not what the document says of this one.
    "/v1/operator/inspections/{inspection_id}/recordings/{recording_id}/finish",
)


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[tuple[Service, str]]:
    """Serve on a free port, with everything real but the models and the mail."""
    given: dict[str, Any] = {
        "data_dir": folder / "instance",
        "vision": {"models_dir": manifests(folder / "models")},
        "work": {"enabled": False},
        "limits": UNLIMITED,
    }
    judge, mailbox, finder = ScriptedJudge(), Mailbox(), ScriptedFinder()
    app = create_app(Settings(**(given | settings)), judge=judge, messenger=mailbox, finder=finder)
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    task = asyncio.create_task(running.serve())
    try:
        async with asyncio.timeout(_START_S):
            while not running.started:
                assert not task.done(), task
                await asyncio.sleep(0.05)
        port = running.servers[0].sockets[0].getsockname()[1]
        service = Service(app, judge, mailbox, finder)
        yield service, f"http://127.0.0.1:{port}"
        for client in service.clients:
            await client.aclose()
    finally:
        running.should_exit = True
        await task


async def secrets_of(service: Service, base: str) -> dict[str, str]:
    """Admit one of each kind of caller, with an inspection under way, and return what lets them in."""
    platform = await service.platform()
    ordered = await service.order(platform)
    identity = service.running.services.identity
    await identity.create_operator("op@example.com", "Olivia", PASSWORD, "admin")
    async with httpx.AsyncClient(base_url=base, headers={"Origin": base}) as browser:
        joined = await browser.post("/v1/seller/session", json={"token": token_of(ordered)})
        assert joined.status_code == 200, joined.text
        agreed = {"photos": True, "live_video": False, "location": False, "recording": False}
        assert (await browser.put("/v1/seller/consents", json=agreed)).status_code == 200
        assert (await upload(browser, picture(), "front")).status_code == 204
        signing_in = {"email": "op@example.com", "password": PASSWORD}
        answer = await browser.post("/v1/operator/login", json=signing_in)
        assert answer.status_code == 200, answer.text
        return {
            "key": platform.headers["Authorization"].removeprefix("Bearer "),
            "seller": browser.cookies["seller_session"],
            "operator": browser.cookies["operator_session"],
        }


async def run(folder: Path, base: str, secrets: dict[str, str]) -> None:
    """Generate requests against a service; every deviation from the document and every fault is a failure."""
    (folder / "schemathesis.toml").write_text(CONFIG.format(**secrets), encoding="utf-8")
    program = Path(sys.executable).with_name("st")
    assert program.exists(), "st is missing: pip install schemathesis"
    report = folder / "report.json"
    phases = ["--phases", "examples,coverage,fuzzing", "-n", "10"]
    if not LONG:
        phases = ["--phases", "examples,fuzzing", "-n", "4", "--max-time", "35"]
    words = [str(program), "--config-file", "schemathesis.toml", "run", f"{base}/openapi.json"]
    words += ["-H", f"Origin: {base}", "--seed", "1", "--no-shrink", *phases]
    words += ["--report", "json", "--report-json-path", str(report)]
    for path in NOT_ASKED:
        words += ["--exclude-path", path]
    started = await asyncio.create_subprocess_exec(
        *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(_RUN_S):
            said, _ = await started.communicate()
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()
    assert started.returncode == 0, said.decode()[-12_000:]
    assert json.loads(report.read_text(encoding="utf-8"))


async def test_the_document_is_true_on_sqlite(tmp_path: Path) -> None:
    """No fault, no undocumented status, header or shape, for requests that fit and requests that do not."""
    async with serving(tmp_path) as (service, base):
        await run(tmp_path, base, await secrets_of(service, base))


async def test_the_document_is_true_on_postgresql(tmp_path: Path, url: str) -> None:  # noqa: F811 - the fixture
    """The same on the other database, which is stricter about text."""
    async with serving(tmp_path, database={"url": url}) as (service, base):
        await run(tmp_path, base, await secrets_of(service, base))
