"""The inbox of the demo: what the hub sent to whomever, with its links; and a way to write back as they would."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tallystick.errors import InputRefused, NotFound
from tallystick.server.configuration import MailIntake
from tallystick.server.demo import inbox as post
from tallystick.server.demo.inbox import Draft
from tallystick.server.desk.mail.reading import File, file_name
from tallystick.server.people.actor import for_everyone
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

LARGEST_BYTES: Final = 50_000_000


class DraftForm(forms.Form):
    marks_optional = False
    author = forms.EmailField(label=gettext_lazy("From"), initial="rita@requesters.example")
    to = forms.EmailField(label=gettext_lazy("To"))
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 8}), max_length=200_000)
    file = forms.FileField(label=gettext_lazy("File"), required=False)
    answers = forms.CharField(required=False, widget=forms.HiddenInput, max_length=300)


@for_everyone
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "")[:200]
    rows = post.letters(_folder(), words)
    return render(request, "demo/inbox.html", {"rows": rows, "words": words})


@for_everyone
@never_cache
@require_safe
def letter(request: HttpRequest, name: str) -> HttpResponse:
    found = post.letter_of(_folder(), name)
    crumbs = [(_("Inbox of the demo"), reverse("demo:inbox"))]
    return render(request, "demo/letter.html", {"one": found, "crumbs": crumbs})


@for_everyone
@never_cache
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Writes to the desk as whoever; with `answers` the answer to a letter."""
    place = _place()
    if request.method == "POST":
        form = DraftForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                post.send(place, _draft(form.cleaned_data))
            except InputRefused as error:
                add_faults(form, error)
            else:
                toast(request, _("Sent. The desk has it in a moment."))
                return redirect("demo:inbox")
    else:
        form = DraftForm(initial=_begun(request, place))
    crumbs = [(_("Inbox of the demo"), reverse("demo:inbox"))]
    context = {"form": form, "crumbs": crumbs}
    return render(request, "demo/write.html", context, status=422 if form.errors else 200)


def _begun(request: HttpRequest, place: MailIntake) -> dict[str, Any]:
    answered = request.GET.get("answers", "")
    if not answered:
        return {"to": place.address}
    found = post.letter_of(_folder(), answered)
    return {
        "author": found.to,
        "to": found.reply_to or place.address,
        "subject": f"Re: {found.mail.subject}"[:200],
        "answers": found.mail.message_id,
    }


def _draft(given: dict[str, Any]) -> Draft:
    file = given["file"]
    files: tuple[File, ...] = ()
    if file is not None:
        if file.size > LARGEST_BYTES:
            raise InputRefused(_("Nothing was sent."), fields={"file": _("This file is too large even to try.")})
        media = file.content_type or "application/octet-stream"
        files = (File(name=file_name(file.name) or "file", media=media, content=file.read()),)
    return Draft(
        author=given["author"],
        to=given["to"],
        subject=" ".join(given["subject"].split()),
        text=given["text"],
        answers=given["answers"] if given["answers"].isascii() and given["answers"].isprintable() else "",
        files=files,
    )


def _folder() -> Path:
    """Raises NotFound."""
    folder: Path | None = settings.CONFIGURATION.inbox
    if folder is None:
        raise NotFound(_("There is no such page."), hint=_("Only the demo has an inbox."))
    return folder


def _place() -> MailIntake:
    """Raises NotFound."""
    _folder()
    place: MailIntake | None = settings.CONFIGURATION.mail_intake
    if place is None:
        raise NotFound(_("This hub takes no emails."), hint=_("The demo does."))
    return place
