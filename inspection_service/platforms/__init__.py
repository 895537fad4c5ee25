"""What marketplaces that order inspections rely on: they are told what happens, signed, in order, at least once."""
