"""Where bytes and records rest: an object store and a database, each with a small face and more than one body."""
