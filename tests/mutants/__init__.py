"""Wrong programs, to be found by those who judge the right one: a proof that cannot fail proves nothing.

Each is one small edit of the program in a copy of the tree; the judges are those of `tests.simulation`,
`tests.faults` and `tests.crash`, whose `mutants` modules say which and how many wrong programs each must find.

- `edits`  what a wrong program is, and the copy that is spoiled
- `play`   lets a copy be judged; several side by side; the table of what came of it
"""
