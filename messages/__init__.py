"""Every message that crosses a channel, and the exact money they carry.

- `money`      pair rules (tick size, lot, minimum volume, minimum cost) and all rounding
- `ids`        client order ids, derived from their cause
- `counted`    a number with its noun, for sentences to the user
- `market`     ticks, and the end of a simulated row
- `orders`     what strategies ask for and what becomes of it
- `account`    facts an exchange states about orders and balances; funds of one strategy
- `journal`    what is written down, acknowledged and loaded again
- `conditions` what holds up or hinders trading, with a name, a beginning and an end
- `notices`    what the user is notified of
- `letters`    rendered notices on their way to a channel, and its notification levels
- `status`     phases, program states and the reports behind `/status`
- `mailboxes`  the closed union of each actor's mailbox

All structs are frozen and tagged, so each can be encoded, journalled and replayed. Nothing here
imports anything else of the project. Times are integer nanoseconds since 1970-01-01 UTC.
"""
