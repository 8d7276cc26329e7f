"""What `kubectl kustomize` makes of this project's folders, as far as they use it, for machines that do not have it.

A field that it does not know is an error, never left out; `bin/test deploy` compares all of it with the real one.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
KNOWN = {
    "apiVersion", "kind", "namespace", "resources", "components", "labels", "images", "configMapGenerator", "patches",
}  # fmt: skip
WITHOUT_NAMESPACE = {"Namespace", "StorageClass"}
MERGED_BY = {"containers": "name", "volumes": "name", "volumeMounts": "mountPath"}
HASH_LETTERS = str.maketrans("013ae", "ghkmt")


class NotUnderstood(Exception):
    """A kustomization uses more than this knows."""


def render(folder: Path) -> list[Object]:
    """The objects of a kustomization, with the names that a cluster sees."""
    things = _build(folder, [])
    renamed = {}
    for thing in things:
        if thing.pop("__generated", False):
            name = thing["metadata"]["name"]
            renamed[name] = thing["metadata"]["name"] = f"{name}-{_hash(thing)}"
    for thing in things:
        _rename(thing, renamed)
    return things


def _build(folder: Path, things: list[Object]) -> list[Object]:
    """`things`: what a component finds there and changes."""
    given = _fields(yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8")), KNOWN)
    for name in given.get("resources", []):
        path = folder / name
        things += _build(path, []) if path.is_dir() else _read(path.read_text("utf-8"))
    for generated in given.get("configMapGenerator", []):
        _generate(_fields(generated, {"name", "behavior", "literals", "files"}), folder, things)
    for name in given.get("components", []):
        things = _build(folder / name, things)
    for patch in given.get("patches", []):
        _patch(_fields(patch, {"path", "patch", "target"}), folder, things)
    for thing in things:
        if "namespace" in given and thing["kind"] not in WITHOUT_NAMESPACE:
            thing["metadata"]["namespace"] = given["namespace"]
        for label in given.get("labels", []):
            _label(thing, _fields(label, {"pairs", "includeTemplates"}))
        for image in given.get("images", []):
            _image(thing, _fields(image, {"name", "newName", "newTag"}))
    return things


def _fields(given: Object, known: set[str]) -> Object:
    if more := set(given) - known:
        raise NotUnderstood(", ".join(sorted(more)))
    return given


def _read(text: str) -> list[Object]:
    return [one for one in yaml.safe_load_all(text) if one]


# --- generated maps --------------------------------------------------------------------------------------------------


def _generate(given: Object, folder: Path, things: list[Object]) -> None:
    data = dict(line.split("=", 1) for line in given.get("literals", []))
    data |= {Path(name).name: (folder / name).read_text("utf-8") for name in given.get("files", [])}
    if given.get("behavior", "create") == "merge":
        (found,) = [one for one in things if one.get("__generated") and one["metadata"]["name"] == given["name"]]
        found["data"] |= data
        return
    metadata = {"name": given["name"]}
    things.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data, "__generated": True})


def _hash(thing: Object) -> str:
    hashed = {"kind": "ConfigMap", "name": "", "data": thing["data"]}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&":  # as Go writes JSON
        text = text.replace(char, f"\\u{ord(char):04x}")
    return hashlib.sha256(text.encode()).hexdigest()[:10].translate(HASH_LETTERS)


def _rename(node: Any, renamed: dict[str, str]) -> None:
    for part in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        _rename(part, renamed)
    if isinstance(node, dict):
        for key in ("configMap", "configMapRef"):
            if isinstance(node.get(key), dict) and node[key].get("name") in renamed:
                node[key]["name"] = renamed[node[key]["name"]]


# --- patches ---------------------------------------------------------------------------------------------------------


def _patch(given: Object, folder: Path, things: list[Object]) -> None:
    text = (folder / given["path"]).read_text("utf-8") if "path" in given else given["patch"]
    patch = yaml.safe_load(text)
    target = given.get("target") or {"kind": patch["kind"], "name": patch["metadata"]["name"]}
    found = [
        one for one in things if (one["kind"], one["metadata"]["name"]) == (target["kind"], target.get("name", ""))
    ]
    if len(found) != 1:
        raise NotUnderstood(f"a patch of {len(found)} objects")
    if isinstance(patch, dict) and _is_deletion(patch):
        things.remove(found[0])
    elif isinstance(patch, list):
        for operation in patch:
            _operate(found[0], _fields(operation, {"op", "path", "value"}))
    else:
        _merge(found[0], patch)


def _operate(thing: Object, operation: Object) -> None:
    """JSON Patch (RFC 6902): add and remove."""
    *way, last = operation["path"].removeprefix("/").split("/")
    node: Any = thing
    for part in way:
        node = node[int(part)] if isinstance(node, list) else node[part]
    match operation["op"]:
        case "add" if last == "-":
            node.append(copy.deepcopy(operation["value"]))
        case "add" if isinstance(node, dict):
            node[last] = copy.deepcopy(operation["value"])
        case "remove":
            del node[int(last) if isinstance(node, list) else last]
        case other:
            raise NotUnderstood(f"{other} {operation['path']}")


def _merge(into: Object, patch: Object) -> None:
    """Strategic merge: lists of named things by their names, other lists are replaced."""
    for key, value in patch.items():
        if key.startswith("$"):
            raise NotUnderstood(key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif key in MERGED_BY and key in into:
            _merge_named(into[key], value, MERGED_BY[key])
        else:
            into[key] = copy.deepcopy(value)


def _is_deletion(patch: Object) -> bool:
    return patch.get("$patch") == "delete"


def _merge_named(into: list[Object], patch: list[Object], by: str) -> None:
    """What is new stands in front."""
    fresh = []
    for one in patch:
        known = next((each for each in into if each[by] == one[by]), None)
        if _is_deletion(one):
            into.remove(known)
        elif known is None:
            fresh.append(copy.deepcopy(one))
        else:
            _merge(known, one)
    into[:0] = fresh


# --- labels and images -----------------------------------------------------------------------------------------------


def _label(thing: Object, label: Object) -> None:
    places = [thing]
    if label.get("includeTemplates"):
        spec = thing.get("spec") or {}
        job = spec.get("jobTemplate")
        places += [job, job["spec"]["template"]] if job else []
        places += [spec["template"]] if "template" in spec else []
        places += spec.get("volumeClaimTemplates", [])
    for place in places:
        place.setdefault("metadata", {}).setdefault("labels", {}).update(label["pairs"])


def _image(node: Any, image: Object) -> None:
    for part in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        _image(part, image)
    if isinstance(node, dict) and isinstance(node.get("image"), str) and node["image"].split(":")[0] == image["name"]:
        node["image"] = f"{image['newName']}:{image['newTag']}"
