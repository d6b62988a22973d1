"""People of the hub: who may do what, how they sign in, their tokens, and the audit trail."""
