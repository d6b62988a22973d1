"""Which workers are alive. Source: spec/engine.md E29."""

import pytest

from tallystick.errors import ScopeBusy
from tallystick.runs.jobs import open_jobs
from tallystick.runs.roster import DEAD_AFTER_S, Beating, roster_of
from tests.servers import postgres_url


class Watch:
    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def test_sqlite_takes_one_worker_at_a_time_which_knows_all_others_dead(tmp_path):
    url = f"sqlite:///{tmp_path / 'tallystick.db'}"
    one, other = (roster_of(open_jobs(url), name) for name in ("one", "other"))
    one.enter()
    assert one.living() == {"one"}
    with pytest.raises(ScopeBusy, match="one at a time"):
        other.enter()
    one.leave()
    other.enter()
    other.leave()


@pytest.mark.postgres
def test_worker_whose_beat_stands_still_is_dead_for_whoever_watched_it_E29():
    url, watch = postgres_url(), Watch()
    one, other = (Beating(open_jobs(url), name, now=watch) for name in ("one", "other"))
    one.enter()
    other.enter()
    for _ in range(3):
        watch.at_s += DEAD_AFTER_S * 0.6
        assert one.living() == other.living() == {"one", "other"}
    watch.at_s += DEAD_AFTER_S * 0.6
    assert other.living() == {"one", "other"}
    watch.at_s += DEAD_AFTER_S * 0.6
    assert other.living() == {"other"}
    # it lived after all: it is back with its next beat
    assert one.living() == {"one", "other"}
    assert other.living() == {"one", "other"}
    one.leave()
    assert other.living() == {"other"}


@pytest.mark.postgres
def test_newcomer_watches_before_it_calls_anyone_dead():
    url, watch = postgres_url(), Watch()
    Beating(open_jobs(url), "gone", now=watch).enter()
    watch.at_s = 1e6
    late = Beating(open_jobs(url), "late", now=watch)
    late.enter()
    assert late.living() == {"gone", "late"}
    watch.at_s += DEAD_AFTER_S
    assert late.living() == {"late"}
