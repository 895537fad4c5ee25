"""The doors of the service: HTTP and WebSocket; the only room that knows FastAPI."""
