"""What a terminal sees: the command line, log lines, and a queue that a stalled reader cannot hold up.

- `cli`     arguments, signals, exit codes
- `verbs`   commands beside running, each in a module of its own
- `logs`    log lines as text or JSON; equal ones are summed
- `output`  a bounded queue in front of a pipe or a terminal
- `ready`   whether the running program trades, for the health check of a container
"""
