"""What is to do: derived from the records alone, done by handlers that may run twice."""

from inspection_service.work.errors import JudgeAway, UnusablePhoto, VisionFailed
from inspection_service.work.handlers import Handlers
from inspection_service.work.judging import Judge, JudgeInProcess, JudgeInThread, Judgement, PhotoJudge
from inspection_service.work.reconciler import Reconciler, WorkDone
from inspection_service.work.sealing import SealedFiles, Sealer

__all__ = [
    "Handlers",
    "Judge",
    "JudgeAway",
    "JudgeInProcess",
    "JudgeInThread",
    "Judgement",
    "PhotoJudge",
    "Reconciler",
    "SealedFiles",
    "Sealer",
    "UnusablePhoto",
    "VisionFailed",
    "WorkDone",
]
