"""`python -m wire.schemas` writes the generated schemas anew."""

import sys

from wire.schemas import write

for path in write():
    sys.stdout.write(f"{path}\n")
