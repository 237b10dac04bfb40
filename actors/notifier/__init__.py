"""Notices on their way to the person behind the program.

- `actor`         takes notices and hands them to every channel
- `outbox`        one channel's letters: their order, their deadlines, retries
- `digest`        one line per kind and subject for what could not be delivered one by one
- `notice_texts`  the words of each notice; `trouble_texts`, `wait_texts` and `ownership_texts` those of what went wrong
"""
