"""Outputs that a cloud would have computed, made up: stable, and of the form that programs take apart.

A resource that no simulation knows has its inputs as outputs, and beyond them what its SDK's classes say there is
(`sdk`), filled in by what a property is called (`texts`) and how its cloud writes ids and addresses: that each cloud
says itself (`dialects`).
Everything follows from the URN, so it is the same at every run, and of another resource another.

Nothing here knows what a cloud does. A made-up value says that a program can go on, not that it would.
"""
