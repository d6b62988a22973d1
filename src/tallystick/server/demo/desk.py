"""Maintenance of the demo: its lists, a technician, and cases that asked for work. Made once."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Final

from tallystick.server.demo.beginning import AGENT, Tell

_PHOTO: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f6173855"
    "0000000049454e44ae426082"
)
"""A picture of one dark pixel."""
TECHNICIAN: Final = "theo@tallystick.example"
PROBLEMS: Final = (
    ("EL", "Electrical", ""),
    ("EL1", "Lamp is dark", "EL"),
    ("EL2", "Socket without power", "EL"),
    ("HE", "Heating and cooling", ""),
    ("HE1", "Too cold", "HE"),
    ("HE2", "Server room too warm", "HE"),
    ("IT", "Workplace", ""),
    ("IT1", "Device is to be exchanged", "IT"),
    ("IT2", "Cable or network socket", "IT"),
)
SHOPS: Final = (("S1", "Electricians"), ("S2", "Heating"), ("S3", "Workplace services"))
PRIORITIES: Final = (("1", "At once", "1"), ("2", "This week", "2"), ("3", "When there is time", "3"))
ASKED: Final = (("EL1", "S1", "2"), ("IT1", "S3", "2"), ("HE2", "S2", "1"), ("IT2", "S3", "3"), ("IT1", "S9", "9"))
"""Problem, shop and priority of what was asked for; the last one is refused."""


def make_desk(password: str, tell: Tell) -> None:
    """What maintenance offers, and five requests to it: one done, one asked about, one refused."""
    from tallystick.server.desk.domain import help_desk, replying, technician
    from tallystick.server.desk.domain.help_desk import Wanted
    from tallystick.server.desk.domain.technician import Doing
    from tallystick.server.desk.models import WorkOrder, WorkPriority
    from tallystick.server.messages import partners
    from tallystick.server.messages.models import Role as PeerRole
    from tallystick.server.people.actor import actor_of, system_actor
    from tallystick.server.people.domain.roles import Role
    from tallystick.server.people.domain.users import create_user
    from tallystick.server.people.models import User
    from tallystick.server.records.domain import actions
    from tallystick.server.records.models import Case

    if WorkPriority.objects.exists():
        return
    actor = system_actor("Demo", via="first start")
    if not User.objects.filter(email=TECHNICIAN).exists():
        create_user(actor, email=TECHNICIAN, name="Theo Brandt", roles=[Role.TECHNICIAN.value], password=password)
    theo = User.objects.get(email=TECHNICIAN)
    ids: dict[str, str] = {}
    for code, name, parent in PROBLEMS:
        ids[code] = actions.create(actor, "problem", {"code": code, "name": name, "parent": ids.get(parent)}).id
    for code, name in SHOPS:
        actions.create(actor, "shop", {"code": code, "name": name})
    actions.create(actor, "work_status", {"code": "PARTS", "name": "Waiting for parts", "meaning": "on_hold"})
    for code, name, rank in PRIORITIES:
        actions.create(actor, "work_priority", {"code": code, "name": name, "rank": rank})
    worker = {"first_name": "Theo", "last_name": "Brandt", "roles": '["worker"]', "user": str(theo.pk)}
    actions.create(actor, "person", worker)
    agent, worker_actor = actor_of(User.objects.get(email=AGENT)), actor_of(theo)
    maintenance = partners.own(PeerRole.MAINTENANCE)
    open_ = Case.objects.filter(kind=help_desk.FOR, status__in=("open", "in_progress"), gone_at__isnull=True)
    made = []
    for case, (problem, shop, priority) in zip(open_.order_by("-number")[: len(ASKED)], ASKED, strict=False):
        wanted = Wanted(subject=case.subject, problem=problem, shop=shop, priority=priority)
        made.append(help_desk.request_order(agent, case.pk, maintenance, wanted).number)
    orders = {f"WO-{one.number}": one.pk for one in WorkOrder.objects.all()}
    first, second, *_others = [orders[number] for number in made if number in orders] + ["", ""]
    for order in filter(None, (first, second)):
        technician.take(worker_actor, order)
        technician.do(worker_actor, order, Doing.BEGIN)
    if first:
        technician.do(worker_actor, first, Doing.COMPLETE, resolution="Exchanged and tried.")
    if second:
        replying.ask(worker_actor, second, "When can I come to the workplace?")
    _make_emails()
    tell(f"Maintenance has {len(orders)} work orders; sign in as {TECHNICIAN} to see its workbench.")


def _make_emails() -> None:
    """What came in already: a requester with a photo, and somebody who is on holiday."""
    from tallystick.server.demo.inbox import ADDRESS
    from tallystick.server.desk.mail import intake
    from tallystick.server.records.models import Person

    person = Person.objects.filter(gone_at__isnull=True, email1__isnull=False, user__isnull=True).order_by("pk").first()
    author = (person.email1 if person is not None else None) or "rita@requesters.example"
    name = person.name if person is not None else "Rita Requester"
    broken, away = EmailMessage(), EmailMessage()
    broken["Subject"] = "The projector in the large meeting room stays dark"
    broken.set_content("Good morning,\n\nsince this morning it shows nothing, only its lamp blinks red. Photo below.\n")
    broken.add_attachment(_PHOTO, maintype="image", subtype="png", filename="projector.png")
    away["Subject"] = "Out of office: your email"
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("I am away until Monday.\n")
    for number, message in enumerate((broken, away)):
        message["From"], message["To"] = f'"{name}" <{author}>', ADDRESS
        message["Message-ID"] = f"<{number}@requesters.example>"
        kept = intake.keep(message.as_bytes(), envelope_sender=author, sent_for=[ADDRESS])
        if kept is not None:
            intake.take(kept)
