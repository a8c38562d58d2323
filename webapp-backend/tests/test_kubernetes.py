"""The Kubernetes manifests: valid by the schemas, locked down, and in agreement with the service.

There is no cluster here: what only a cluster can show is not tested.
"""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml  # type: ignore[import-untyped]

from app.core.settings import Settings

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "kubernetes" / "base"
RAY = ROOT / "deploy" / "kubernetes" / "ray"
KUBERNETES = "1.33"
Manifest = dict[str, Any]
NAME = "app.kubernetes.io/name"


def manifests() -> list[Manifest]:
    """All manifests that the kustomization lists."""
    files = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    return [part for name in files for part in yaml.safe_load_all((BASE / name).read_text())]


ALL = manifests()
WORKLOADS = [manifest for manifest in ALL if manifest["kind"] in ("Deployment", "StatefulSet")]
IDS = [f"{manifest['kind']}-{manifest['metadata']['name']}" for manifest in ALL]


def pod_of(workload: Manifest) -> Manifest:
    pod: Manifest = workload["spec"]["template"]["spec"]
    return pod


def named(kind: str, name: str) -> Manifest:
    return next(
        manifest
        for manifest in ALL
        if manifest["kind"] == kind and manifest["metadata"]["name"] == name
    )


def labels_of(workload: Manifest) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def names(kind: str) -> set[str]:
    return {manifest["metadata"]["name"] for manifest in ALL if manifest["kind"] == kind}


def test_the_kustomization_lists_every_file() -> None:
    resources = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert sorted(resources) == sorted(files)
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("manifest", ALL, ids=IDS)
def test_each_manifest_fits_its_schema(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_schemas_refuse_a_misspelt_field() -> None:
    broken = named("Deployment", "web") | {"specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload["metadata"]["name"])
def test_each_workload_is_locked_down_and_finds_its_volumes(workload: Manifest) -> None:
    pod = pod_of(workload)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    templates = workload["spec"].get("volumeClaimTemplates", [])
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == set(volumes) | {template["metadata"]["name"] for template in templates}
    claims = {
        v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "emptyDir" not in v
    }
    assert claims <= names("PersistentVolumeClaim")
    ports = {port["name"] for port in container.get("ports", [])}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        if "httpGet" in container.get(probe, {}):
            assert container[probe]["httpGet"]["port"] in ports


def test_services_budgets_policies_and_the_autoscaler_select_what_exists() -> None:
    workloads = {workload["metadata"]["name"]: labels_of(workload) for workload in WORKLOADS}
    assert all(labels == {NAME: name} for name, labels in workloads.items())
    for workload in WORKLOADS:
        assert workload["spec"]["selector"]["matchLabels"] == labels_of(workload)
    for service in (manifest for manifest in ALL if manifest["kind"] == "Service"):
        name = service["metadata"]["name"]
        assert service["spec"]["selector"] == workloads[name]
        (container,) = pod_of(next(w for w in WORKLOADS if w["metadata"]["name"] == name))[
            "containers"
        ]
        ports = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in (manifest for manifest in ALL if manifest["kind"] == "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] in workloads.values()
    scaler = named("HorizontalPodAutoscaler", "api")["spec"]
    assert scaler["scaleTargetRef"]["name"] in names("Deployment")
    assert "replicas" not in named("Deployment", "api")["spec"]  # both would fight over it
    assert scaler["minReplicas"] >= 2


def test_every_workload_has_a_policy_and_policies_open_its_ports() -> None:
    policies = {
        manifest["metadata"]["name"]: manifest["spec"]
        for manifest in ALL
        if manifest["kind"] == "NetworkPolicy"
    }
    assert policies.pop("default")["podSelector"] == {}
    assert set(policies) == {workload["metadata"]["name"] for workload in WORKLOADS}
    for name, policy in policies.items():
        assert policy["podSelector"]["matchLabels"] == {NAME: name}
        (container,) = pod_of(next(w for w in WORKLOADS if w["metadata"]["name"] == name))[
            "containers"
        ]
        ports = [port["port"] for rule in policy.get("ingress", []) for port in rule["ports"]]
        assert ports == [port["containerPort"] for port in container.get("ports", [])]
    for client, server in (
        ("web", "api"),
        ("web", "tensorboard"),
        ("api", "postgres"),
        ("worker", "postgres"),
    ):
        selectors = [to["podSelector"] for rule in policies[client]["egress"] for to in rule["to"]]
        assert {"matchLabels": {NAME: server}} in selectors
        assert client in str(policies[server]["ingress"])


def test_environment_variables_are_settings_and_the_shared_paths_are_those_of_the_image() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    config = named("ConfigMap", "settings")["data"]
    assert set(config) <= settings
    Settings.model_validate({name.lower(): value for name, value in config.items()})
    image = (ROOT / "webapp-backend" / "Dockerfile").read_text()
    for name in ("api", "worker"):
        (container,) = pod_of(named("Deployment", name))["containers"]
        assert {variable["name"] for variable in container["env"]} <= settings
        assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}]
        for mount in container["volumeMounts"]:
            assert mount["mountPath"] == "/tmp" or f"_DIR={mount['mountPath']} " in image
    (api,) = pod_of(named("Deployment", "api"))["containers"]
    assert f"PORT={api['ports'][0]['containerPort']} " in image
    grace = pod_of(named("Deployment", "api"))["terminationGracePeriodSeconds"]
    assert grace > Settings.model_fields["deadline"].default + 5


def test_the_page_finds_api_and_tensorboard_by_the_names_of_their_services() -> None:
    (web,) = pod_of(named("Deployment", "web"))["containers"]
    addresses = {variable["name"]: variable.get("value", "") for variable in web["env"]}
    script = (ROOT / "webapp-frontend" / "nginx.sh").read_text()
    for variable, service in (("BACKEND", "api"), ("TENSORBOARD", "tensorboard")):
        port = named("Service", service)["spec"]["ports"][0]["port"]
        assert addresses[variable] == f"{service}.$(NAMESPACE).svc.cluster.local:{port}"
        assert f"${{{variable}:-" in script


def ray_service() -> Manifest:
    manifest: Manifest = yaml.safe_load((RAY / "rayservice.yaml").read_text())
    return manifest


def ray_groups() -> list[Manifest]:
    cluster = ray_service()["spec"]["rayClusterConfig"]
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def test_the_overlay_for_ray_replaces_what_the_base_has() -> None:
    overlay = yaml.safe_load((RAY / "kustomization.yaml").read_text())
    files = {path.name for path in RAY.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(overlay["resources"]) == files | {"../base"}
    patches = [yaml.safe_load(entry["patch"]) for entry in overlay["patches"]]
    deleted = [patch for patch in patches if patch.get("$patch") == "delete"]
    for patch in patches:
        base = named(patch["kind"], patch["metadata"]["name"])
        assert patch["apiVersion"] == base["apiVersion"]
    # Nothing is left that scales or counts the pods of a Deployment that is gone.
    assert {patch["kind"] for patch in deleted} == {
        manifest["kind"]
        for manifest in ALL
        if manifest["metadata"]["name"] == "api"
        and manifest["kind"] not in ("Service", "NetworkPolicy")
    }
    policy = yaml.safe_load((RAY / "network.yaml").read_text())
    kubernetes_validate.validate(policy, KUBERNETES, strict=True)
    assert policy["spec"]["podSelector"] == named("NetworkPolicy", "api")["spec"]["podSelector"]


@pytest.mark.parametrize("group", ray_groups(), ids=["head", "replicas"])
def test_the_pods_of_ray_fit_the_schema_and_are_those_of_the_api(group: Manifest) -> None:
    template = group["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = template["metadata"] | {"name": "ray"}
    kubernetes_validate.validate(pod, KUBERNETES, strict=True)
    api = named("Deployment", "api")["spec"]["template"]
    assert template["metadata"]["labels"] == api["metadata"]["labels"]
    (container,), (plain,) = template["spec"]["containers"], api["spec"]["containers"]
    for field in ("ports", "envFrom", "env", "securityContext"):
        assert container[field] == plain[field]
    assert template["spec"]["securityContext"] == api["spec"]["securityContext"]
    own = [mount for mount in container["volumeMounts"] if mount["name"] != "shm"]
    assert own == plain["volumeMounts"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in template["spec"]["volumes"]
    }
    assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_the_version_of_ray_is_that_of_the_image() -> None:
    version = ray_service()["spec"]["rayClusterConfig"]["rayVersion"]
    lock = (ROOT / "tools" / "locks" / "scale.txt").read_text()
    assert f"\nray=={version} " in lock
    assert "scale.txt" in (ROOT / "webapp-backend" / "Dockerfile").read_text()
