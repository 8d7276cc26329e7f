"""The Kubernetes manifests as tests see them: rendered, looked up, held against schemas."""

import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import yaml

from tests.deploy import kustomize
from tests.deploy.kinds import SCHEMAS
from tests.sources import ROOT

OVERLAYS = ("local", "aws")
VERSIONS = ("1.31", "1.34", "1.37")
PODS = {"Deployment", "StatefulSet", "Job", "CronJob"}
COMPONENTS = {folder.name for folder in (ROOT / "kubernetes/components").iterdir()}
Object = dict[str, Any]

# The library reads megabytes of schema for each object; once is enough.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


@functools.cache
def render(folder: str) -> tuple[Object, ...]:
    return tuple(kustomize.render(ROOT / "kubernetes" / folder))


def above(folder: Path, resource: str, *components: str) -> Path:
    """A kustomization outside of the project that stands on parts of it."""
    parts = {"resources": [resource], "components": [f"components/{name}" for name in components]}
    relative = {
        key: [os.path.relpath(ROOT / "kubernetes" / one, folder) for one in ones] for key, ones in parts.items()
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"kind": "Kustomization", **relative}))
    return folder


def by_name(things: list[Object]) -> dict[tuple[str, str], Object]:
    return {(thing["kind"], thing["metadata"]["name"]): thing for thing in things}


def findings(thing: Object, version: str) -> str:
    """What the schema of this Kubernetes version, or ours of a custom kind, says against the object."""
    known = (thing["apiVersion"], thing["kind"])
    try:
        if known in SCHEMAS:
            jsonschema.validate(thing, SCHEMAS[known])
        else:
            kubernetes_validate.validate(thing, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    except jsonschema.ValidationError as error:
        return f"{thing['kind']} {thing['metadata']['name']}: {error.message}"
    return ""


def template(thing: Object) -> Object:
    spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
    return spec["template"]
