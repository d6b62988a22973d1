"""Sentences of the engine in the reader's language: the forms are the engine's own, and real sentences fit them."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils.translation import override

import tallystick
from tallystick.server.ui import sayings

SOURCE = Path(tallystick.__file__).parent
WORDS = " ".join(
    file.read_text(encoding="utf-8")
    for room in ("engine", "model", "runs", "server/review", "server/ops", "server/state")
    for file in sorted((SOURCE / room).rglob("*.py"))
)
PUT_IN = {"left", "right", "create", "update", "delete"}
COMPOSED = {("disputed", "match"), ("both", "deleted"), ("both", "out"), ("empty", "of"), ("listed", "of")}
"""Words that the engine puts next to each other only when it speaks."""
CASED = re.compile("[а-яё]", re.IGNORECASE)


def _neighbours(text: str) -> set[tuple[str, str]]:
    """Words that stand next to each other; what is put in for a side or an action is left out."""
    words = re.findall(r"[A-Za-z']+", text)
    return {pair for pair in pairwise(words) if PUT_IN.isdisjoint(pair)}


def test_every_form_is_made_of_words_that_the_engine_says():
    """Whoever words a sentence of the engine anew is told here that its translation is lost."""
    known = _neighbours(re.sub(r'"\s+f?"', "", WORDS))
    strange = []
    for form in sayings.FORMS:
        with override("en"):
            strange += [
                (str(form), *pair)
                for text in sayings.PLACE.split(str(form))[::2]
                for pair in _neighbours(text) - known - COMPOSED
            ]
    assert strange == []


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("changed on the left", "изменено слева"),
        ("its create had lost its answer", "ответ на её создание был потерян"),
        (
            "changed on the right; only a part of the value fits there",
            "изменено справа; там помещается лишь часть значения",
        ),
        ("first contact: the right is primary", "первая встреча: главная сторона справа"),
        (
            "Not in sync with crm:contact:7: The next run sets phone on the right: changed on the left.",
            "Не согласована с crm:contact:7. Следующий запуск запишет phone справа: изменено слева.",
        ),
        (
            "status_cd on the right is 'ZZZ', which the code set status does not map to status on the left: "
            "add it to the code set.",
            "status_cd (справа): значению 'ZZZ' нет соответствия для status (слева) в наборе кодов status. "
            "Добавьте его в набор.",
        ),
        (
            "On the right, the run would delete 6 records (of 8 linked); held until it is approved or no longer so.",
            "Запуск удалил бы справа записей: 6 (связано 8). Остановлен до разрешения или пока это так.",
        ),
        ("Not linked (ignored): decided by Ada Byron", "Не связана (пропущена). решение: Ada Byron"),
        (
            "On the left, the listing came back empty (of 8 linked); held until it is approved or no longer so. "
            "On the right, the run would delete 6 records (of 8 linked); held until it is approved or no longer so.",
            "Список слева пришёл пустым (связано 8). Остановлен до разрешения или пока это так. "
            "Запуск удалил бы справа записей: 6 (связано 8). Остановлен до разрешения или пока это так.",
        ),
        ("a change of records", "изменение записей"),
        ("Ada Byron, Olga Sokolova and 2 more", "Ada Byron, Olga Sokolova и ещё 2"),
        ("What a system said by itself.", "What a system said by itself."),
        ("It broke. Nobody knows why.", "It broke. Nobody knows why."),
    ],
)
def test_sentence_is_said_in_russian_and_its_names_and_values_stay(english, russian):
    with override("ru"):
        assert sayings.said(english) == russian
    with override("en"):
        assert sayings.said(english) == english


def test_markup_in_a_value_stays_text_in_the_page(client_of):
    from django.template import Context, Template

    with override("ru"):
        shown = Template("{{ text|said }}").render(Context({"text": "decided by <b>Eve</b>"}))
    assert shown == "решение: &lt;b&gt;Eve&lt;/b&gt;"


def test_what_pages_tell_of_a_firm_is_said_in_russian(tmp_path, db):
    """Every sentence of a life with conflicts, lookalikes, unmapped codes, a held run and an undo."""
    from tallystick.server.state.of_hub import looking, store
    from tallystick.server.state.pages import At
    from tallystick.server.state.queue import Wanted
    from tests.firm import Firm

    firm = Firm(tmp_path)
    firm.conflicts(2)
    firm.lookalikes()
    firm.unmapped(1)
    firm.crm("update contact set city = 'Kiel' where id = 2")
    firm.sync()
    firm.held()
    reasons = {one.reason for one in store().journal(limit=500) if one.reason}
    rules = {rule for one in store().journal(limit=500) for rule in one.rules.values()}
    messages = {
        str(one.review.evidence["message"])
        for one in looking().questions(Wanted(), At(rows=200)).rows
        if one.review.evidence.get("message")
    }
    answers: set[str] = set()
    with firm.workspace() as workspace:
        for system, kind, id_ in (
            ("crm", "contact", "1"),
            ("crm", "contact", "901"),
            ("crm", "contact", "801"),
            ("crm", "contact", "999"),
            ("register", "person", "901"),
        ):
            told = workspace.why(system, kind, id_)
            answers |= {told["answer"], *told["details"]}
    assert min(len(reasons | rules), len(messages), len(answers)) > 1
    with override("ru"):
        english = [text for text in reasons | rules | messages | answers if not CASED.search(sayings.said(text))]
    assert english == []
