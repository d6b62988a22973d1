"""Work orders and what they are made of (records), and what each half remembers of the other (tables beside)."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from tallystick.server.desk.codes import STATUSES
from tallystick.server.messages.models import Peer, Transaction
from tallystick.server.records.codes import TASK_STATUSES
from tallystick.server.records.columns import Flag, LongText, Moment, Reference, References, Text, Whole
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights

APP = "desk"
CLOSES_AFTER_DAYS = 7


def _code() -> Text:
    return Text(_("Code"), 40, required=True)


class Problem(Entry):
    """A place in the problem tree: Electrical > Lighting > Lamp is dark."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    parent = Reference("desk.Problem", _("Belongs to"))
    is_active = Flag(_("In use"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("problem")
        verbose_name = _("problem")
        verbose_name_plural = _("Problem tree")
        indexes = lists("problem", "name")
        constraints = [numbered("problem"), once("problem", "code")]


class Shop(Entry):
    """Who does the work: a workshop or crew."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    business_unit = Text(_("Business unit"), 20)
    is_open = Flag(_("Takes orders"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("shop")
        verbose_name = _("shop")
        verbose_name_plural = _("Shops")
        indexes = lists("shop", "name")
        constraints = [numbered("shop"), once("shop", "code")]


class WorkPriority(Entry):
    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    rank = Whole(_("Rank"), least=0, most=999, help_text=_("The most urgent has the lowest."))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_priority")
        verbose_name = _("work priority")
        verbose_name_plural = _("Work priorities")
        indexes = lists("work_priority", "name")
        constraints = [numbered("work_priority"), once("work_priority", "code")]


class WorkStatus(Entry):
    """A status of one's own, with what it means to the product."""

    code = _code()
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    meaning = Text(_("Means"), 20, required=True, codes=STATUSES)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_status")
        verbose_name = _("work status")
        verbose_name_plural = _("Work statuses")
        indexes = lists("work_status", "name")
        constraints = [numbered("work_status"), once("work_status", "code")]


class MaintenanceUnit(Entry):
    """What holds for the work orders of a business unit."""

    code = Text(_("Business unit"), 20, required=True)
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    closes_after_days = Whole(
        _("Days until a completed order closes"), least=0, most=3_650, default=CLOSES_AFTER_DAYS, null=False
    )

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("maintenance_unit")
        verbose_name = _("maintenance unit")
        verbose_name_plural = _("Maintenance units")
        indexes = lists("maintenance_unit", "name")
        constraints = [numbered("maintenance_unit"), once("maintenance_unit", "code")]


class WorkOrder(Entry):
    """Work that maintenance is to do. Whoever changes it, followers are told (`rules`)."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    status = Text(_("Status"), 20, required=True, codes=STATUSES, default="open")
    own_status = Reference("desk.WorkStatus", _("Own status"))
    priority = Reference("desk.WorkPriority", _("Priority"))
    problem = Reference("desk.Problem", _("Problem"))
    shop = Reference("desk.Shop", _("Shop"))
    business_unit = Text(_("Business unit"), 20)
    requester = Text(_("Requester"), 330)
    assets = References("installed_asset", _("Assets"))
    technicians = References("person", _("Technicians"))
    planned_start_at = Moment(_("Planned start"))
    planned_end_at = Moment(_("Planned end"))
    started_at = Moment(_("Started"))
    completed_at = Moment(_("Completed"))
    closed_at = Moment(_("Closed"))
    description = LongText(_("Description"))
    resolution = LongText(_("Resolution"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [
            *rights("work_order"),
            ("request_work_order", gettext_noop("Ask maintenance for work from a case")),
        ]
        verbose_name = _("work order")
        verbose_name_plural = _("Work orders")
        indexes = [
            *lists("work_order", "subject", "planned_start_at"),
            models.Index(fields=["status", "completed_at"], condition=LIVE, name="work_order_status"),
        ]
        constraints = [numbered("work_order")]


class WorkTask(Entry):
    """A step of a work order, with planned and actual times."""

    subject = Text(pgettext_lazy("record", "Subject"), 254, required=True)
    order = Reference("desk.WorkOrder", _("Work order"), required=True)
    status = Text(_("Status"), 20, required=True, codes=TASK_STATUSES, default="open")
    technician = Reference("records.Person", _("Technician"))
    asset = Reference("records.InstalledAsset", _("Asset"))
    planned_start_at = Moment(_("Planned start"))
    planned_end_at = Moment(_("Planned end"))
    planned_minutes = Whole(_("Planned minutes"), least=0, most=1_000_000)
    started_at = Moment(_("Started"))
    completed_at = Moment(_("Completed"))
    actual_minutes = Whole(_("Actual minutes"), least=0, most=1_000_000)
    remarks = LongText(_("Remarks"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("work_task")
        verbose_name = _("work order task")
        verbose_name_plural = _("Work order tasks")
        indexes = [
            *lists("work_task", "subject"),
            models.Index(fields=["order", "number"], condition=LIVE, name="work_task_order"),
        ]
        constraints = [numbered("work_task")]


# --- maintenance: who is told, what was said


class Follower(models.Model):
    """A help desk that is told of what becomes of an order, by its own number for it."""

    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="followers")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    reference = models.CharField(max_length=60)
    contact_name = models.CharField(max_length=200, blank=True, default="")
    contact_email = models.CharField(max_length=254, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["order", "peer", "reference"], name="follower_once")]


class Conversation(models.Model):
    """What there is of an order besides its fields: how far its events are, and whether an answer is awaited (W10)."""

    class Reply(models.TextChoices):
        NONE = "none", _("Nothing asked")
        AWAITING = "awaiting", _("Awaiting a reply")
        REPLIED = "replied", _("Replied")

    order = models.OneToOneField(WorkOrder, models.PROTECT, primary_key=True, related_name="conversation")
    sequence = models.BigIntegerField(default=0)  # of the last event told
    reply = models.CharField(max_length=8, choices=Reply.choices, default=Reply.NONE)
    reply_at = models.DateTimeField(null=True)  # it has been so

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["reply", "reply_at"], name="conversation_reply")]


class Question(models.Model):
    """A request for information. `nonce` is in its link; used or replaced, the link is worth nothing."""

    id = models.CharField(max_length=32, primary_key=True)
    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="questions")
    text = models.TextField()
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    nonce = models.CharField(max_length=40)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_via = models.CharField(max_length=10, blank=True, default="")  # link, note

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["order", "asked_at"], name="question_order")]


class OrderNote(models.Model):
    """What was said inside a work order, by either half (W11). Never changed."""

    class Side(models.TextChoices):
        MAINTENANCE = "maintenance", _("Maintenance")
        HELP_DESK = "help_desk", _("Help desk")

    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="notes")
    question = models.ForeignKey(Question, models.PROTECT, null=True, related_name="answers")
    text = models.TextField()
    by = models.CharField(max_length=200)
    side = models.CharField(max_length=12, choices=Side.choices)
    form = models.CharField(max_length=40, blank=True, default="")  # the page of a link it came from
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["order", "at"], name="order_note_order")]


# --- the help desk: what it asked for, and what it was told


class CaseOrder(models.Model):
    """A work order as the help desk knows it, from the moment it is asked for. One case has any number (W16)."""

    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    peer = models.ForeignKey(Peer, models.PROTECT, related_name="+")
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="+")  # that asked for it
    number = models.CharField(max_length=60, blank=True, default="")  # in maintenance; empty until it is known
    subject = models.CharField(max_length=254)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=20, blank=True, default="")  # one of STATUSES
    their_status = models.CharField(max_length=100, blank=True, default="")  # as they call it
    resolution = models.TextField(blank=True, default="")
    status_sequence = models.BigIntegerField(default=0)
    description_sequence = models.BigIntegerField(default=0)
    question_sequence = models.BigIntegerField(default=0)
    question = models.CharField(max_length=40, blank=True, default="")  # the request for information that is open
    question_text = models.TextField(blank=True, default="")
    question_expires_at = models.DateTimeField(null=True)
    requested_by = models.BigIntegerField(null=True)  # user
    is_related = models.BooleanField(default=False)  # it was there before
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [
            models.Index(fields=["case", "id"], name="case_order_case"),
            models.Index(fields=["transaction"], name="case_order_transaction"),
            models.Index(fields=["status", "id"], name="case_order_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["peer", "number", "case"], condition=~Q(number=""), name="case_order_number_once"
            )
        ]


class Told(models.Model):
    """An event of an order that the help desk has heard: the same is not told to anybody twice."""

    case_order = models.ForeignKey(CaseOrder, models.CASCADE, related_name="told")
    sequence = models.BigIntegerField()
    operation = models.CharField(max_length=80)
    text = models.TextField(blank=True, default="")  # of a note
    by = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case_order", "sequence"], name="told_once")]


class StatusMap(models.Model):
    """What a status of another maintenance system means."""

    peer = models.ForeignKey(Peer, models.CASCADE, related_name="+")
    theirs = models.CharField(max_length=40)
    means = models.CharField(max_length=20)

    class Meta:
        app_label = APP
        default_permissions = ("view", "change")
        verbose_name = _("status of a maintenance system")
        verbose_name_plural = _("Statuses of maintenance systems")
        constraints = [models.UniqueConstraint(fields=["peer", "theirs"], name="status_map_once")]


class Happening(models.TextChoices):
    """What an agent may be told of."""

    STATUS = "status", _("The status of a work order changed")
    DESCRIPTION = "description", _("The description of a work order changed")
    QUESTION = "question", _("Maintenance asks for information")
    NOTE = "note", _("Maintenance wrote a note")
    REQUEST = "request", _("A request to maintenance was answered or refused")
    REQUESTER = "requester", _("A requester answered")
    MAIL = "mail", _("An email came for a case")


class Notice(models.Model):
    """One thing told to one person in the hub: their worklist."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="+")
    happening = models.CharField(max_length=12, choices=Happening.choices)
    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    case_order = models.ForeignKey(CaseOrder, models.CASCADE, null=True, related_name="+")
    facts = models.JSONField(default=dict)  # worded when it is shown
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]


class NoticeChoice(models.Model):
    """How a person wants to be told of something; without a row both ways."""

    user = models.ForeignKey("people.User", models.CASCADE, related_name="+")
    happening = models.CharField(max_length=12, choices=Happening.choices)
    in_hub = models.BooleanField(default=True)
    by_email = models.BooleanField(default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "happening"], name="notice_choice_once")]


class Satisfaction(models.Model):
    """A requester was told that the problem is solved, and asked whether they are satisfied (W13)."""

    id = models.CharField(max_length=32, primary_key=True)
    case = models.ForeignKey("records.Case", models.PROTECT, related_name="+")
    email = models.CharField(max_length=254)
    nonce = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    is_satisfied = models.BooleanField(null=True)
    remark = models.TextField(blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["case", "asked_at"], name="satisfaction_case")]


# --- email that came in, and files


class Email(models.Model):
    """An email as it came: kept before anything is done with it. Nothing it says of its sender is proven."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits")
        TAKEN = "taken", _("Taken")
        ASIDE = "aside", _("Left alone")
        FAILED = "failed", _("Could not be taken")

    digest = models.CharField(max_length=64, unique=True)  # what comes twice is kept once
    message_id = models.CharField(max_length=900, blank=True, default="")
    envelope_sender = models.CharField(max_length=320, blank=True, default="")
    sent_for = models.JSONField(default=list)  # addresses it was handed over for
    author = models.CharField(max_length=254, blank=True, default="")
    author_name = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=254, blank=True, default="")
    raw = models.BinaryField(null=True)  # None once it is old
    size = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    aside = models.CharField(max_length=12, blank=True, default="")  # one of judging.Aside
    why = models.CharField(max_length=400, blank=True, default="")
    is_answer = models.BooleanField(default=False)  # it was added to a case that was there
    is_proven = models.BooleanField(default=False)  # it answers a letter that went to its sender
    case = models.ForeignKey("records.Case", models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey("records.Person", models.PROTECT, null=True, related_name="+")  # proposed
    at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    handled_by = models.CharField(max_length=200, blank=True, default="")  # a person who decided on it

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [("handle_email", gettext_noop("See emails that came in, and decide on those left alone"))]
        indexes = [
            models.Index(fields=["state", "-id"], name="email_state"),
            models.Index(fields=["case", "-id"], name="email_case"),
            models.Index(fields=["author", "at"], name="email_author"),
            models.Index(fields=["message_id"], name="email_message_id"),
        ]

    def __str__(self) -> str:
        return self.subject or self.author


class FileContent(models.Model):
    """What is in a file, once for all that have it."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()

    class Meta:
        app_label = APP
        default_permissions = ()


class Attachment(models.Model):
    """A file of a case or a work order. Whoever sees the record may have it."""

    id = models.CharField(max_length=32, primary_key=True)
    record_type = models.CharField(max_length=30)
    record = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    media = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    content = models.ForeignKey(FileContent, models.PROTECT, related_name="+")
    email = models.ForeignKey(Email, models.PROTECT, null=True, related_name="+")  # it came with
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["record", "at"], name="attachment_record")]
        constraints = [models.UniqueConstraint(fields=["record", "content", "name"], name="attachment_once")]

    def __str__(self) -> str:
        return self.name


class MovedRow(models.Model):
    """A row of the tables above that a merge moved, so that it goes back when the merge is taken back."""

    key = models.CharField(max_length=300)  # of the merge
    loser = models.CharField(max_length=32)
    survivor = models.CharField(max_length=32)
    table = models.CharField(max_length=40)
    row = models.CharField(max_length=40)

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["key", "loser"], name="moved_row_key")]
