"""The JSON that crosses the doors, as Pydantic models: OpenAPI and the web client's types come from here."""
