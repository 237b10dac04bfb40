import logging

from messages.about import ABOUT, FIELDS, about


def test_what_is_empty_is_left_out() -> None:
    assert about() == about(pair=None, order_id=None) == {ABOUT: {}}
    assert about(strategy=7, pair="BTC/USD", cause="funds") == {
        ABOUT: {"strategy": 7, "pair": "BTC/USD", "cause": "funds"}
    }


def test_no_field_collides_with_a_record_of_the_library() -> None:
    record = logging.LogRecord("a", logging.INFO, "f.py", 1, "m", (), None)
    logging.Logger("a").makeRecord("a", logging.INFO, "f.py", 1, "m", (), None, extra=about(order_id="g1"))
    assert not hasattr(record, ABOUT)
    assert set(about(strategy="a", pair="b", order_id="c", exchange_id="d", cause="e")[ABOUT]) == set(FIELDS)
