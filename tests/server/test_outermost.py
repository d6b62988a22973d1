"""What goes wrong around Django, and what is ready before the first request."""

from __future__ import annotations

import io
import json

import pytest
import structlog
from django.core.handlers.wsgi import WSGIHandler
from django.template import engines
from waitress.buffers import ReadOnlyFileBasedBuffer

from tallystick.server.outermost import guarded
from tallystick.server.ui import mishaps
from tallystick.server.warming import warm_up


@pytest.fixture
def kept(monkeypatch):
    errors = []
    monkeypatch.setattr(mishaps, "_keep", lambda error: errors.append(error) or "20261122-abc")
    return errors


def ask(application, path="/"):
    """Status, type and body."""
    told = {}

    def start_response(status, headers, exc_info=None):
        told.update(status=status, kind=dict(headers).get("Content-Type"))

    environ = {"PATH_INFO": path, "wsgi.file_wrapper": ReadOnlyFileBasedBuffer}
    answer = guarded(application)(environ, start_response)
    return told, answer


def breaking(_environ, _start_response):
    raise LookupError("the secret of nobody")


def test_error_that_django_did_not_answer_is_kept_logged_and_told_by_reference(kept):
    with structlog.testing.capture_logs() as logs:
        told, answer = ask(breaking)
    assert told == {"status": "500 Internal Server Error", "kind": "text/plain; charset=utf-8"}
    assert b"".join(answer).decode().endswith("Reference: 20261122-abc\n")
    assert [type(one) for one in kept] == [LookupError]
    (line,) = logs
    assert (line["kind"], line["reference"], line["path"]) == ("LookupError", "20261122-abc", "/")
    assert __file__ in line["place"]
    assert "nobody" not in json.dumps(line)
    told, answer = ask(breaking, "/api/v1/accounts")
    assert told["kind"] == "application/problem+json"
    assert json.loads(b"".join(answer))["reference"] == "20261122-abc"


def test_answer_that_breaks_half_way_is_kept_and_closed(kept):
    class Answer:
        is_closed = False

        def __iter__(self):
            yield b"half"
            raise OSError("the disk")

        def close(self):
            self.is_closed = True

    sent = Answer()
    _told, answer = ask(lambda environ, start: sent)
    pieces = iter(answer)
    assert next(pieces) == b"half"
    with pytest.raises(OSError, match="the disk"):
        next(pieces)
    answer.close()
    assert sent.is_closed
    assert [type(one) for one in kept] == [OSError]


def test_file_is_left_to_the_server(kept):
    file = ReadOnlyFileBasedBuffer(io.BytesIO(b"content"))
    assert ask(lambda environ, start: file)[1] is file


def test_pages_are_read_before_the_first_request(db):
    loader = engines["django"].engine.template_loaders[0]
    loader.reset()
    warm_up(WSGIHandler())
    known = {str(name) for name in loader.get_template_cache}
    assert any(name.endswith("ui/page.html") for name in known)
    assert any("designer/plan.html" in name for name in known)
