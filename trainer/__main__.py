"""`python -P -m trainer ...` is `skinseg ...`; -P passes over a folder trainer/ where you stand."""

import sys

from trainer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
