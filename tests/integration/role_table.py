"""Who may use which route: the table every route of the service has a line in.

A route without a line fails ``test_role_matrix.py``. The first word says who: ``open`` anybody, ``seller`` the browser
of one inspection, ``operator``, ``supervisor`` or ``admin`` somebody signed in with at least that role, ``platform`` a
key with the scope that follows, ``page`` what browsers load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TABLE: Final = """
platform inspections:write    POST /v1/inspections
platform inspections:read     GET /v1/inspections
platform inspections:read     GET /v1/inspections/{inspection_id}
platform inspections:write    POST /v1/inspections/{inspection_id}/cancel
platform inspections:write    POST /v1/inspections/{inspection_id}/extend
platform inspections:write    POST /v1/inspections/{inspection_id}/photo-requests
platform inspections:write    DELETE /v1/inspections/{inspection_id}/photo-requests/{request_id}
platform inspections:write    POST /v1/inspections/{inspection_id}/links
platform inspections:read     GET /v1/inspections/{inspection_id}/events
platform inspections:read     GET /v1/inspections/{inspection_id}/captures
platform inspections:read     GET /v1/inspections/{inspection_id}/findings
platform inspections:read     GET /v1/inspections/{inspection_id}/readings
platform photos:read          GET /v1/inspections/{inspection_id}/captures/{capture_id}/photo
platform reports:read         GET /v1/inspections/{inspection_id}/report.json
platform reports:read         GET /v1/inspections/{inspection_id}/report.jws
platform reports:read         GET /v1/inspections/{inspection_id}/report.pdf
platform inspections:read     GET /v1/checklists
platform inspections:read     GET /v1/checklists/{checklist_id}
platform keys:manage          GET /v1/keys
platform keys:manage          POST /v1/keys
platform keys:manage          POST /v1/keys/{key_id}/rotate
platform keys:manage          DELETE /v1/keys/{key_id}
platform inspections:write    POST /v1/inspections/{inspection_id}/uploads
platform inspections:write    POST /v1/inspections/{inspection_id}/uploads/{upload_id}/complete
open                          PUT /v1/direct-uploads/{ticket}
platform webhooks:manage      GET /v1/webhooks
platform webhooks:manage      POST /v1/webhooks
platform webhooks:manage      GET /v1/webhooks/{webhook_id}
platform webhooks:manage      PATCH /v1/webhooks/{webhook_id}
platform webhooks:manage      DELETE /v1/webhooks/{webhook_id}
platform webhooks:manage      POST /v1/webhooks/{webhook_id}/rotate-secret
platform webhooks:manage      POST /v1/webhooks/{webhook_id}/ping
platform webhooks:manage      POST /v1/webhooks/{webhook_id}/replay
platform webhooks:manage      GET /v1/webhook-deliveries
platform webhooks:manage      GET /v1/webhook-deliveries/{delivery_id}
platform webhooks:manage      POST /v1/webhook-deliveries/{delivery_id}/replay
open                          POST /v1/seller/preview
open                          POST /v1/seller/session
open                          POST /v1/seller/takeover
seller                        GET /v1/seller/inspection
seller                        PUT /v1/seller/consents
seller                        PUT /v1/seller/step
seller                        POST /v1/seller/steps/{step_id}/skip
seller                        POST /v1/seller/captures/{capture_id}/keep
seller                        GET /v1/seller/captures/{capture_id}/photo
seller                        POST /v1/seller/damages
seller                        POST /v1/seller/findings/{finding_id}/dispute
seller                        POST /v1/seller/submit
seller                        POST /v1/seller/reopen
seller                        POST /v1/seller/signature/code
seller                        POST /v1/seller/signature
seller                        GET /v1/seller/report.pdf
seller                        POST /v1/seller/help
seller                        DELETE /v1/seller/help
seller                        GET /v1/seller/chat
operator                      GET /v1/operator/inspections/{inspection_id}/chat
seller                        POST /v1/seller/frames
seller                        GET /v1/seller/frames/{frame_id}
operator                      GET /v1/operator/inspections/{inspection_id}/frames/{frame_id}
operator                      POST /v1/operator/inspections/{inspection_id}/frames/{frame_id}/keep
seller                        POST /v1/seller/recordings
seller                        PUT /v1/seller/recordings/{recording_id}/{kind}/chunks/{n}
seller                        POST /v1/seller/recordings/{recording_id}/finish
operator                      POST /v1/operator/inspections/{inspection_id}/recordings
operator                      PUT /v1/operator/inspections/{inspection_id}/recordings/{recording_id}/{kind}/chunks/{n}
operator                      POST /v1/operator/inspections/{inspection_id}/recordings/{recording_id}/finish
operator                      GET /v1/operator/inspections/{inspection_id}/recordings/{recording_id}/{kind}
platform inspections:read     GET /v1/inspections/{inspection_id}/recordings
platform photos:read          GET /v1/inspections/{inspection_id}/recordings/{recording_id}/{kind}
open                          OPTIONS /v1/uploads
seller                        POST /v1/uploads
seller                        HEAD /v1/uploads/{upload_id}
seller                        PATCH /v1/uploads/{upload_id}
seller                        DELETE /v1/uploads/{upload_id}
operator                      GET /v1/operator/colleagues
operator                      GET /v1/operator/inspections
operator                      GET /v1/operator/inspections/{inspection_id}
operator                      GET /v1/operator/inspections/{inspection_id}/replay
operator                      POST /v1/operator/inspections/{inspection_id}/claim
operator                      POST /v1/operator/inspections/{inspection_id}/handover
operator                      POST /v1/operator/inspections/{inspection_id}/release
operator                      POST /v1/operator/inspections/{inspection_id}/captures/{capture_id}/accept
operator                      POST /v1/operator/inspections/{inspection_id}/captures/{capture_id}/retake
operator                      POST /v1/operator/inspections/{inspection_id}/captures/{capture_id}/override
operator                      GET /v1/operator/inspections/{inspection_id}/captures/{capture_id}/photo
operator                      PUT /v1/operator/inspections/{inspection_id}/odometer
operator                      PUT /v1/operator/inspections/{inspection_id}/statements/{control_point}
operator                      POST /v1/operator/inspections/{inspection_id}/findings
operator                      PUT /v1/operator/inspections/{inspection_id}/findings/{finding_id}
operator                      POST /v1/operator/inspections/{inspection_id}/sign-off
operator                      GET /v1/operator/inspections/{inspection_id}/report.json
operator                      GET /v1/operator/inspections/{inspection_id}/report.jws
operator                      GET /v1/operator/inspections/{inspection_id}/report.pdf
open                          POST /v1/operator/login
open                          POST /v1/operator/logout
operator                      GET /v1/operator/me
open                          POST /v1/operator/join/preview
open                          POST /v1/operator/join
operator                      GET /v1/operator/account
operator                      PUT /v1/operator/account/password
operator                      PUT /v1/operator/account/second-factor
operator                      POST /v1/operator/account/second-factor
operator                      POST /v1/operator/account/second-factor/remove
operator                      POST /v1/operator/account/recovery-codes
operator                      DELETE /v1/operator/account/sessions/{session_id}
operator                      DELETE /v1/operator/account/sessions
admin                         GET /v1/operator/team
admin                         POST /v1/operator/team/invitations
admin                         DELETE /v1/operator/team/invitations/{invitation_id}
admin                         PUT /v1/operator/team/{operator_id}/role
admin                         POST /v1/operator/team/{operator_id}/disable
admin                         POST /v1/operator/team/{operator_id}/enable
admin                         POST /v1/operator/team/{operator_id}/unlock
admin                         POST /v1/operator/team/{operator_id}/reset-second-factor
platform keys:manage          POST /v1/organisations
platform keys:manage          GET /v1/grants
platform keys:manage          PUT /v1/grants/{organisation_id}
platform keys:manage          DELETE /v1/grants/{organisation_id}
platform privacy:manage       GET /v1/accesses
supervisor                    GET /v1/operator/inspections/{inspection_id}/accesses
open                          GET /healthz
open                          GET /readyz
open                          GET /metrics
open                          GET /.well-known/inspection-root.pem
open                          GET /.well-known/jwks.json
open                          GET /.well-known/inspection.crl
open                          GET /v1/log/head
open                          GET /v1/log/heads
open                          GET /v1/log/proof
open                          GET /v1/log/consistency
open                          GET /v1/log/leaves
open                          GET /v1/log/status
platform inspections:write    POST /v1/inspections/{inspection_id}/corrections
platform reports:read         GET /v1/inspections/{inspection_id}/corrections
platform reports:read         GET /v1/inspections/{inspection_id}/corrections/{no}.{ending}
supervisor                    POST /v1/operator/inspections/{inspection_id}/corrections
operator                      GET /v1/operator/inspections/{inspection_id}/corrections
seller                        GET /v1/seller/corrections
platform reports:read         GET /v1/inspections/{inspection_id}/report.zip
operator                      GET /v1/operator/inspections/{inspection_id}/report.zip
seller                        GET /v1/seller/report.zip
platform privacy:manage       GET /v1/inspections/{inspection_id}/personal-data
platform privacy:manage       POST /v1/inspections/{inspection_id}/erasure
platform privacy:manage       GET /v1/inspections/{inspection_id}/legal-hold
platform privacy:manage       PUT /v1/inspections/{inspection_id}/legal-hold
supervisor                    PUT /v1/operator/inspections/{inspection_id}/legal-hold
platform inspections:write    POST /v1/inspections/{inspection_id}/publication
platform reports:read         GET /v1/inspections/{inspection_id}/publication
platform inspections:write    PUT /v1/inspections/{inspection_id}/publication/photos/{capture_id}
platform photos:read          GET /v1/inspections/{inspection_id}/publication/photos/{capture_id}
operator                      POST /v1/operator/inspections/{inspection_id}/publication
operator                      GET /v1/operator/inspections/{inspection_id}/publication
operator                      PUT /v1/operator/inspections/{inspection_id}/publication/photos/{capture_id}
operator                      GET /v1/operator/inspections/{inspection_id}/publication/photos/{capture_id}
platform inspections:write    POST /v1/inspections/{inspection_id}/reminders
platform inspections:read     GET /v1/inspections/{inspection_id}/reminders
open                          GET /v1/public/{public_id}
open                          GET /v1/public/{public_id}/photos/{capture_id}.jpg
open                          GET /v1/public/{public_id}/{name}
page                          GET /
page                          GET /favicon.ico
page                          GET /openapi.json
page                          GET /operator
page                          GET /operator/{_:path}
page                          GET /p/{public_id}
page                          GET /s
page                          GET /v1/checklist-assets/{checklist}/{file}
page                          GET /v1/messages/stop
page                          POST /v1/messages/stop
page                          GET /verify
page                          MOUNT /static
socket                        WS /v1/operator/feed
socket                        WS /v1/sessions/{inspection_id}/signalling
"""


@dataclass(frozen=True)
class Line:
    """One route and who may use it."""

    who: str
    scope: str | None
    method: str
    path: str

    @property
    def route(self) -> str:
        """Method and path, as the table is looked up by."""
        return f"{self.method} {self.path}"


def _line(text: str) -> Line:
    who, *rest = text.split()
    scope = rest.pop(0) if who == "platform" else None
    return Line(who, scope, *rest)


LINES: Final = tuple(_line(text) for text in _TABLE.strip().splitlines())
