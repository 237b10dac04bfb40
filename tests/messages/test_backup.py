import msgspec
import pytest

from messages.backup import Backup, BackupWish


def test_what_is_made_is_read_back_as_it_was_told() -> None:
    made = Backup("/a/b", 12, {"orders": 1}, 0.5)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Backup) == made


def test_a_wish_of_an_unknown_kind_is_refused() -> None:
    assert msgspec.json.decode(b"{}", type=BackupWish) == BackupWish("")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"targt": "/a"}', type=BackupWish)
