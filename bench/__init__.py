"""Measurements: `bin/bench NAME`. Each name is a module with a docstring and `main(arguments) -> exit status`."""
