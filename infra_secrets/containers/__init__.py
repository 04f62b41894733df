"""`Secret`: a container for a value that an operator sets.

`arguments` reads what was given; `contradictions`, `explanations` and `judgement` say what is wrong with it, and
`collisions` whether another `Secret` of the program has that container. Then `claim` registers it: `ownership` says who
owns it, `adoption` what forbids taking it over, and `hooks` are what the engine calls before it creates or changes one.
`secrets_for` makes those of a class of settings, which `declared` reads.
"""
