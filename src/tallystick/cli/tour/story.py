"""The tour as it is told: each step says what happens in the firm, then runs the real command."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

from tallystick.cli.edge import DONE, NEEDS_PERSON, run
from tallystick.cli.printable import file_name
from tallystick.cli.tour.crm import Crm
from tallystick.cli.voice import Voice
from tallystick.errors import ConfigurationError
from tallystick.server.demo.address_book import USER, AddressBook, serving
from tallystick.server.demo.people import people

MARK: Final = ".tallystick-tour"
LEFT_UNTIL: Final = 230
RIGHT_FROM: Final = 120
MISHAP: Final = 60
INTEGRATION: Final = """\
# The service desk's CRM and the address book on the technicians' telephones.
integration: demo
title: CRM and address book
systems:
  crm: {crm}
  phones: {{connector: dav, url: '{url}', username: {user}, password: '${{secret:demo-address-book}}'}}
flows:
  - flow: contacts
    left: {{system: crm, record: contact, key: id}}
    right: {{system: phones, record: contacts}}
    primary: left
    fields:
      - {{left: first_name, right: first_name}}
      - {{left: last_name, right: last_name}}
      - {{left: company, right: company}}
      - {{left: job_title, right: job_title}}
      - {{left: email, right: email1}}
      - {{left: phone, right: phone_work}}
      - {{left: mobile, right: phone_mobile}}
      - {{left: city, right: address_work_city}}
      - {{left: notes, right: note}}
    match:
      definite: [[email]]
    conflict: ask
    guards: {{delete: 10%, shrink: 20%}}
"""


class Story:
    """The steps share the folder, the two systems, and the way commands are run."""

    def __init__(self, folder: Path, crm: Crm, book: AddressBook) -> None:
        self.folder = folder
        self.crm = crm
        self.book = book
        self.voice = Voice()

    def say(self, *sentences: str) -> None:
        from rich.text import Text

        self.voice.say()
        for sentence in sentences:
            self.voice.say(Text(sentence, style="italic"))

    def run(self, *words: str) -> None:
        """Shows a command and runs it, as a person would; that it finds work for a person (1) is part of the story."""
        from rich.text import Text

        self.voice.say(Text(f"\n$ tallystick {shlex.join(words)}", style="bold cyan"))
        if run(words) not in (DONE, NEEDS_PERSON):
            raise ConfigurationError(f"The tour stopped at `tallystick {shlex.join(words)}`.", hint="Start it again.")

    def ask(self, *words: str) -> dict[str, list[dict[str, object]]]:
        """The machine form of what a command shows."""
        with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()):
            run([*words, "--json"])
        answer: dict[str, list[dict[str, object]]] = json.loads(said.getvalue())
        return answer

    def question(self, kind: str) -> str:
        """The number of the question of that kind that waits."""
        return str(self.ask("review", "list", "--kind", kind)["reviews"][0]["id"])


def tell(folder: Path) -> None:
    """The whole tour in `folder`, which is made anew. Raises ConfigurationError when it holds anything else."""
    folder = folder.absolute()
    samples = sorted(_samples().glob("vcard/*.vcf"))
    _make_room(folder)
    os.environ.pop("TALLYSTICK_DATABASE_URL", None)
    crm = Crm(folder, os.environ.get("TALLYSTICK_DEMO_POSTGRES"))
    try:
        with serving(folder / "radicale") as book, chdir(folder):
            os.environ["TALLYSTICK_SECRET_DEMO_ADDRESS_BOOK"] = book.password
            story = Story(folder, crm, book)
            _begin(story, samples)
            _first_sync(story)
            _edits(story)
            _conflict(story)
            _mishap(story)
            _back(story)
            _end(story)
    finally:
        crm.close()


def _make_room(folder: Path) -> None:
    if folder.exists():
        if not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigurationError(
                f"{file_name(folder)} holds something else.",
                hint="Name another with `tallystick tour --folder FOLDER`.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("Made by `tallystick tour`; it may be deleted.\n", encoding="utf-8")


def _samples() -> Path:
    """Where exports of real address books lie, beside a checkout of the product; often nowhere."""
    return Path(os.environ.get("TALLYSTICK_SAMPLES") or "../shared/samples").absolute()


def _begin(story: Story, samples: Sequence[Path]) -> None:
    everybody = list(people())
    story.crm.fill(everybody[:LEFT_UNTIL])
    cards = story.book.fill(everybody[RIGHT_FROM:], samples)
    text = INTEGRATION.format(crm=story.crm.settings, url=story.book.url, user=USER)
    (story.folder / "contacts.yaml").write_text(text, encoding="utf-8")
    kind = "PostgreSQL" if story.crm.is_postgres else "SQLite"
    story.say(
        f"A CRM ({kind}) has {story.crm.count()} contacts, the address book of the telephones (CardDAV) has {cards}.",
        f"{LEFT_UNTIL - RIGHT_FROM} people stand in both. One file says what is kept in agreement with what:",
        f"{file_name(story.folder / 'contacts.yaml')}",
    )


def _first_sync(story: Story) -> None:
    story.run("check", "contacts.yaml", "--connect")
    story.say("What would be done? A plan writes nothing.")
    story.run("plan", "contacts.yaml", "--limit", "4")
    story.say("Do it. Then again: without edits, a second run writes nothing.")
    story.run("sync", "contacts.yaml")
    if story.ask("review", "list")["reviews"]:
        story.say("Cards of real telephones are among them: one the CRM cannot hold waits, and all others went on.")
    story.run("sync", "contacts.yaml")


def _edits(story: Story) -> None:
    one, two = list(people())[RIGHT_FROM : RIGHT_FROM + 2]
    story.say(
        f"The desk corrects the company of {one.first_name} {one.last_name};",
        f"a technician gives {two.first_name} {two.last_name} another title on the telephone.",
    )
    story.crm.change(one.email, {"company": f"{one.company} Holding"})
    story.book.change(two.email, f"TITLE:{two.job_title}", "TITLE:Deputy director")
    story.run("plan", "contacts.yaml")
    story.run("sync", "contacts.yaml")


def _conflict(story: Story) -> None:
    one = list(people())[RIGHT_FROM + 2]
    story.say(f"Now both give {one.first_name} {one.last_name} a new number at the same time, and not the same one.")
    story.crm.change(one.email, {"phone": "+48 555 1111"})
    story.book.change(one.email, f"TEL;TYPE=WORK:{one.phone}", "TEL;TYPE=WORK:+48 555 2222")
    story.run("sync", "contacts.yaml")
    number = story.question("conflict")
    story.run("review", "show", number)
    story.say("The technician has just been there: the telephone is right.")
    story.run("review", "decide", number, "--take", "right", "--note", "confirmed on site")
    story.run("why", "contacts.yaml", "crm", "contact", story.crm.id_of(one.email))


def _mishap(story: Story) -> None:
    story.say(f"A telephone goes wrong and deletes {MISHAP} cards. A guard holds the run before it writes.")
    removed = story.book.remove(story.book.paths()[:MISHAP])
    story.run("sync", "contacts.yaml")
    story.run("review", "list")
    story.say("That was no intention. The cards are put back from a backup, and the question clears by itself.")
    for path, text in removed:
        story.book.put(path, text)
    story.run("sync", "contacts.yaml")
    story.run("review", "list")
    story.say("Later the desk does tidy up, on purpose: the same question, and this time it is approved.")
    story.book.remove(story.book.paths()[:MISHAP])
    story.run("sync", "contacts.yaml")
    story.run("review", "decide", story.question("held"), "--take", "approve", "--note", "agreed with the desk")


def _back(story: Story) -> None:
    run = str(story.ask("runs", "--limit", "1")["runs"][0]["run"])
    story.say(
        "Too much after all, says the boss. Every run can be taken back: the contacts return to the CRM as they were,",
        "and their links rest, so that the next run does not delete them once more.",
    )
    story.run("undo", run, "--approve")
    story.run("sync", "contacts.yaml")
    story.run("runs")


def _end(story: Story) -> None:
    place = file_name(story.folder)
    story.say("Everything is still there. To go on yourself, start the address book again and edit either side:")
    if story.crm.is_postgres:
        story.voice.say("  (TALLYSTICK_DEMO_POSTGRES has to be set as it is now)")
    for line in (
        f"  cd {place}",
        f"  {sys.executable} -m radicale --config radicale/config &",
        '  export TALLYSTICK_SECRET_DEMO_ADDRESS_BOOK="$(cut -d: -f2 radicale/users)"',
        "  tallystick plan contacts.yaml",
    ):
        story.voice.say(line)
