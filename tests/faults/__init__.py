"""The whole program and the local Kraken in one process, on virtual time, while everything goes wrong.

- `network`  bytes in memory instead of sockets: the real WebSocket and HTTP code on both ends
- `world`    the venue, the program, and what its user was told
- `oracle`   which orders the grid's rules ask for, stated without the program's code
- `cases`    the table of faults
- `course`   one session that every case is played into
"""
