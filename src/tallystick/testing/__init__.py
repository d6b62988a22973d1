"""The kit for authors of connectors and packs: doubles and contract suites, shipped with the product."""
