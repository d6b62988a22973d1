"""Codes as the administrator of a hub has them."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Code(models.Model):
    """One code of a set. Titles are empty where the delivered one is meant."""

    number = models.BigAutoField(primary_key=True)
    code_set = models.CharField(max_length=30)
    code = models.CharField(max_length=30)
    position = models.IntegerField()
    english = models.CharField(max_length=100, default="")
    russian = models.CharField(max_length=100, default="")
    tone = models.CharField(max_length=10, default="")
    like = models.CharField(max_length=30, default="")  # the delivered code it behaves as
    is_retired = models.BooleanField(default=False)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = [("manage_code", gettext_noop("Change code sets"))]
        verbose_name = _("code")
        constraints = [models.UniqueConstraint(fields=["code_set", "code"], name="code_once")]
