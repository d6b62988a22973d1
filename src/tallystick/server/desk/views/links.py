"""Pages behind links in emails: whoever has the link sees what it is about, and only sending the form answers (S8)."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tallystick.errors import InputRefused
from tallystick.server.desk.domain import cases, help_desk, replying
from tallystick.server.ui.forms import add_faults


class ReplyForm(forms.Form):
    text = forms.CharField(label=_("Your answer"), widget=forms.Textarea(attrs={"rows": 6}), max_length=32_000)


class SatisfiedForm(forms.Form):
    marks_optional = False
    remark = forms.CharField(
        label=_("Anything to say?"), widget=forms.Textarea(attrs={"rows": 4}), max_length=8_000, required=False
    )


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, order_id: str, token: str) -> HttpResponse:
    """The page of a request for information. A mail scanner that opens the link changes nothing."""
    address = _address(request)
    if request.method != "POST":
        shown = replying.show(order_id, token, address=address)
        return render(request, "desk/reply.html", {"shown": shown, "form": ReplyForm(), "mark": shown.form})
    form = ReplyForm(request.POST)
    mark = request.POST.get("mark", "")[:400]
    form.is_valid()
    try:
        is_first = replying.answer_by_link(
            order_id, token, form=mark, text=str(form.cleaned_data.get("text", "")), address=address
        )
    except InputRefused as error:
        if not form.errors:
            add_faults(form, error)
        shown = replying.show(order_id, token, address=address)
        context = {"shown": shown, "form": form, "mark": mark}
        return render(request, "desk/reply.html", context, status=422)
    return render(request, "desk/replied.html", {"is_first": is_first})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def satisfied(request: HttpRequest, token: str) -> HttpResponse:
    """The page that asks a requester whether they are satisfied."""
    address = _address(request)
    if request.method != "POST" or request.POST.get("satisfied") not in ("yes", "no"):
        asked = cases.show(token, address=address)
        context = {"asked": asked, "called": help_desk.called(asked.case), "form": SatisfiedForm()}
        return render(request, "desk/satisfied.html", context)
    form = SatisfiedForm(request.POST)
    form.is_valid()
    is_satisfied = request.POST["satisfied"] == "yes"
    cases.answer(token, is_satisfied=is_satisfied, remark=str(form.cleaned_data.get("remark", "")), address=address)
    return render(request, "desk/thanks.html", {"is_satisfied": is_satisfied})


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR") or "")
