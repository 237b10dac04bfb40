"""The journal: one DuckDB file, written by one worker thread at a time.

Every write first goes as one row into the table `log`, which costs a single small commit: that row is
what makes a decision durable. The tables that people and restarts read (`core_states`, `orders`, `fills`,
`events`, `paper_account`, `paper_orders`) are brought up to date behind it, in larger groups, and the log
is emptied in the same transaction. A crash in between is repaired by the next opening, which applies what
the log still holds; applying a message twice changes nothing.

- `journal`         the file as its one user sees it
- `opening`         finding, checking, creating and migrating the file
- `repair`          cutting off the damaged end of a write-ahead log after a power cut
- `looking`         reading a file without changing it
- `snapshot`        one moment of an open file, copied while writes go on
- `backing_up`      a verified copy of it in one file, and `restoring` such a one
- `integrity`       whether a backup is, byte for byte, what was written
- `withdrawn`       cancels of the program's own that a restored journal does not know
- `moving`          looking into a file, and moving a closed one aside
- `database_files`  who may read the files, and whether their names lead to what is open
- `file_problems`   what went wrong and what to do, in one sentence each
- `table_schema`    tables and migrations
- `projection`      what messages do to orders and fills, without a database
- `table_rows`      reading and writing the rows
"""
