"""HTTP plumbing shared by connectors: one client with limits, retries, sign-in and guarded addresses."""

import sys

# httpx has a command line of its own, which it makes where the libraries are there that it takes: 40 ms for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
