"""The kit for authors of connectors and packs: doubles and contract suites, shipped with the product.

| module | what it gives |
|---|---|
| `tallystick.testing.clock` | `FixedClock` and `SequentialIds`: time and ids that tests hold still |
| `tallystick.testing.contract` | `ConnectorContract`: the tests that every connector inherits and passes |
| `tallystick.testing.faults` | `FaultySystem`: any system with scripted, seeded or drawn faults over it |
| `tallystick.testing.store` | a store in memory, with `store_contract` for the real ones |

The suites and `fault_plans` need pytest and hypothesis, which the product itself does not install.
Source: docs/how-to/write-a-connector.md.
"""
