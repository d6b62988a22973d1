"""Weights are learned, looked at, switched on and judged from the command line (E14, E17, A22)."""

from __future__ import annotations

import random

import pytest

from tallystick.spec import load

FIRST = ("Ada", "Bela", "Carl", "Dora", "Emil", "Frida", "Gert", "Hanna", "Igor", "Jana", "Karl", "Lena", "Mira")
LAST = ("Adler", "Brandt", "Conrad", "Dietz", "Engel", "Fuchs", "Graf", "Hahn", "Iske", "Jung", "Keller", "Lang")
TRUE = 60


@pytest.fixture
def people(firm):
    """Sixty people on both sides, ten on the left alone and ten on the right alone; no rule links them."""
    rng = random.Random(7)
    names = rng.sample([f"{first} {last}" for first in FIRST for last in LAST], TRUE + 20)
    for number, name in enumerate(names):
        mail, phone = f"{name.replace(' ', '.').lower()}{number}@example.org", f"+49 30 {rng.randrange(10**7):07}"
        if number < TRUE + 10:
            mine = "" if number % 7 == 1 else mail
            firm.crm("INSERT INTO contact (name, email, phone) VALUES (?, ?, ?)", name, mine or None, phone)
        if number < TRUE or number >= TRUE + 10:
            wrong = name.replace("e", "a", 1) if number % 5 == 2 else name
            other = f"+49 40 {rng.randrange(10**7):07}" if number % 6 == 3 else phone
            firm.register("INSERT INTO person VALUES (?, ?, ?, ?)", 1000 + number, wrong, mail, other)
    firm.edit("    match: {definite: [[email]]}\n", "    on: {new_left: ignore, new_right: ignore}  # for now\n")
    return firm


def test_weights_are_trained_put_into_the_file_and_used_E14(people):
    firm = people
    answer = firm("match", "train", firm.file, "--field", "phone=phone", "--json").json
    assert (answer["flow"], answer["records"], answer["answers"]) == ("people", {"left": 70, "right": 70}, 0)
    assert 50 <= answer["pairs"] <= 70
    fields = answer["weights"]["fields"]
    assert {name: of["as"] for name, of in fields.items()} == {"email": "email", "name": "text", "phone": "phone"}
    assert all(of["same"] > 3 > 0 > of["other"] for of in fields.values())
    before = firm.file.read_text(encoding="utf-8")
    weights = firm.folder / "people.weights.yaml"
    assert answer["file"] == str(weights)

    used = firm("match", "use", firm.file, weights)
    assert used.code == 0, used.err
    text = firm.file.read_text(encoding="utf-8")
    assert "# for now" in text
    assert text != before
    assert set(load(firm.file).integration.flows[0].match.weights.fields) == set(fields)
    assert firm("check", firm.file).code == 0

    firm("sync", firm.file, "--json")
    links = [
        link for link in firm("links", "export", firm.file, "--json").json["links"] if link["left"] and link["right"]
    ]
    assert len(links) >= 0.9 * TRUE
    (rule,) = firm("match", "rules", firm.file, "--json").json["flows"]["people"]
    assert rule == {
        "rule": "weights",
        "linked": len(links),
        "undone": 0,
        "confirmed": 0,
        "refused": 0,
        "precision": 1.0,
    }
    assert "weights" in firm("match", "rules", firm.file).out


def test_the_same_records_give_the_same_weights(people):
    firm = people
    one, other = (firm("match", "train", firm.file, "--json").json["weights"] for _ in range(2))
    assert one == other


def test_undone_links_count_against_their_rule_E17_E33(people):
    firm = people
    firm("match", "train", firm.file)
    firm("match", "use", firm.file, firm.folder / "people.weights.yaml")
    run = firm("sync", firm.file, "--json").json["run"]
    linked = firm("match", "rules", firm.file, "--json").json["flows"]["people"][0]["linked"]
    assert linked > 0
    assert firm("undo", run, "--approve", "--json").code in (0, 1)
    (rule,) = firm("match", "rules", firm.file, "--json").json["flows"]["people"]
    assert (rule["linked"], rule["undone"], rule["precision"]) == (0, linked, 0.0)


def test_training_tells_what_would_change_on_answered_questions_E17_A22(people):
    """Asked by a loose rule, answered by a person: the weights would have linked what the person linked."""
    firm = people
    firm.edit(
        "    on: {new_left",
        "    match: {possible: [{block: email, compare: {name: name, phone: phone}, at_least: 40%}]}\n"
        "    on: {new_left",
    )
    firm("sync", firm.file)
    numbers = [one["id"] for one in firm("review", "list", "--file", firm.file, "--json").json["reviews"]]
    assert len(numbers) >= 6
    for number in numbers[:6]:
        firm("review", "decide", number, "--take", "link", "--file", firm.file)
    answer = firm("match", "train", firm.file, "--json").json
    assert answer["answers"] == 6
    assert (
        answer["before"] | {"cases": 3, "pairs": 3, "right": 0, "wrong": 0, "asked": 3, "offered": 3}
        == answer["before"]
    )
    assert answer["after"]["right"] + answer["after"]["asked"] == 3
    assert answer["after"]["wrong"] == 0
    said = firm("match", "train", firm.file).out
    assert "Of 6 answered questions" in said
    assert "weighed" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train", "--field", "colour=text"], 2, "Flow people has no field colour that both sides have."),
        (["train", "--field", "name=colour"], 2, "'name=colour' is not NAME=KIND"),
        (["train", "--flow", "pets"], 2, "There is no flow 'pets'."),
    ],
)
def test_wrong_calls_are_refused_in_a_sentence(firm, words, code, said):
    firm.add(3)
    found = firm("match", words[0], firm.file, *words[1:])
    assert found.code == code
    assert said in found.err


def test_too_few_records_are_refused_and_nothing_is_written(firm):
    firm.add(3)
    found = firm("match", "train", firm.file)
    assert (found.code, "too few to learn weights from" in found.err) == (2, True)
    assert not (firm.folder / "people.weights.yaml").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flow: people\n", "holds no weights"),
        ("flow: pets\nmatch: {weights: {start: 1}}\n", "There is no flow 'pets'."),
        ("flow: people\nmatch: {weights: {start: much}}\n", "start"),
        ("flow: people\nmatch: {weights: ]\n", ":2:"),
    ],
)
def test_faulty_weights_leave_the_file_as_it_was(firm, text, said):
    before = firm.file.read_text(encoding="utf-8")
    weights = firm.folder / "w.yaml"
    weights.write_text(text, encoding="utf-8")
    found = firm("match", "use", firm.file, weights)
    assert (found.code, found.out) == (2, "")
    assert said in found.err
    assert firm.file.read_text(encoding="utf-8") == before
