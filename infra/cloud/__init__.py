"""A deployed stack and what is done with it: change sets, backfills, dead letters, records.

Everything here talks to AWS's control plane through `account.Account`, which may be AWS's or the
local cloud's: no module knows which.
"""
