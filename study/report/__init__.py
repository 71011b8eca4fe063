"""The page of the study: tables, figures and verdicts from its records."""
