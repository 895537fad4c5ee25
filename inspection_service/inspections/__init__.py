"""The durable record of an inspection, and the moves allowed on it."""
