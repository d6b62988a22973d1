"""What questions are called, and what the answers to them."""

from tallystick.model.plan import Review, ReviewKind, Take
from tallystick.server.review import words


def test_a_new_record_is_no_match_and_creating_it_comes_first():
    new = Review(kind=ReviewKind.POSSIBLE, left_id="7", topic="new")
    match = Review(kind=ReviewKind.POSSIBLE, left_id="7", right_id="8")
    assert str(words.kind_words(new).title) == "New record"
    assert str(words.kind_words(match).title) == "Possible match"
    assert words.take_words(new, Take.CREATE).is_primary
    assert not words.take_words(match, Take.CREATE).is_primary
