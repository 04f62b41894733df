"""What the login of every cloud promises without asking one. What it asks is beside this file, cloud by cloud."""

import subprocess
import sys

from infra_secrets import clouds


def test_a_login_is_there_without_pulumi_and_without_the_client_library(cloud: str) -> None:
    looked = f"""
import sys
from infra_secrets import clouds
clouds.__path__ = {[*clouds.__path__]!r}
facts = clouds.load({cloud!r})
login = clouds.login_of(facts)
login.place({{}})
[each.affected({{}}) for each in facts.DEADLINES]
assert login.CLIENT_LIBRARY not in sys.modules and "pulumi" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", looked], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()


def test_a_stack_without_config_says_nothing_of_a_place(cloud: str) -> None:
    assert clouds.login_of(clouds.load(cloud)).place({}) == {}


def test_a_deadline_has_a_day_a_source_and_a_way_out(cloud: str) -> None:
    for each in clouds.load(cloud).DEADLINES:
        assert each.day.year > 2025
        assert each.source.startswith("https://")
        assert each.what[0].isupper()
        assert not each.what.endswith(".")
        assert each.way_out.endswith(".")
