"""Personal data: under which keys it rests, how long it is kept, how a person gets it or has it erased.

``PersonalData`` holds the clear values of reports; ``retention`` says what is due; ``export`` writes what is held.
"""

from inspection_service.privacy.personal_data import PersonalData

__all__ = ["PersonalData"]
