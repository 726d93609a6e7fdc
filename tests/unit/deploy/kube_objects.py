"""A small overlay: a scheduler behind a headless Service, and a node that calls it."""

from typing import Any

LABELS = {"app.kubernetes.io/component": "scheduler"}


def port(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "containerPort": number}


def deployment(name: str, labels: dict[str, str], container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": spec | {"template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
    }


def scheduler() -> dict[str, Any]:
    container = {
        "name": "reelyard",
        "args": ["scheduler"],
        "env": [{"name": "REELYARD_SCHEDULER_LISTEN", "value": "0.0.0.0:50051"}],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "ports": [port("grpc", 50051), port("metrics", 9090)],
        "startupProbe": {"grpc": {"port": 50051, "service": "liveness"}, "periodSeconds": 2, "failureThreshold": 30},
        "readinessProbe": {"grpc": {"port": 50051, "service": "readiness"}, "timeoutSeconds": 4},
        "resources": {"limits": {"memory": "1Gi"}},
        "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    found = deployment("reelyard-scheduler", LABELS, container, replicas=2)
    found["spec"]["template"]["spec"] |= {
        "serviceAccountName": "x",
        "securityContext": {"runAsUser": 10001},
        "terminationGracePeriodSeconds": 60,
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
    }
    return found


def node() -> dict[str, Any]:
    container = {
        "name": "reelyard",
        "args": ["node"],
        "env": [{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "SECRET"}}}],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "ports": [port("metrics", 9090)],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "metrics"}},
    }
    found = deployment("reelyard-ingest", {"app.kubernetes.io/component": "ingest"}, container)
    claim = {"volumeClaimTemplate": {"spec": {}}}
    found["spec"]["template"]["spec"]["volumes"] = [{"name": "scratch", "ephemeral": claim}]
    return found


def overlay() -> list[dict[str, Any]]:
    settings = {"REELYARD_METRICS_PORT": "9090", "REELYARD_SCHEDULER_ADDRESS": "reelyard-scheduler:50051"}
    service = {"selector": LABELS, "ports": [{"port": 50051, "targetPort": "grpc"}]}
    return [
        {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": settings},
        {"kind": "Service", "metadata": {"name": "reelyard-scheduler"}, "spec": service},
        scheduler(),
        node(),
        {
            "kind": "ScaledObject",
            "metadata": {"name": "x"},
            "spec": {"scaleTargetRef": {"name": "reelyard-ingest"}, "minReplicaCount": 3},
        },
    ]
