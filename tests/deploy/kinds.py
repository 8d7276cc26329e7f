"""Strict schemas of the custom kinds that the overlays use, as far as they use them.

From the documentation of Gateway API v1 and External Secrets v1. A field that is missing here is a mistake, or wants an
entry.
"""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1}


def fields(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def each(schema: Schema) -> Schema:
    return {"type": "array", "items": schema, "minItems": 1}


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def kind(version: str, name: str, spec: Schema) -> Schema:
    metadata = fields({"name": TEXT, "namespace": TEXT}, labels={"type": "object"}, annotations={"type": "object"})
    return fields({"apiVersion": one_of(version), "kind": one_of(name), "metadata": metadata, "spec": spec})


PATH = fields({"type": one_of("Exact", "PathPrefix"), "value": {"type": "string", "pattern": "^/"}})
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
DURATION: Schema = {"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
ROUTE_RULE = fields(
    {"matches": each(fields({"path": PATH})), "backendRefs": each(fields({"name": TEXT, "port": PORT}))},
    timeouts=fields({}, request=DURATION, backendRequest=DURATION),
)
CUSTOM_KINDS = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): fields(
        {"parentRefs": each(fields({"name": TEXT}, namespace=TEXT)), "rules": each(ROUTE_RULE)}, hostnames=each(TEXT)
    ),
    ("external-secrets.io/v1", "SecretStore"): fields(
        {"provider": fields({"aws": fields({"service": one_of("SecretsManager", "ParameterStore"), "region": TEXT})})}
    ),
    ("external-secrets.io/v1", "ExternalSecret"): fields(
        {
            "secretStoreRef": fields({"kind": one_of("SecretStore", "ClusterSecretStore"), "name": TEXT}),
            "target": fields({"name": TEXT}, creationPolicy=one_of("Owner", "Orphan", "Merge", "None")),
            "dataFrom": each(fields({"extract": fields({"key": TEXT})})),
        },
        refreshInterval=DURATION,
    ),
}
SCHEMAS = {(version, name): kind(version, name, spec) for (version, name), spec in CUSTOM_KINDS.items()}
