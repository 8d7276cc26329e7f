"""Reads the project's own source files for the tests that hold its structure: code without its comments, imports."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
NOT_OURS = {".venv", ".git", ".hypothesis", "var", "data", "static-built", "__pycache__", "node_modules"}
SERVER = ("accounts", "keys", "conversations", "chatproject")

_JS_PIECES = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`
    |(?<=[(,=:\[!&|?{};])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/""",
    re.DOTALL | re.VERBOSE,
)
_JS_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^;"']*\bfrom\s*["']([^"'\n]+)["']|^\s*import\s*["']([^"'\n]+)["']"""
    r"""|\bimport\(\s*["']([^"'\n]+)["']""",
    re.MULTILINE,
)


def project_files(suffix: str = "") -> Iterator[str]:
    """Paths of all files of the project, relative to its root."""
    for path in sorted(ROOT.rglob(f"*{suffix}")):
        relative = path.relative_to(ROOT)
        hidden = any(part in NOT_OURS or part.endswith("_cache") for part in relative.parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield str(relative)


def python_files(*folders: str) -> list[str]:
    """Python files below the folders, without tests and migrations."""
    return [
        path
        for folder in folders
        for path in project_files(".py")
        if path.startswith(f"{folder}/") and not {"tests", "migrations"} & set(PurePosixPath(path).parts)
    ]


def javascript_files() -> list[str]:
    return [path for path in project_files(".js") if path.startswith("static/js/")]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def code(path: str, text: str) -> str:
    """The text without comments and docstrings; line numbers stay."""
    if path.endswith(".py"):
        return _python_code(text)
    if path.endswith(".js"):
        return _JS_PIECES.sub(_blank_comment, text)
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", _blank, text, flags=re.DOTALL)


def python_imports(path: str, text: str) -> set[str]:
    """Dotted names of every module the file imports, relative ones resolved."""
    package = PurePosixPath(path).parent.parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{name.name}" for name in node.names}
    return found


def javascript_imports(path: str, text: str) -> set[str]:
    """Paths below static/js of every module the file imports; bare or absolute specifiers stay as they are."""
    found = set()
    for specifier in ("".join(groups) for groups in _JS_IMPORT.findall(code(path, text))):
        if not specifier.startswith("."):
            found.add(specifier)
            continue
        parts: list[str] = list(PurePosixPath(path).parent.parts)
        for part in specifier.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        found.add("/".join(parts))
    return found


def calls(text: str, function: str) -> Iterator[ast.Call]:
    """Every call of a function or method of that name."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == function:
                yield node


def _python_code(text: str) -> str:
    docstrings = {
        (node.body[0].lineno, node.body[0].col_offset)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    }
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start in docstrings):
            _blank_span(lines, token.start, token.end)
    return "".join(lines)


def _blank_span(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    for number in range(start[0], end[0] + 1):
        line = lines[number - 1]
        first = start[1] if number == start[0] else 0
        last = end[1] if number == end[0] else len(line.rstrip("\n"))
        lines[number - 1] = line[:first] + " " * (last - first) + line[last:]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _blank_comment(match: re.Match[str]) -> str:
    return _blank(match) if match["comment"] else match[0]
