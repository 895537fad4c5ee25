"""Pixels to judgements; knows nothing of people, inspections or HTTP."""
