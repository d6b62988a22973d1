"""Contacts: what a vCard says, and changing it without touching anything else."""

import base64
import difflib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.dav.card import Cards
from tallystick.connectors.dav.text import decode
from tallystick.errors import RecordError

CARDS = Cards(extra={"crm_id": "X-CRM-ID"})
NAMES = [field.name for field in CARDS.fields]
SINGLE = [
    name
    for name in NAMES
    if name.startswith(("phone_", "address_", "email"))
    or name
    in (
        "first_name",
        "last_name",
        "middle_name",
        "prefix",
        "suffix",
        "full_name",
        "nickname",
        "company",
        "department",
        "job_title",
        "role",
        "note",
        "crm_id",
    )
    if name != "emails"
]
WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n"), min_size=1, max_size=90
).map(lambda text: unicodedata.normalize("NFC", text))
CARD_3 = """BEGIN:VCARD
VERSION:3.0
UID:1
FN:Ann Other
N:Other;Ann;;;
TEL;TYPE=CELL:1
X-OWN;A=b:c
END:VCARD
""".replace("\n", "\r\n")


def sample_cards(samples):
    return {file.name: decode(file.read_bytes()) for file in sorted((samples / "vcard").glob("*.vcf"))}


def changed_lines(before, after):
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in diff if not line.startswith(("---", "+++", "@@"))]


def test_reading_and_writing_nothing_new_gives_the_same_octets_in_every_sample(samples):
    for name, body in sample_cards(samples).items():
        values = CARDS.read(body, NAMES)
        assert CARDS.patched(body, values, ()) == body, name
        assert CARDS.patched(body, {}, ()) == body, name


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            "outlook-2003.vcf",
            {
                "company": "Company, The",
                "department": "TheDepartment",
                "phone_fax": "BusinessFaxPhone",
                "note": "This is the note field!!\nSecond line\n\nThird line is empty\n",
                "birthday": "1980-03-21",
                "revised_at": "2012-10-12T21:05:25Z",
                "suffix": "III",
                "phone_mobile": "MobilePhone",
            },
        ),
        (
            "rfc6350-example.vcf",
            {
                "phone_work": "+1-418-656-9254;ext=102",
                "phone_mobile": "+1-418-262-6501",
                "birthday": None,
                "suffix": "ing. jr,M.Sc.",
                "address_work_zip": "G1V 2M2",
                "email_work": "simon.perreault@viagenie.ca",
            },
        ),
        (
            "gmail-single2.vcf",
            {
                "email1": "email@example.com",
                "email_work": "workemail@example.com",
                "url": "http://www.example1.com",
                "address_other_street": "111 Main St",
                "address_work_city": "NY",
                "phone_pager": "5555551120",
            },
        ),
        (
            "John_Doe_EVOLUTION.vcf",
            {
                "middle_name": "Richter, James",
                "prefix": "Mr.",
                "categories": '["VIP"]',
                "address_home_country": "United States of America",
            },
        ),
        ("John_Doe_IPHONE.vcf", {"address_work_street": "Street4\nBuilding 6\nFloor 8", "phone_home": "905-666-1234"}),
    ],
)
def test_real_exports_are_read(samples, file, expected):
    assert CARDS.read(sample_cards(samples)[file], list(expected)) == expected


def test_names_in_quoted_printable_are_read(samples):
    body = sample_cards(samples)["John_Doe_ANDROID.vcf"].split("END:VCARD")[4] + "END:VCARD\r\n"
    assert CARDS.read(body.lstrip(), ["company", "first_name"]) == {"company": "Ñ" * 12, "first_name": "Ñ Ñ Ñ "}


def test_pictures_are_read_from_every_version(samples):
    for name in ("John_Doe_IPHONE.vcf", "outlook-2007.vcf", "John_Doe_BLACK_BERRY.vcf"):
        photo = CARDS.read(sample_cards(samples)[name], ["photo"])["photo"]
        assert base64.b64decode(photo).startswith(b"\xff\xd8\xff"), name


@given(st.data())
def test_value_written_is_read_and_no_other_line_is_touched(samples, data):
    bodies = sample_cards(samples)
    body = bodies[data.draw(st.sampled_from(sorted(bodies)))]
    name = data.draw(st.sampled_from(SINGLE))
    value = data.draw(
        WORDS if "phone" not in name and "email" not in name else st.from_regex(r"[0-9a-z@.+ ]{1,40}", fullmatch=True)
    )
    after = CARDS.patched(body, {name: value}, NAMES)
    assert CARDS.read(after, [name]) == {name: value}
    others = [other for other in NAMES if not _related(name, other)]
    assert CARDS.read(after, others) == CARDS.read(body, others)
    untouched = [
        line for line in body.split("\n") if line.startswith(("X-", "PHOTO", "KEY", "REV", "BEGIN", "item1.X"))
    ]
    assert [line for line in after.split("\n") if line.startswith(("X-", "PHOTO", "KEY", "REV", "BEGIN", "item1.X"))][
        : len(untouched)
    ] == untouched or name == "crm_id"
    assert CARDS.patched(after, {name: value}, NAMES) == after, "writing it again changes nothing"


def _related(name, other):
    if other in (name, "vcard") or (name.startswith("email") and other.startswith("email")):
        return True
    if name.startswith("phone") and other.startswith("phone"):
        return True
    return other == "full_name"


def test_only_the_line_of_the_field_changes():
    after = CARDS.patched(CARD_3, {"phone_mobile": "2"}, ())
    assert changed_lines(CARD_3, after) == ["-TEL;TYPE=CELL:1", "+TEL;TYPE=CELL:2"]


def test_null_takes_the_line_out_and_only_its_part_of_a_name():
    after = CARDS.patched(CARD_3, {"phone_mobile": None, "first_name": None}, ("full_name",))
    assert changed_lines(CARD_3, after) == ["-N:Other;Ann;;;", "-TEL;TYPE=CELL:1", "+N:Other;;;;"]


def test_label_that_only_belongs_to_a_line_goes_with_it():
    body = CARD_3.replace("TEL;TYPE=CELL:1\r\n", "item1.TEL;TYPE=CELL:1\r\nitem1.X-ABLabel:Own\r\n")
    assert "item1" not in CARDS.patched(body, {"phone_mobile": None}, ())


def test_display_name_follows_the_names_it_was_made_of():
    assert CARDS.read(CARDS.patched(CARD_3, {"last_name": "New"}, ()), ["full_name"]) == {"full_name": "Ann New"}


def test_display_name_that_somebody_maps_or_chose_is_left_alone():
    assert CARDS.read(CARDS.patched(CARD_3, {"last_name": "New"}, ("full_name",)), ["full_name"]) == {
        "full_name": "Ann Other"
    }
    chosen = CARD_3.replace("FN:Ann Other", "FN:The Boss")
    assert CARDS.read(CARDS.patched(chosen, {"last_name": "New"}, ()), ["full_name"]) == {"full_name": "The Boss"}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"first_name": "Ann", "last_name": "Other"}, "Ann Other"),
        ({"company": "Acme"}, "Acme"),
        ({"email1": "a@b.example"}, "a@b.example"),
        ({"note": "x"}, "Unnamed"),
        ({"full_name": "Boss", "last_name": "Other"}, "Boss"),
    ],
)
def test_created_contact_has_the_required_display_name(values, shown):
    body = CARDS.created(values, "id-1")
    assert CARDS.read(body, ["full_name", "uid", *values]) == {"full_name": shown, "uid": "id-1", **values}
    assert "\r\nN:" in body


def test_created_contact_is_valid_for_another_library():
    import vobject

    values = {
        "first_name": "Zoë",
        "last_name": "O'Hara; \\ , x",
        "note": "a\nb" * 60,
        "categories": '["A;B","C,D"]',
        "phone_work": "+1 2",
        "email_work": "a@b.example",
        "address_work_street": "1\n2",
        "address_work_city": "C",
        "birthday": "1980-01-02",
        "company": "A;B",
        "department": "D",
    }
    card = vobject.readOne(CARDS.created(values, "id-1"))
    assert (card.n.value.given, card.n.value.family, card.note.value) == ("Zoë", "O'Hara; \\ , x", "a\nb" * 60)
    assert card.org.value == ["A;B", "D"]
    assert (card.adr.value.street, card.adr.value.city) == ("1\n2", "C")


def test_all_numbers_can_be_written_and_those_that_stay_keep_their_types():
    body = CARD_3.replace("X-OWN", "TEL;TYPE=WORK:2\r\nX-OWN")
    after = CARDS.patched(body, {"phones": '["3","2"]'}, ())
    assert CARDS.read(after, ["phones", "phone_work", "phone_mobile"]) == {
        "phones": '["3","2"]',
        "phone_work": "2",
        "phone_mobile": None,
    }


def test_number_of_vcard_4_stays_a_uri_and_reads_like_text():
    body = CARD_3.replace("VERSION:3.0", "VERSION:4.0").replace("TEL;TYPE=CELL:1", "TEL;VALUE=uri;TYPE=cell:tel:+1-2")
    text = CARD_3.replace("TEL;TYPE=CELL:1", "TEL;TYPE=CELL:+1-2")
    assert CARDS.read(body, ["phone_mobile"]) == CARDS.read(text, ["phone_mobile"]) == {"phone_mobile": "+1-2"}
    assert "TEL;VALUE=uri;TYPE=cell:tel:+1-3\r\n" in CARDS.patched(body, {"phone_mobile": "+1-3"}, ())
    assert "TEL;TYPE=cell:ask Bob\r\n" in CARDS.patched(body, {"phone_mobile": "ask Bob"}, ())


@pytest.mark.parametrize("raw", ["--0203", "1985-13-41", "circa 1800", ""])
def test_birthday_without_a_date_reads_as_null_and_stays(raw):
    body = CARD_3.replace("X-OWN", f"BDAY:{raw}\r\nX-OWN")
    assert CARDS.read(body, ["birthday"]) == {"birthday": None}
    assert CARDS.patched(body, {"birthday": None}, ()) == body


def test_version_2_1_stays_what_it_is(samples):
    body = sample_cards(samples)["outlook-2003.vcf"]
    after = CARDS.patched(
        body, {"note": "Zoë; \\ =\nsecond " * 9, "last_name": "Müller; x", "phone_home": "1;2"}, NAMES
    )
    assert CARDS.read(after, ["note", "last_name", "first_name", "phone_home"]) == {
        "note": "Zoë; \\ =\nsecond " * 9,
        "last_name": "Müller; x",
        "first_name": "John",
        "phone_home": "1;2",
    }
    assert "VERSION:2.1" in after


def test_picture_is_written_in_the_manner_of_each_version():
    picture = base64.b64encode(b"\x89PNG" + bytes(range(200))).decode()
    for version in ("2.1", "3.0", "4.0"):
        after = CARDS.patched(CARD_3.replace("VERSION:3.0", f"VERSION:{version}"), {"photo": picture}, ())
        assert CARDS.read(after, ["photo"]) == {"photo": picture}, version


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"birthday": "2026-02-30"}, "The field birthday needs a date such as 2026-11-22."),
        ({"categories": "x"}, 'The field categories takes a list of texts such as ["A","B"].'),
        ({"is_private": "yes"}, "The field is_private takes true or false."),
        ({"photo": "?"}, "The field photo takes a picture in base64."),
        ({"note": "a\x07"}, "The field note holds a control character, which cannot be stored."),
        (
            {"categories": '["a\\u0007"]'},
            "The field categories holds a control character, which cannot be stored.",
        ),
        ({"revised_at": "2026-11-22T00:00:00Z"}, "The field revised_at can only be read."),
        ({"uid": "other"}, "The unique id of an existing contact cannot be changed."),
        ({"nonsense": "x"}, "There is no field nonsense."),
    ],
)
def test_what_a_contact_cannot_hold_is_refused_in_a_sentence_E7(values, fault):
    with pytest.raises(RecordError) as caught:
        CARDS.patched(CARD_3, values, ())
    assert caught.value.message == fault


def test_whole_card_is_restored_as_it_was_E33(samples):
    for name, body in sample_cards(samples).items():
        values = CARDS.read(body, NAMES)
        assert CARDS.created(values, "ignored") == body, name


def test_nickname_without_a_version_line_and_no_card_at_all():
    assert CARDS.read("BEGIN:VCARD\nNICKNAME:N\nEND:VCARD", ["nickname"]) == {"nickname": "N"}
    with pytest.raises(RecordError):
        CARDS.read("<html>", ["note"])
    with pytest.raises(RecordError):
        CARDS.holds("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
