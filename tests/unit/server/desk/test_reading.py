"""What an email says is read whatever its structure and character set; HTML becomes plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.server.desk.mail.reading import file_name, lines, plain, read

HEAD = b"From: Rita <rita@example.com>\r\nSubject: Lamp\r\n"


def made(*parts: str, kind: str = "mixed") -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    head = HEAD.decode() + f'Content-Type: multipart/{kind}; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
    return (head + body + "--b--\r\n").encode()


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nIt is dark."
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>It is <b>dark</b>.</p>"
FILE = (
    'Content-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    'Content-Disposition: attachment; filename="../../etc/plan.pdf"\r\n\r\nJVBERi0='
)


def test_plain_text_with_a_file_is_read():
    mail = read(made(TEXT, FILE))
    assert (mail.author, mail.author_name, mail.subject, mail.text) == (
        "rita@example.com",
        "Rita",
        "Lamp",
        "It is dark.",
    )
    assert [(one.name, one.media, one.content) for one in mail.files] == [("plan.pdf", "application/pdf", b"%PDF-")]


def test_html_beside_plain_text_is_left_out():
    mail = read(made(TEXT, HTML, kind="alternative"))
    assert (mail.text, mail.files) == ("It is dark.", ())


def test_html_beside_empty_plain_text_is_read():
    mail = read(made("Content-Type: text/plain\r\n\r\n  ", HTML, kind="alternative"))
    assert mail.text == "It is dark."


def test_html_alone_becomes_text_without_scripts_and_shows_where_links_lead():
    html = (
        "<html><head><style>p{color:red}</style><script>steal()</script></head><body><p>Dear desk,</p>"
        '<p style="display:none">unseen</p><p>see <a href="https://evil.example/">our page</a></p>'
        '<img src="https://evil.example/pixel.gif"></body></html>'
    )
    text = lines(plain(html))
    assert "Dear desk," in text
    assert "https://evil.example/" in text
    assert not any(word in text for word in ("steal", "unseen", "color", "pixel", "<"))


def test_html_that_is_nested_too_deeply_is_still_read():
    assert "deep inside" in plain("<div>" * 5_000 + "deep inside")


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("windows-1251", "Лампа не горит".encode("cp1251"), "Лампа не горит"),
        ("koi8-r", "Лампа не горит".encode("koi8-r"), "Лампа не горит"),
        ("iso-2022-jp", "照明が暗い".encode("iso-2022-jp"), "照明が暗い"),
        ("no-such-charset", "Übung".encode(), "Übung"),
        ("utf-8", "Übung".encode("cp1252"), "Übung"),
        ("us-ascii", b"It is\x00 dark\x07.", "It is dark."),
    ],
)
def test_character_sets_are_read_as_they_say_or_as_they_are(charset, raw, text):
    assert read(HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + raw).text == text


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?q?Lampe_gr=C3=BCn?=", "Lampe grün"),
        (b"=?koi8-r?b?7MHN0ME=?=", "Лампа"),
        ("Лампа".encode(), "Лампа"),
        (b"=?nonsense?q?Lamp?=", "Lamp"),
        (b"=?utf-8?b?bad base64?=", "=?utf-8?b?bad base64?="),
        ("\u202egnp.exe".encode(), "gnp.exe"),
        (b"one\r\n two", "one two"),
    ],
)
def test_subjects_are_read_whatever_their_encoding(header, subject):
    assert read(b"From: a@example.org\r\nSubject: " + header + b"\r\n\r\nText").subject == subject


def test_what_our_letter_said_below_an_answer_is_left_out():
    raw = HEAD + b"\r\nIt is the left one.\r\n\r\n> ##- Please write above this line -##\r\n>\r\n> Your email is here."
    assert read(raw).text == "It is the left one."


def test_answered_ids_stand_nearest_first():
    raw = HEAD + b"In-Reply-To: <c@x>\r\nReferences: <a@x> <b@x>\r\n <c@x>\r\nMessage-ID: <d@x>\r\n\r\nText"
    mail = read(raw)
    assert (mail.message_id, mail.answers) == ("d@x", ("c@x", "b@x", "a@x"))


def test_email_inside_an_email_is_a_file():
    inner = "Content-Type: message/rfc822\r\n\r\nFrom: x@example.org\r\nSubject: Inner\r\n\r\nInner text"
    mail = read(made(TEXT, inner))
    assert [one.name for one in mail.files] == ["file-1.eml"]
    assert b"Inner text" in mail.files[0].content


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("C:\\temp\\plan.pdf", "plan.pdf"),
        ("../..", ""),
        ("a\r\nb.txt", "a b.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_names_of_files_have_no_path_and_nothing_unseen(given_name, name):
    assert file_name(given_name) == name


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_anything_is_read_without_an_error(noise):
    for raw in (
        noise,
        HEAD + noise,
        made(noise.decode("latin-1"), TEXT),
        b"Content-Type: " + noise + b"\r\n\r\n" + noise,
    ):
        mail = read(raw)
        (mail.text + mail.subject + mail.author + mail.author_name).encode("utf-8")
        assert "\0" not in mail.text + mail.subject + mail.author_name
