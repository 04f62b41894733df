"""What becomes of an operator's value: every scenario, with this package and with raw resources.

`scenarios.py` holds the scenarios and what must come of them, `programs.py` the two ways to write the same
program, `places.py` what differs between the clouds, `stage.py` plays and measures. `python -m
tests.reliability` writes docs/reliability.md.
"""
