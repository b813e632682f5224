"""Sends what comes in on to other machines, by rules: queued in the transaction of the commit, tried for ever."""
