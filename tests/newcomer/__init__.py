"""What a newcomer does: every command of the pages as it is printed, and the first hour with the program.

    python -m tests.newcomer

`printed` takes the commands from the pages, `unattended` says which cannot run without somebody and why, `stage` is a
machine of its own for them, `walk` runs a page. The hour itself is in `__main__` and the modules that it names.
"""
