"""The project: settings, wiring and what belongs to no app."""

VERSION = "0.1.0"
