"""An open league of digit recognisers: the same clips, one run, answers kept; see ``docs/league.md``."""
