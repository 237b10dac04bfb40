"""Crash at every step: the real process against the local Kraken, killed at each write, request, reply and event.

`points` names the steps, `launcher` and `killer` kill there, `script` is the trading session, `session` runs it,
`verdict` compares with the session without a crash. `python -m tests.crash --help` tries every step there is;
`test_crash_points` a sample of them.
"""
