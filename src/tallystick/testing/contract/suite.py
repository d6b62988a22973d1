"""All parts of the contract in one class."""

from __future__ import annotations

from tallystick.testing.contract.changing import ChangesContract
from tallystick.testing.contract.filtering import FilterContract
from tallystick.testing.contract.listing import ListingContract
from tallystick.testing.contract.probing import ProbeContract
from tallystick.testing.contract.values import ValueContract
from tallystick.testing.contract.writing import WriteContract


class ConnectorContract(ListingContract, FilterContract, ChangesContract, ProbeContract, ValueContract, WriteContract):
    """Inherit it in a class whose name begins with `Test`; see the module `tallystick.testing.contract`."""
