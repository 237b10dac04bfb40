"""What users of grid bots suffer from, one test for each pain, numbered and grouped as in the field notes.

Each plays the whole program against the local Kraken on virtual time; where a subject has a deeper test of its own,
the one here only shows the end that the user sees.
"""
