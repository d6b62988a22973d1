"""Addresses of the help desk and of maintenance."""

from __future__ import annotations

from django.urls import path

from tallystick.server.api.service import api
from tallystick.server.desk import mail_calls, notice_calls  # noqa: F401  add their calls to those of the desk
from tallystick.server.desk.calls import calls
from tallystick.server.desk.views import emails, files, help_desk, links, notices, workbench

app_name = "desk"
api.add_router("/desk", calls.router)
urlpatterns = [
    path("reply/<str:order_id>/<str:token>/", links.reply, name="reply"),
    path("satisfied/<str:token>/", links.satisfied, name="satisfied"),
    path("desk/cases/<str:case_id>/order/", help_desk.new, name="new"),
    path("desk/cases/<str:case_id>/relate/", help_desk.relate, name="relate"),
    path("desk/cases/<str:case_id>/resolve/", help_desk.resolve, name="resolve"),
    path("desk/cases/<str:case_id>/close/", help_desk.close, name="close"),
    path("desk/cases/<str:case_id>/reopen/", help_desk.reopen, name="reopen"),
    path("desk/cases/<str:case_id>/write/", emails.write, name="write_to_requester"),
    path("desk/cases/<str:case_id>/requester/", emails.requester, name="requester"),
    path("desk/emails/", emails.emails, name="emails"),
    path("desk/emails/<int:number>/", emails.email, name="email"),
    path("desk/emails/<int:number>/take/", emails.take, name="take_email"),
    path("desk/emails/<int:number>/email.eml", emails.as_it_came, name="as_it_came"),
    path("desk/files/<str:file_id>", files.download, name="file"),
    path("desk/files/<str:file_id>/remove/", files.take_away, name="take_away"),
    path("desk/<str:type_>/<str:id_>/files/", files.files, name="files"),
    path("desk/assets/", help_desk.assets, name="assets"),
    path("desk/orders/<int:number>/", help_desk.case_order, name="case_order"),
    path("desk/orders/<int:number>/correct/", help_desk.correct, name="correct"),
    path("desk/orders/<int:number>/write/", help_desk.write, name="write"),
    path("desk/notices/", notices.worklist, name="notices"),
    path("desk/notices/read/", notices.read, name="read"),
    path("desk/notices/choose/", notices.choose, name="choose"),
    path("desk/statuses/", notices.statuses, name="statuses"),
    path("work/", workbench.workbench, name="workbench"),
    path("work/<str:order_id>/", workbench.order, name="work"),
    path("work/<str:order_id>/take/", workbench.take, name="take"),
    path("work/<str:order_id>/note/", workbench.note, name="note"),
    path("work/<str:order_id>/do/<str:doing>/", workbench.do, name="do"),
]
