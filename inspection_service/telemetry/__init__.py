"""Names of log events and metrics, as functions, so that none is misspelt."""
