"""The tables of the records."""

from tallystick.server.records.models.accounts import Account, AccountType, Department, Location
from tallystick.server.records.models.assets import AssetSubtype, AssetType, InstalledAsset
from tallystick.server.records.models.bookkeeping import Change, Numbering, Relation, SearchText
from tallystick.server.records.models.codes import Code
from tallystick.server.records.models.persons import Employment, Person, Team
from tallystick.server.records.models.planned import CalendarItem, Task
from tallystick.server.records.models.products import Manufacturer, Product, ProductMapping
from tallystick.server.records.models.sales import Lead, Opportunity
from tallystick.server.records.models.service import Case, Note, ServiceOrder
from tallystick.server.records.models.uploads import Upload, UploadFault

__all__ = [
    "Account",
    "AccountType",
    "AssetSubtype",
    "AssetType",
    "CalendarItem",
    "Case",
    "Change",
    "Code",
    "Department",
    "Employment",
    "InstalledAsset",
    "Lead",
    "Location",
    "Manufacturer",
    "Note",
    "Numbering",
    "Opportunity",
    "Person",
    "Product",
    "ProductMapping",
    "Relation",
    "SearchText",
    "ServiceOrder",
    "Task",
    "Team",
    "Upload",
    "UploadFault",
]
