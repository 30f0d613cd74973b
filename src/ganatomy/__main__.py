"""`python -m ganatomy` is the same as `ganatomy`."""

import sys

from ganatomy.cli import main

if __name__ == "__main__":
    sys.exit(main())
