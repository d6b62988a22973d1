"""Takes the pictures of the hub that the documentation shows: starts the demo, waits until it is alive, opens pages.

Usage: python scripts/screenshots.py [FOLDER]   (docs/images by default; Chromium has to be installed)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
ALIVE_S = 120
WIDE: ViewportSize = {"width": 1360, "height": 860}
NARROW: ViewportSize = {"width": 390, "height": 844}
PAGES = {
    # picture: address, colour scheme, size
    "dashboard": ("/", "light", WIDE),
    "dashboard-dark": ("/", "dark", WIDE),
    "review": ("/review/", "light", WIDE),
    "review-dark": ("/review/", "dark", WIDE),
    "review-phone": ("/review/", "light", NARROW),
    "runs": ("/runs/", "light", WIDE),
    "journal": ("/journal/", "light", WIDE),
    "integration": ("/integrations/assets/", "light", WIDE),
    "systems": ("/systems/", "light", WIDE),
    "records": ("/records/installed_asset/", "light", WIDE),
    "records-phone": ("/records/account/", "light", NARROW),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tallystick-pictures-") as data:
        command = [sys.executable, "-m", "tallystick.cli", "demo", "--port", "0", "--data", f"{data}/demo", "--json"]
        hub = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            told = _told(hub)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                _take(browser, told, folder)
                browser.close()
        finally:
            hub.terminate()
            hub.wait(30)


def _told(hub: subprocess.Popen[str]) -> dict[str, Any]:
    """What the demo says when it is there: address, email, password."""
    assert hub.stdout is not None
    for line in hub.stdout:
        if line.startswith("{"):
            told: dict[str, Any] = json.loads(line)
            if "password" in told:
                return told
    raise SystemExit("The demo did not start.")


def _take(browser: Browser, told: dict[str, Any], folder: Path) -> None:
    page = browser.new_page(viewport=WIDE, locale="en-GB", device_scale_factor=1)
    page.goto(told["address"])
    page.fill("input[name=login]", told["email"])
    page.fill("input[type=password]", told["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{told['address']}/")
    _wait_until_alive(page, told["address"])
    for name, (address, scheme, size) in PAGES.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)
        page.goto(f"{told['address']}{address}")
        page.wait_for_timeout(1_500)
        page.screenshot(path=folder / f"{name}.png")
        sys.stdout.write(f"{name}.png\n")


def _wait_until_alive(page: Page, address: str) -> None:
    """Runs have happened and questions wait."""
    until_s = time.monotonic() + ALIVE_S
    while time.monotonic() < until_s:
        page.goto(f"{address}/review/")
        if page.locator("[data-question], [data-rows] tr").count() > 3:
            return
        page.wait_for_timeout(3_000)
    raise SystemExit("No questions came up: look at the demo.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
