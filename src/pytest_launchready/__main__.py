"""`python -m pytest_launchready` is the console script."""

from pytest_launchready.cli import main

raise SystemExit(main())
