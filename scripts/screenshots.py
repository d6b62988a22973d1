"""Takes the pictures of the hub that the documentation shows: starts the demo, waits until it is alive, opens pages.

Usage: python scripts/screenshots.py [FOLDER] [--hub ADDRESS EMAIL PASSWORD]   (docs/images by default)

Chromium has to be installed; it writes WebP too. With --hub the pictures are of a hub that runs already.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
CHROMIUM: Final = "/usr/bin/chromium"
ALIVE_S: Final = 180
MOST_BYTES: Final = 2_000_000
QUALITY: Final = 0.82
WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
TO_WEBP: Final = """async ([data, quality]) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`follow`: the link that is clicked on the page, or the button that is pressed, before the picture is taken."""

    address: str
    follow: str = ""
    scheme: Literal["light", "dark"] = "light"
    size: ViewportSize | None = None
    language: str = "en-GB"


PICTURES: Final = {
    "dashboard": Picture(address="/"),
    "dashboard-dark": Picture(address="/", scheme="dark"),
    "dashboard-phone": Picture(address="/", size=NARROW),
    "dashboard-russian": Picture(address="/", language="ru"),
    "review": Picture(address="/review/?kind=possible&flow=assets/assets"),
    "review-dark": Picture(address="/review/?kind=conflict", scheme="dark"),
    "review-phone": Picture(address="/review/?kind=conflict", follow="#queue-list [data-number] a", size=NARROW),
    "conflict": Picture(address="/review/?kind=conflict"),
    "held-run": Picture(address="/review/?kind=held"),
    "runs": Picture(address="/runs/"),
    "run": Picture(address="/journal/?action=update", follow=".operations a[href^='/runs/']"),
    "journal": Picture(address="/journal/?action=update"),
    "why": Picture(address="/journal/?action=update", follow=".operations a[href^='/why/?']"),
    "link": Picture(address="/links/?flow=phones/colleagues", follow="[data-rows] a"),
    "integrations": Picture(address="/integrations/"),
    "integration": Picture(address="/integrations/assets/"),
    "document": Picture(address="/integrations/assets/edit/"),
    "systems": Picture(address="/systems/"),
    "system": Picture(address="/systems/register/"),
    "records": Picture(address="/records/installed_asset/"),
    "records-phone": Picture(address="/records/account/", size=NARROW),
    "calendar": Picture(address="/records/calendar/"),
    "case": Picture(address="/records/case/?q=Asset needs a new part", follow="[data-rows] a"),
    "workbench": Picture(address="/work/?tab=all"),
    "work-order": Picture(address="/work/?tab=all", follow="[data-rows] a"),
    "exceptions": Picture(address="/register/exceptions/"),
    "matching": Picture(address="/integrations/it-assets/matching/"),
    "tour": Picture(address="/packs/assets/tour/"),
    "fields": Picture(address="/integrations/assets/flows/assets/"),
    "account": Picture(address="/records/account/", follow="[data-rows] a"),
    "roles": Picture(address="/roles/new/"),
    "audit": Picture(address="/audit/"),
    "webhooks": Picture(address="/webhooks/"),
    "api": Picture(address="/reference/api/"),
}


def main(folder: Path, running: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, _hub(running) as told:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _take(browser, told, folder)
        browser.close()
    total = sum(file.stat().st_size for file in folder.glob("*.webp"))
    sys.stdout.write(f"{total / 1_000:.0f} kB in all\n")
    if total > MOST_BYTES:
        raise SystemExit(f"The pictures are larger than {MOST_BYTES / 1_000_000} MB together.")


@contextmanager
def _hub(running: list[str]) -> Iterator[dict[str, Any]]:
    """A demo of its own, or the hub that runs; gives address, email and password."""
    if running:
        yield dict(zip(("address", "email", "password"), running, strict=True))
        return
    with tempfile.TemporaryDirectory(prefix="tallystick-pictures-") as data:
        command = [sys.executable, "-m", "tallystick.cli", "demo", "--port", "0", "--data", f"{data}/demo", "--json"]
        hub = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            yield _told(hub)
        finally:
            hub.terminate()
            hub.wait(30)


def _told(hub: subprocess.Popen[str]) -> dict[str, Any]:
    assert hub.stdout is not None
    text = ""
    for line in hub.stdout:
        text += line
        if "}" in line:
            told: dict[str, Any] = json.loads(text[text.index("{") :])
            return told
    raise SystemExit("The demo did not start.")


def _take(browser: Browser, told: dict[str, Any], folder: Path) -> None:
    contexts: dict[str, BrowserContext] = {}
    blank = browser.new_page()
    for name, picture in PICTURES.items():
        if picture.language not in contexts:
            contexts[picture.language] = _signed_in(browser, told, picture.language)
        page = contexts[picture.language].pages[0]
        page.emulate_media(color_scheme=picture.scheme)
        page.set_viewport_size(picture.size or WIDE)
        page.goto(f"{told['address']}{picture.address}")
        if picture.follow:
            page.locator(picture.follow).first.click()
            page.wait_for_timeout(1_000)  # what comes instead of the list comes by itself
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready")
        png = base64.b64encode(page.screenshot()).decode()
        (folder / f"{name}.webp").write_bytes(base64.b64decode(blank.evaluate(TO_WEBP, [png, QUALITY])))
        sys.stdout.write(f"{name}.webp\n")


def _signed_in(browser: Browser, told: dict[str, Any], language: str) -> BrowserContext:
    context = browser.new_context(viewport=WIDE, locale=language, timezone_id="Europe/London")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(told["address"])
    page.fill("input[name=login]", told["email"])
    page.fill("input[type=password]", told["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{told['address']}/")
    _wait_until_alive(page, told["address"])
    return context


def _wait_until_alive(page: Page, address: str) -> None:
    """Runs have happened, and questions of the kinds that are shown wait."""
    until_s = time.monotonic() + ALIVE_S
    while time.monotonic() < until_s:
        shown = [f"{address}/review/?kind={kind}" for kind in ("possible", "conflict", "held")]
        if all(page.goto(one) and page.locator("[data-question]").count() for one in shown):
            return
        page.wait_for_timeout(3_000)
    raise SystemExit("No questions came up: look at the demo.")


if __name__ == "__main__":
    given = sys.argv[1:]
    hub_given = given[given.index("--hub") + 1 :] if "--hub" in given else []
    plain = given[: given.index("--hub")] if "--hub" in given else given
    main(Path(plain[0]) if plain else ROOT / "docs" / "images", hub_given)
