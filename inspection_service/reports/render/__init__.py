"""From the record to a document a person is glad to read: Typst sets it, PDF/A-3a, with the record embedded."""
