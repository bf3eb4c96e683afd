"""Entry of `make versus`: measures AMP and Alertmanager one after the other."""

import sys

from harness.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
