"""Which product an asset is: the mapping's row that says most of its subtype, manufacturer and model. Source: A21."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tallystick.model.value import Value
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.models import ProductMapping

MAPPED: Final = ("asset_subtype", "manufacturer", "model")
_WEIGHTS: Final = {"model": 4, "manufacturer": 2, "asset_subtype": 1}
"""Which row says more where two name as many: the one that names the model, then the manufacturer."""
Key = tuple[str | None, str | None, str | None]


class Mappings:
    """The live rows of the mapping as they are now."""

    def __init__(self, place: Place) -> None:
        rows = ProductMapping.objects.using(place.using).filter(gone_at__isnull=True)
        found = rows.values_list("asset_subtype", "manufacturer", "model", "product")
        self._products: dict[Key, str] = {
            (subtype, maker, _folded(model)): product for subtype, maker, model, product in found
        }

    @property
    def has_default(self) -> bool:
        """Whether there is the row with nothing but a product, without which no run begins."""
        return (None, None, None) in self._products

    def product(self, values: Mapping[str, Value]) -> str | None:
        """None where no row fits."""
        given = (values.get("asset_subtype"), values.get("manufacturer"), _folded(values.get("model")))
        for key in _narrower(given):
            if key in self._products:
                return self._products[key]
        return None


def map_products(drafts: Sequence[Draft], place: Place) -> None:
    """Gives assets without a product theirs; one that came from the mapping follows it to another."""
    asked = [one for one in drafts if not one.faults and "product" not in one.step.values and _is_asked(one)]
    if not asked:
        return
    mappings = Mappings(place)
    for draft in asked:
        product = mappings.product(draft.after)
        if draft.after["product"] is None or draft.after["product"] == mappings.product(draft.before):
            draft.after["product"] = product or draft.after["product"]


def _is_asked(draft: Draft) -> bool:
    return draft.row is None or draft.is_changed(*MAPPED)


def _folded(model: Value) -> str | None:
    return " ".join(model.split()).casefold() or None if model else None


def _narrower(given: Key) -> list[Key]:
    """The keys of rows that fit, the one that says most first."""
    subtypes, makers, models = ((one, None) if one is not None else (None,) for one in given)
    keys = [(subtype, maker, model) for subtype in subtypes for maker in makers for model in models]
    return sorted(keys, key=_said, reverse=True)


def _said(key: Key) -> tuple[int, int]:
    named = [name for name, value in zip(MAPPED, key, strict=True) if value is not None]
    return len(named), sum(_WEIGHTS[name] for name in named)
