"""Whatever a photo does to the models, the service gets an answer in time and can judge the next one."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from inspection_service.errors import InvalidInput
from inspection_service.work.errors import JudgeAway, UnusablePhoto, VisionFailed
from inspection_service.work.judging import JudgeInProcess, JudgeInThread
from tests.unit.work.judges import OddJudge, Restorable, broken, dying

pytestmark = pytest.mark.unit


@pytest.fixture
async def judge() -> AsyncIterator[JudgeInProcess]:
    made = JudgeInProcess(OddJudge, timeout_s=120)
    yield made
    await made.close()
    await made.close()


async def test_a_child_judges_one_photo_after_the_other(judge: JudgeInProcess, tmp_path: Path) -> None:
    """It refuses what is no photo, fails on what breaks the models, survives its own death, and goes on."""
    assert (await judge.judge(b"fine", "front"))["view"] == "front"
    with pytest.raises(UnusablePhoto, match="not an image") as refused:
        await judge.judge(b"unusable", "front")
    assert refused.value.attributes["cause"] == "invalid-input"
    with pytest.raises(VisionFailed) as failed:
        await judge.judge(b"raise", "front")
    assert failed.value.attributes["cause"] == "ArithmeticError"
    assert (await judge.judge(f"die-once {tmp_path / 'mark'}".encode(), "rear"))["view"] == "rear"
    with pytest.raises(VisionFailed) as crashed:
        await judge.judge(b"die", "front")
    assert crashed.value.attributes["cause"] == "crash"
    assert (await judge.judge(b"fine", None))["view"] == "other"


async def test_a_child_that_hangs_is_killed(judge: JudgeInProcess) -> None:
    """At its time limit, and the next photo gets a fresh one."""
    await judge.judge(b"fine", "front")
    judge._timeout_s = 0.2
    with pytest.raises(VisionFailed) as failed:
        await judge.judge(b"hang", "front")
    assert failed.value.attributes["cause"] == "timeout"
    judge._timeout_s = 120
    assert (await judge.judge(b"fine", "front"))["view"] == "front"


@pytest.mark.parametrize(("make", "cause"), [(broken, "no models"), (dying, "died while starting")])
async def test_a_child_without_models_says_why(make: Callable[[], OddJudge], cause: str) -> None:
    """The reason reaches the log instead of a silent wait, and no photo is blamed for it."""
    judge = JudgeInProcess(make, timeout_s=120)
    await judge.ping()
    with pytest.raises(JudgeAway) as failed:
        await judge.judge(b"fine", "front")
    assert cause in failed.value.attributes["cause"]
    with pytest.raises(JudgeAway):
        await judge.ping()
    await judge.close()
    with pytest.raises(JudgeAway):
        await judge.judge(b"fine", "front")


async def test_a_child_starts_again_once_the_models_are_back(tmp_path: Path) -> None:
    """Readiness follows."""
    models = tmp_path / "models"
    judge = JudgeInProcess(Restorable(models), timeout_s=120)
    with pytest.raises(JudgeAway):
        await judge.judge(b"fine", "front")
    models.touch()
    assert (await judge.judge(b"fine", "front"))["view"] == "front"
    await judge.ping()
    await judge.close()


async def test_threads_give_the_same_answers() -> None:
    """For the command line, where one process is enough."""
    judge = JudgeInThread(OddJudge(), timeout_s=120)
    assert (await judge.judge(b"fine", "front"))["view"] == "front"
    with pytest.raises(InvalidInput):
        await judge.judge(b"unusable", "front")
    with pytest.raises(VisionFailed) as failed:
        await judge.judge(b"raise", "front")
    assert failed.value.attributes["cause"] == "ArithmeticError"
    await judge.close()
