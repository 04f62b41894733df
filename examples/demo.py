"""The quickstart on three simulated clouds, with an operator in it: `make demo`, or `python -m examples.demo aws`.

Each chapter does to the program what usually loses a value, checks what became of it, and says so. The
program itself knows nothing of this: a change of the code is an edited copy of its text.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra_secrets import clouds
from infra_secrets.cli.rehearse import CLOUD_KEY, ORDINARY_CONFIG
from infra_secrets.testing import Canary, CloudError, Rehearsal, Run
from infra_secrets.testing.engine import EngineMissingError, find_engine
