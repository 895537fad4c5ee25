"""Pixels to judgements; knows nothing of people, inspections or HTTP."""

from __future__ import annotations

from inspection_service.vision.judgement import REASONS, Guidance, Judgement
from inspection_service.vision.live import LiveGuide
from inspection_service.vision.manifest import ModelCheck, check_models
from inspection_service.vision.pipeline import Pipeline

__all__ = ["REASONS", "Guidance", "Judgement", "LiveGuide", "ModelCheck", "Pipeline", "check_models"]
