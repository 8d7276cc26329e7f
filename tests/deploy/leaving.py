"""How long a web server takes to end, as its own code says: what sends SIGTERM must give it that long."""

import ast

from accounts.mailqueue import END_SECONDS
from tests.sources import read


def most_seconds() -> float:
    """From SIGTERM on: sockets and requests, then handlers that still run, then mails."""
    server = ast.parse(read("conversations/server.py"))  # an import would install Twisted's reactor
    return _assigned(server, "ANSWER_SECONDS") + _given(server, "application_close_timeout") + END_SECONDS


def _assigned(tree: ast.AST, name: str) -> float:
    (value,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    return float(ast.literal_eval(value))


def _given(call: ast.AST, name: str) -> float:
    (value,) = [node.value for node in ast.walk(call) if isinstance(node, ast.keyword) and node.arg == name]
    return float(ast.literal_eval(value))
