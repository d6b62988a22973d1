"""Settings shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# No deadlines: how long an example takes says more about the machine than about the product. Derandomized: what a
# change must pass says the same twice; `make soak` looks for what nobody thought of.
settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real-world sample files: TALLYSTICK_SAMPLES, else ../shared/samples beside the repository."""
    folder = Path(os.environ.get("TALLYSTICK_SAMPLES") or ROOT.parent / "shared" / "samples")
    if not folder.is_dir():
        pytest.skip(f"No sample files at {folder}; set TALLYSTICK_SAMPLES to the folder that holds them.")
    return folder
