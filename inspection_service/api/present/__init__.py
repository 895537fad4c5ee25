"""From the record to what each party sees: pure functions, dossier in, views out."""
