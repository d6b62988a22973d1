"""A proxy in front of a real server that spoils answers on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.scripted_server import Reply, Request, scripted

Spoil = Callable[[Request, Reply], Reply]
HOP = {"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive", "server", "date", "host"}


@dataclass(slots=True)
class Proxy:
    """`spoil` sees each request with the true answer and gives the one that the hub gets."""

    url: str = ""
    spoil: Spoil | None = None
    calls: list[str] = field(default_factory=list)


@contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    proxy = Proxy()
    with httpx.Client(base_url=target, trust_env=False, timeout=60) as client:

        def script(request: Request) -> Reply:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
            proxy.calls.append(f"{request.method} {request.path}")
            try:
                answer = client.request(request.method, request.path, headers=headers, content=request.body)
            except httpx.TransportError:  # nobody there
                return Reply(is_lost=True)
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            reply = Reply(status=answer.status_code, body=answer.content, headers=kept)
            return proxy.spoil(request, reply) if proxy.spoil is not None else reply

        with scripted(script) as server:
            proxy.url = server.url
            yield proxy
