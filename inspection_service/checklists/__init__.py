"""What must be established: checklists as data, checked, localised and frozen."""

from inspection_service.checklists.errors import ChecklistInvalid, ChecklistUnknown
from inspection_service.checklists.shelf import Checklist, Shelf, localised

__all__ = ["Checklist", "ChecklistInvalid", "ChecklistUnknown", "Shelf", "localised"]
