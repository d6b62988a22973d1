"""What long-running commands write."""

import json
import logging

import pytest
import structlog

from tallystick.cli.logs import set_up


@pytest.fixture
def quiet():
    """Logging as it was."""
    kept = {
        name: (logging.getLogger(name).handlers, logging.getLogger(name).level) for name in ("tallystick", "dbos", "")
    }
    yield
    structlog.reset_defaults()
    for name, (handlers, level) in kept.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, True
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("is_json", [True, False])
def test_log_holds_no_secret_no_traceback_and_nothing_a_terminal_obeys(quiet, capsys, monkeypatch, is_json):
    monkeypatch.setenv("CRM_PASSWORD", "hunter2-and-more")
    set_up(is_json=is_json)
    log = structlog.get_logger("tallystick.worker")
    log.info("run", flows=["people"], errors={"people": "no: postgresql://ann:s3cret@host/db hunter2-and-more \x1b[2J"})
    try:
        raise ValueError("a whole record")
    except ValueError:
        logging.getLogger("dbos").warning("token=abcdef trouble", exc_info=True)
        log.error("run", exc_info=True)
    logging.getLogger("dbos").info("chatter")
    out, err = capsys.readouterr()
    text, other = (out, err) if is_json else (err, out)
    assert other == ""
    assert [
        word for word in ("s3cret", "hunter2", "abcdef", "\x1b[2J", "Traceback", "record", "chatter") if word in text
    ] == []
    assert len(text.splitlines()) == 3
    if is_json:
        first = json.loads(text.splitlines()[0])
        assert (first["event"], first["level"], first["flows"]) == ("run", "info", ["people"])
        causes = [json.loads(line)["cause"] for line in text.splitlines()[1:]]
        assert [cause.partition(" at ")[0] for cause in causes] == ["ValueError"] * 2
        assert all(__file__ in cause for cause in causes)
