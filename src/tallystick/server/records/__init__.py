"""The built-in service-CRM records, and the connector `records` that makes them a system like any other.

Read in this order: `codes` and `columns` (what a field may be), `entry` and `models` (the tables), `record_types`
(what lists, forms, the API and the connector know of them), `domain` (every change goes through it), `queries`,
`connector`.
"""
