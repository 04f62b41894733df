"""Random lives of a stack on the real engine: changes, runs, failures, hands, and what the errors advise.

`program.py` holds what a program says, `model.py` what may become of a value, `life.py` plays steps and
checks after each, `follower.py` does what an error advises, `generator.py` makes lives up, `shrinker.py`
makes one short, `found.py` keeps those that lost a value once. `python -m tests.lives` is the long run.

Not hypothesis' `RuleBasedStateMachine`, for three reasons. A step is a run of the real engine, so that a
life takes seconds and a shrinker must count its tries. What is interesting comes in a certain order (rename,
`up`, paste what the message says, `up`), which rules drawn one by one seldom have: here episodes are
drawn. And a life that lost a value is kept as the lines that it was, to be read, pasted and played again,
long after the generator has changed.

Everything random is in the lines: playing them draws nothing, and the engine does one thing at a time.
"""
