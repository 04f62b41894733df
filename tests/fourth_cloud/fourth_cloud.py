"""A pytest plugin that puts the cloud of this folder beside those of the package, and changes nothing else.

python -m pytest -p fourth_cloud tests/clouds/test_every_cloud.py -k acme
"""

import sys
from pathlib import Path

import infra_secrets.clouds
import infra_secrets.testing.clouds

HERE = Path(__file__).parent

infra_secrets.clouds.__path__.append(str(HERE / "product"))
infra_secrets.testing.clouds.__path__.append(str(HERE / "simulated"))
sys.path.append(str(HERE / "sdk"))
