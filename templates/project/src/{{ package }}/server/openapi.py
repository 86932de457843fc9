"""The OpenAPI document of a server."""

from __future__ import annotations

from typing import Any


def document(model: str, digest: str, signature: dict[str, Any]) -> dict[str, Any]:
    """Return the document for one served model."""
    path = f"/v2/models/{model}"
    paths: dict[str, Any] = {
        "/v2": {"get": _get("What this server is.")},
        "/v2/health/live": {"get": _get("The process answers.")},
        "/v2/health/ready": {"get": _get("The model is loaded and verified.")},
        "/metrics": {"get": _get("Counters for Prometheus.")},
        "/openapi.json": {"get": _get("This document.")},
    }
    for base in (path, f"{path}/versions/{digest}"):
        paths[base] = {"get": _get("Signature and digest of the model.")}
        paths[f"{base}/ready"] = {"get": _get("The model is loaded and verified.")}
        paths[f"{base}/infer"] = {"post": _infer()}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{model}: Open Inference Protocol v2", "version": digest},
        "paths": paths,
        "components": {"schemas": _schemas(signature)},
    }


def _get(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "Yes."}}}


def _infer() -> dict[str, Any]:
    return {
        "summary": "Score rows.",
        "requestBody": {"required": True, "content": _json("InferenceRequest")},
        "responses": {
            "200": {"description": "One value a row for each output.", "content": _json("InferenceResponse")},
            "400": {"description": "The request breaks the signature.", "content": _json("Error")},
            "413": {"description": "The request is too large.", "content": _json("Error")},
        },
    }


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _schemas(signature: dict[str, Any]) -> dict[str, Any]:
    names = [entry["name"] for entry in signature["inputs"]]
    return {
        "Error": _object({"error": {"type": "string"}}, ["error"]),
        "InferenceRequest": _object(
            {
                "id": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
                "parameters": {"type": "object"},
                "inputs": {
                    "type": "array",
                    "items": _tensor(names, "FP64"),
                    "minItems": len(names),
                    "maxItems": len(names),
                },
                "outputs": {"type": "array", "items": _object({"name": {"type": "string"}}, ["name"])},
            },
            ["inputs"],
        ),
        "InferenceResponse": _object(
            {
                "model_name": {"type": "string"},
                "model_version": {"type": "string"},
                "id": {"type": "string"},
                "outputs": {"type": "array", "items": {"type": "object"}},
            },
            ["model_name", "model_version", "id", "outputs"],
        ),
    }


def _tensor(names: list[str], datatype: str) -> dict[str, Any]:
    return _object(
        {
            "name": {"enum": names},
            "shape": {"type": "array", "prefixItems": [{"type": "integer", "minimum": 1}, {"const": 1}]},
            "datatype": {"const": datatype},
            "parameters": {"type": "object"},
            "data": {"type": "array"},
        },
        ["name", "shape", "datatype", "data"],
    )


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}
