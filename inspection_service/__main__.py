"""``python -m inspection_service`` is ``inspection-service``."""

from inspection_service.cli import main

raise SystemExit(main())
