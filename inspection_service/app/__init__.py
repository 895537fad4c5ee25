"""The composition root: opens every room in order, hands each its collaborators and its settings, closes in reverse."""

from inspection_service.app.application import create_app
from inspection_service.app.records import open_directory
from inspection_service.app.running import Running
from inspection_service.app.service import open_service, open_signer

__all__ = ["Running", "create_app", "open_directory", "open_service", "open_signer"]
