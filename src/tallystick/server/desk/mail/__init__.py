"""Email of the help desk: what comes in becomes cases and notes, what goes out carries an address to answer to.

Read in this order: `addresses` (which answers belong to which case), `reading` (what an email says), `judging` (which
are left alone), `intake` (kept before anything is done with it, then taken in one transaction), `receiver` (SMTP),
`certificate` (it is encrypted), `answers` (what is written to requesters).
"""
