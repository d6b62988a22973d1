"""The editor, files in and out. What is wrong with a document is told at its line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import ChangedMeanwhile, DocumentError, DocumentErrors, InputRefused
from tallystick.server.connections.models import Connection
from tallystick.server.designer.documents import read
from tallystick.server.designer.domain import change, transfer
from tallystick.server.designer.views.pages import crumbs
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.toasts import toast

ADD, CHANGE, VIEW = "designer.add_integration", "designer.change_integration", "designer.view_integration"
STARTER = """\
integration: my-integration
title: My integration
systems:
  left: {connection: %(left)s}
  right: {connection: %(right)s}
flows:
  - flow: people
    left: {system: left, record: person}
    right: {system: right, record: person}
    fields:
      - {left: name, right: name}
    match: {definite: [[name]]}
    schedule: every 5 minutes
"""


@needs(ADD)
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    context: dict[str, Any] = {"text": request.POST.get("text", ""), "crumbs": crumbs()}
    if request.method == "POST":
        try:
            made = change.create(request_actor(request), context["text"], comment=request.POST.get("comment", ""))
        except DocumentErrors as error:
            context["faults"] = error.faults
        except InputRefused as error:
            context["message"] = error
        else:
            toast(request, _("{name} was made. Look at what it would do, then enable it.").format(name=made))
            return redirect("designer:one", made.name)
    else:
        names = [*Connection.objects.order_by("pk").values_list("name", flat=True)[:2], "crm", "register"]
        context["text"] = STARTER % {"left": names[0], "right": names[1]}
    return render(request, "designer/edit.html", context, status=_status(context))


@needs(CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    integration = change.integration_of(name)
    current = change.current_of(integration)
    context: dict[str, Any] = {
        "integration": integration,
        "text": current.text,
        "seen": current.number,
        "crumbs": [*crumbs(), (str(integration), reverse("designer:one", args=[name]))],
    }
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        context |= {"text": request.POST.get("text", ""), "seen": seen, "comment": request.POST.get("comment", "")}
        try:
            version = change.save(
                request_actor(request),
                name,
                context["text"],
                comment=context["comment"],
                seen=int(seen) if seen.isdecimal() else None,
            )
        except DocumentErrors as error:
            context["faults"] = error.faults
        except ChangedMeanwhile as error:
            context |= {"message": error, "newer": current}
        else:
            if version.number == current.number:
                toast(request, _("Nothing is different; version {number} stays.").format(number=version.number))
            else:
                toast(request, _("Version {number} was saved.").format(number=version.number))
            return redirect("designer:one", name)
    return render(request, "designer/edit.html", context, status=_status(context))


@needs(ADD, CHANGE)
@never_cache
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """A fragment: every fault of the text in the editor."""
    context: dict[str, Any] = {"is_live": True}
    try:
        loaded = read(request.POST.get("text", ""))
    except DocumentErrors as error:
        context["faults"] = error.faults
    else:
        context["flow_count"] = len(loaded.integration.flows)
    return render(request, "designer/faults.html", context)


@needs(ADD, CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """First the file, then what it leaves open."""
    context: dict[str, Any] = {"crumbs": crumbs(), "text": request.POST.get("text", "")}
    if request.method == "POST":
        try:
            context["text"] = text = _uploaded(request) or context["text"]
            names = [key for key in request.POST if key.startswith("value-")]
            values = {name.removeprefix("value-"): request.POST.get(name, "") for name in names}
            needed = transfer.needed(text)
            context["needed"] = [(one, one.name.removeprefix("secret:")) for one in needed]
            if not needed or any(values.values()):
                done = transfer.import_file(request_actor(request), text, values=values)
                toast(request, _imported(done))
                return redirect("designer:one", done.integration.name)
            context["is_asking"] = True
        except DocumentErrors as error:
            context["faults"] = error.faults
        except InputRefused as error:
            context["message"] = error
    return render(request, "designer/import.html", context, status=_status(context))


@needs(VIEW)
@require_safe
def export(request: HttpRequest, name: str) -> HttpResponse:
    asked = request.GET.get("version", "")
    text = transfer.export(
        request_actor(request), name, number=int(asked) if asked.isdecimal() and len(asked) < 9 else None
    )
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return answer


def _uploaded(request: HttpRequest) -> str:
    """The text of the file that was chosen, or nothing. Raises DocumentErrors for one that is no text."""
    from tallystick.spec.text import decode

    file = request.FILES.get("file")
    if file is None:
        return ""
    if (file.size or 0) > 4 * 2**20:
        fault = DocumentError(
            _("The file is larger than 4 MiB."), hint=_("An integration is far smaller; is it the right file?")
        )
        raise DocumentErrors((fault,))
    return decode(file.read(), str(file.name))


def _imported(done: transfer.Imported) -> str:
    if done.made:
        return _("{name} was imported; connections were added: {connections}.").format(
            name=done.integration, connections=", ".join(done.made)
        )
    return _("{name} was imported.").format(name=done.integration)


def _status(context: dict[str, Any]) -> int:
    return 422 if context.get("faults") or context.get("message") else 200
