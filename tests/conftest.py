"""Settings shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

ROOT = Path(__file__).resolve().parent.parent

# No deadlines: how long an example takes says more about the machine than about the product. Derandomized: what a
# change must pass says the same twice; `make soak` looks for what nobody thought of.
settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Hypothesis mixes constants of our own modules into its examples, of those that happen to be loaded by then: with them,
# what a derandomized test tries would hang on which tests its worker had run before.
providers.HypothesisProvider._local_constants = providers.Constants()  # type: ignore[assignment]

HUB = (ROOT / "tests" / "server", ROOT / "tests" / "web")


def pytest_configure(config: pytest.Config) -> None:
    """The hub's tests want Django with the hub's settings, the others Django with none or the state's alone."""
    kinds = {_is_of_hub(Path(config.invocation_params.dir, arg.partition("::")[0])) for arg in config.args}
    if len(kinds) > 1:
        raise pytest.UsageError("Run tests of the hub (tests/server, tests/web) and others one after the other.")
    config.stash[_is_hub] = kinds == {True}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`pytest tests` leaves the hub's tests to a process of their own; `make test` runs both."""
    return True if _is_of_hub(collection_path) and not config.stash[_is_hub] else None


def _is_of_hub(path: Path) -> bool:
    return any(path == folder or folder in path.parents for folder in HUB)


_is_hub = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real-world sample files: TALLYSTICK_SAMPLES, else ../shared/samples beside the repository."""
    folder = Path(os.environ.get("TALLYSTICK_SAMPLES") or ROOT.parent / "shared" / "samples")
    if not folder.is_dir():
        pytest.skip(f"No sample files at {folder}; set TALLYSTICK_SAMPLES to the folder that holds them.")
    return folder
