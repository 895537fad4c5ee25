"""Frames, drawings, recordings, words and calls for help, as the pages show them."""

from __future__ import annotations

from inspection_service.api.dto.live import (
    AnnotationView,
    ChatMessageView,
    FrameView,
    HelpView,
    OperatorHelpView,
    RecordedStepView,
    RecordingPartView,
    RecordingView,
    StrokeView,
)
from inspection_service.api.present.steps import named_actor
from inspection_service.identity.secrets import masked
from inspection_service.inspections.helping import HelpLine
from inspection_service.inspections.records import (
    Annotation,
    ChatMessage,
    Dossier,
    Frame,
    HelpRequest,
    Recording,
)


def frame_view(frame: Frame) -> FrameView:
    """Show a frozen frame."""
    return FrameView(
        frame_id=frame.id,
        width=frame.width,
        height=frame.height,
        step_id=frame.step_id,
        sha256=frame.sha256,
        at=frame.at,
        deleted_at=frame.deleted_at,
    )


def annotation_view(annotation: Annotation) -> AnnotationView:
    """Show a frame that was kept."""
    return AnnotationView(
        id=annotation.id,
        frame_id=annotation.frame_id,
        step_id=annotation.step_id,
        strokes=[StrokeView(points=list(s.points), width=s.width) for s in annotation.strokes],
        text=annotation.text,
        by=named_actor(annotation.by),
        at=annotation.at,
        finding_id=annotation.finding_id,
        sha256=annotation.sha256,
        width=annotation.width,
        height=annotation.height,
    )


def recording_view(recording: Recording) -> RecordingView:
    """Show a recording by its hashes."""
    return RecordingView(
        id=recording.id,
        device=recording.device,
        parts={
            part.kind: RecordingPartView(
                media_type=part.media_type,
                chunks=part.chunks,
                bytes=part.bytes_,
                chain_sha256=part.chain_sha256,
                deleted_at=recording.deleted_at,
            )
            for part in recording.parts
        },
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        end=recording.end,
        steps=[RecordedStepView(step_id=step.step_id, at_s=step.at_s) for step in recording.steps],
    )


def chat_message_view(message: ChatMessage, seller_name: str | None) -> ChatMessageView:
    """Show a message; the seller's name is the order's, when it has one."""
    name = message.by.name or ((seller_name or "") if message.by.kind == "seller" else "")
    return ChatMessageView.model_validate(
        {
            "id": message.id,
            "from": message.by.kind,
            "name": name,
            "text": message.text,
            "at": message.at,
            "read_aloud": message.read_aloud,
        }
    )


def help_view(request: HelpRequest, line: HelpLine, operators_online: int) -> HelpView:
    """Show a seller what happens next."""
    return HelpView(
        asked_at=request.asked_at,
        ahead=line.ahead,
        wait_s=line.wait_s,
        operators_online=operators_online,
        call_back=masked(request.phone) if request.phone else None,
    )


def operator_help_view(dossier: Dossier, *, is_holder: bool) -> OperatorHelpView | None:
    """Show an operator the seller's call for help; the whole number only to the one who holds the case."""
    request = dossier.help
    if request is None or request.withdrawn_at is not None:
        return None
    number = request.phone
    return OperatorHelpView(
        asked_at=request.asked_at,
        answered_at=request.answered_at,
        call_back=number if number is None or is_holder else masked(number),
    )
