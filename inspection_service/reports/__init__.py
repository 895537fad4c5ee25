"""From an inspection to its proof: build the record, canonicalise, set the document, sign both, verify them.

``seal`` makes a report; ``verify_files`` asks one what it proves.
"""
