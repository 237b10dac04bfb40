"""How a configuration becomes a program.

- `registry`      adapters, strategies and channels by their names, plug-ins included
- `cores`         a configured strategy as a decision core
- `survey`        what the exchange says of the configured pairs
- `mailboxes`     every mailbox of one program
- `pasts`         what the journal knows of strategies, and which changes of the configuration it forbids
- `ownership`     whose journal it is; `journal_file` opens it, `journal_check` is its part of `--check`
- `endpoint`      the HTTP endpoint, bound before anything trades
- `local_endpoint` the API for commands of this machine, on the socket of `local_socket`
- `backup_check`  what restoring a backup would mean
- `world`         what a program uses of its machine; tests replace it
- `exit_codes`    of both commands
"""
