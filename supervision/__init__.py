"""Supervision: the failure policy as data, the program's states, and the loop that restarts an actor.

- `policy`   who fails how, and what is done about it (design, section 2)
- `states`   the program's state, derived from the phases of the strategies
- `control`  the request to stop, and who is running
- `restart`  the loop around one actor
- `program`  one configured program: mailboxes, actors, wiring
- `shutdown` the order in which everything stops
- `cli`      the command line
"""
