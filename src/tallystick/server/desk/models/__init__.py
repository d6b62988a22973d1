"""Work orders and what they are made of (records), and what each half remembers of the other (tables beside)."""

from tallystick.server.desk.models.cases import CaseOrder, Satisfaction, StatusMap, Told
from tallystick.server.desk.models.conversations import Conversation, Follower, OrderNote, Question
from tallystick.server.desk.models.emails import Attachment, Email, FileContent
from tallystick.server.desk.models.merges import MovedRow
from tallystick.server.desk.models.notices import Happening, Notice, NoticeChoice
from tallystick.server.desk.models.orders import (
    CLOSES_AFTER_DAYS,
    MaintenanceUnit,
    Problem,
    Shop,
    WorkOrder,
    WorkPriority,
    WorkStatus,
    WorkTask,
)

__all__ = [
    "CLOSES_AFTER_DAYS",
    "Attachment",
    "CaseOrder",
    "Conversation",
    "Email",
    "FileContent",
    "Follower",
    "Happening",
    "MaintenanceUnit",
    "MovedRow",
    "Notice",
    "NoticeChoice",
    "OrderNote",
    "Problem",
    "Question",
    "Satisfaction",
    "Shop",
    "StatusMap",
    "Told",
    "WorkOrder",
    "WorkPriority",
    "WorkStatus",
    "WorkTask",
]
