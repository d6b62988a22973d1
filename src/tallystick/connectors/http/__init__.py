"""HTTP plumbing shared by connectors: one client with limits, retries, sign-in and guarded addresses."""
