"""How every component reads its arguments, registers, and keeps what one run of a program knows.

Nothing here knows a component, a cloud or a workload.
"""
