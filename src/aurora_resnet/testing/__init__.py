"""Checks that authors of models run on their own; nothing here is needed to use one."""
