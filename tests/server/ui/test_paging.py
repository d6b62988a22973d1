"""Pages by key."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from tallystick.server.people.models import AuditEntry, User
from tallystick.server.ui.paging import page_of

NAMES = ["Ada", "Ada", "Ada", "Ben", "Cyd", "Dora", "Eve"]


@pytest.fixture
def seven(db: None) -> None:
    User.objects.bulk_create(User(name=name, email=f"{number}@example.org") for number, name in enumerate(NAMES))


def _walk(order, size, way="next"):
    query, seen = QueryDict("q=x"), []
    while True:
        page = page_of(User.objects.all(), query, order=order, size=size)
        seen.append([(row.name, row.email[0]) for row in page.rows])
        if not page.next:
            return seen, page
        assert "q=x" in page.next
        query = QueryDict(page.next)


@pytest.mark.parametrize("order", [("name", "id"), ("-name", "id"), ("name", "-id"), ("-id",)])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
@pytest.mark.usefixtures("seven")
def test_pages_give_every_row_once_in_order_and_the_same_backwards(order, size):
    pages, last = _walk(order, size)
    rows = [row for page in pages for row in page]
    assert rows == [(user.name, user.email[0]) for user in User.objects.order_by(*order)]
    back = [pages[-1]]
    while last.previous:
        last = page_of(User.objects.all(), QueryDict(last.previous), order=order, size=size)
        back.insert(0, [(row.name, row.email[0]) for row in last.rows])
    assert back == pages


@pytest.mark.parametrize("edge", ["after=nonsense", "after=WyJ4Il0", "before=%00", "after=", "after=WyJ4IiwgInkiXQ"])
@pytest.mark.usefixtures("seven")
def test_edge_that_cannot_be_read_gives_the_first_page(edge):
    page = page_of(User.objects.all(), QueryDict(edge), order=("name", "id"), size=2)
    assert [row.name for row in page.rows] == ["Ada", "Ada"]
    assert page.previous == ""


@pytest.mark.usefixtures("seven")
def test_count_stops_counting(django_assert_num_queries):
    with django_assert_num_queries(2):
        page = page_of(User.objects.all(), QueryDict(), order=("name", "id"), size=2, counted=5)
    assert (page.count, page.is_more) == (5, True)
    page = page_of(User.objects.all(), QueryDict(), order=("name", "id"), size=2, counted=7)
    assert (page.count, page.is_more) == (7, False)


def test_empty_list_has_no_pages(db):
    page = page_of(AuditEntry.objects.all(), QueryDict(), order=("-at", "-id"))
    assert (len(page), page.count, page.next, page.previous) == (0, 0, "", "")


def test_rows_with_times_are_paged(db):
    AuditEntry.objects.bulk_create(AuditEntry(action=f"a.{n}", by="") for n in range(5))
    page = page_of(AuditEntry.objects.all(), QueryDict(), order=("-at", "-id"), size=3)
    following = page_of(AuditEntry.objects.all(), QueryDict(page.next), order=("-at", "-id"), size=3)
    assert [row.action for row in [*page.rows, *following.rows]] == ["a.4", "a.3", "a.2", "a.1", "a.0"]
