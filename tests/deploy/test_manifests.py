"""The Kubernetes manifests, without a cluster: each overlay rendered and held against the strict schemas of three
Kubernetes versions, and what this project demands of all of them together.
"""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from chatproject import env
from docker.first_start import wanted
from tests.deploy import kustomize
from tests.deploy.manifests import COMPONENTS, OVERLAYS, PODS, VERSIONS, above, by_name, findings, render, template
from tests.sources import ROOT


@pytest.mark.deploy
@pytest.mark.parametrize("what", [*OVERLAYS, "components", "by_sockets"])
def test_what_these_tests_look_at_is_what_a_cluster_is_given(tmp_path, what):
    folder = ROOT / "kubernetes/overlays" / what
    if what == "components":
        folder = above(tmp_path, "overlays/local", *sorted(COMPONENTS))
    if what == "by_sockets":
        folder = ROOT / "tests/deploy/by_sockets"
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.fail("This needs kubectl (1.27 or newer) or kustomize: install one of them.")
    done = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    real = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert by_name(kustomize.render(folder)) == by_name(real)


@pytest.mark.parametrize(
    "more",
    [
        {"namePrefix": "x-"},
        {"images": [{"name": "llave", "digest": "sha256:0"}]},
        {"patches": [{"target": {"kind": "Deployment", "name": "nobody"}, "patch": "[]"}]},
    ],
)
def test_what_the_rendering_does_not_know_is_an_error(tmp_path, more):
    path = above(tmp_path, "base") / "kustomization.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | more))
    with pytest.raises(kustomize.NotUnderstood):
        kustomize.render(tmp_path)


def test_the_first_start_may_read_the_secrets_that_it_makes():
    (role,) = [thing for thing in render("overlays/local") if thing["kind"] == "Role"]
    readable = set(role["rules"][0]["resourceNames"])
    assert readable == set(wanted(lambda reader, name: None, "chat.example"))
    # kustomize takes such a name for that of a generated map when there is one.
    maps = [thing["metadata"]["name"] for thing in render("overlays/local") if thing["kind"] == "ConfigMap"]
    assert not {name.rpartition("-")[0] for name in maps} & readable


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_valid_for_a_kubernetes_version(overlay, version):
    assert [found for thing in render(f"overlays/{overlay}") if (found := findings(thing, version))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Deploiment"},
        {"apiVersion": "apps/v9"},
        {"spec": {"replicas": "two"}},
        {"extra": 1},
    ],
)
def test_what_is_unknown_is_found(change):
    good = next(thing for thing in render("overlays/local") if thing["kind"] == "Deployment")
    assert findings(good, VERSIONS[0]) == ""
    assert findings(good | change, VERSIONS[0])


def test_the_gateway_route_is_valid_beside_the_base(tmp_path):
    route = yaml.safe_load((ROOT / "kubernetes/components/gateway/route.yaml").read_text())
    route["metadata"]["namespace"] = "llave"
    assert findings(route, VERSIONS[0]) == ""
    route["spec"]["rules"][0]["timeout"] = "0s"
    assert "timeout" in findings(route, VERSIONS[0])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_stands_in_a_manifest(overlay):
    things = render(f"overlays/{overlay}")
    assert not [thing for thing in things if thing["kind"] == "Secret"]
    text = yaml.safe_dump_all(things)
    assert not re.search(r"://[^/\s:]*:[^/\s@]+@", text)
    names = re.findall(r"\b(?:SECRET_KEY|FIELD_KEYS|LOG_KEY_SEED|\w*_URL|\w*PASSWORD\w*)\b(?=: )", text)
    assert set(names) <= {"SITE_URL", "BLOBS_URL"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_is_one_of_the_example(overlay):
    settings = next(
        thing
        for thing in render(f"overlays/{overlay}")
        if thing["kind"] == "ConfigMap" and thing["metadata"]["name"].startswith("settings-")
    )
    known = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name.removesuffix("_FILE") for name in settings["data"]} <= known


def test_on_aws_attachments_are_in_a_bucket_and_on_no_volume(monkeypatch):
    found = by_name(list(render("overlays/aws")))
    assert [name for kind, name in found if kind == "PersistentVolumeClaim"] == ["backups"]
    for thing in found.values():
        if thing["kind"] in PODS:
            assert "media" not in yaml.safe_dump(template(thing)["spec"])
    bucket, prefix = _bucket_of(found, monkeypatch)
    cluster = yaml.safe_load((ROOT / "kubernetes/overlays/aws/cluster.yaml").read_text())
    (rights,) = [each for each in cluster["iam"]["podIdentityAssociations"] if each["namespace"] == "llave"]
    allowed = {each["Resource"]: each["Action"] for each in rights["permissionPolicy"]["Statement"]}
    assert allowed == {
        f"arn:aws:s3:::{bucket}/{prefix}/*": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        f"arn:aws:s3:::{bucket}": "s3:ListBucket",
    }
    (denied,) = json.loads((ROOT / "kubernetes/overlays/aws/bucket-policy.json").read_text())["Statement"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (denied["Effect"], denied["Resource"]) == (
        "Deny",
        [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    )
    users = {template(thing)["spec"]["serviceAccountName"] for thing in found.values() if thing["kind"] in PODS}
    assert users == {rights["serviceAccountName"]}


def test_on_aws_backups_are_on_a_volume_of_a_class_that_the_overlay_makes():
    found = by_name(list(render("overlays/aws")))
    (made,) = [thing for (kind, _name), thing in found.items() if kind == "StorageClass"]
    assert made["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert found["PersistentVolumeClaim", "backups"]["spec"]["storageClassName"] == made["metadata"]["name"]
    cluster = yaml.safe_load((ROOT / "kubernetes/overlays/aws/cluster.yaml").read_text())
    assert {each["name"] for each in cluster["addons"]} >= {"aws-ebs-csi-driver"}
    (container,) = template(found["CronJob", "daily"])["spec"]["containers"]
    assert {"name": "backups", "mountPath": "/backups"} in container["volumeMounts"]


def _bucket_of(found, monkeypatch):
    (given,) = [thing["data"] for (kind, name), thing in found.items() if name.startswith("settings-")]
    monkeypatch.setenv("BLOBS_URL", given["BLOBS_URL"])
    options = env.bucket("BLOBS_URL")
    assert options["endpoint"] == ""
    return options["bucket"], options["prefix"]


def test_elsewhere_attachments_are_on_a_claim_that_every_pod_of_the_program_mounts():
    found = by_name(list(render("overlays/local")))
    assert ("PersistentVolumeClaim", "media") in found
    for name in (("Deployment", "web"), ("Job", "migrate"), ("CronJob", "daily")):
        (container,) = template(found[name])["spec"]["containers"]
        assert {"name": "media", "mountPath": "/media"} in container["volumeMounts"]


@pytest.mark.parametrize("name", ["redis.conf", "nginx.conf"])
def test_the_cluster_configures_the_stores_and_the_proxy_as_compose_does(name):
    how_found = re.compile(r"\$replicas|resolver |http://web:8000|name server|TLS in front of")
    compose, cluster = (
        [line for line in (ROOT / folder / name).read_text().splitlines() if not how_found.search(line)]
        for folder in ("docker", "kubernetes/overlays/local")
    )
    assert compose == cluster


@pytest.mark.parametrize("version", VERSIONS)
def test_the_components_fit_every_installation(tmp_path, version):
    """Scaling by sockets and backups on a volume, on top of the base."""
    things = kustomize.render(above(tmp_path, "base", "metrics", "backup"))
    assert [finding for finding in (findings(thing, version) for thing in things) if finding] == []
    (job,) = [thing for thing in things if thing["kind"] == "CronJob"]
    container = template(job)["spec"]["containers"][0]
    assert {"name": "backups", "mountPath": "/backups"} in container["volumeMounts"]
    (scaler,) = [thing for thing in things if thing["kind"] == "HorizontalPodAutoscaler"]
    assert {metric["type"] for metric in scaler["spec"]["metrics"]} == {"Resource", "Pods"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_while_a_backup_is_restored_nobody_serves_or_migrates(tmp_path, overlay):
    things = kustomize.render(above(tmp_path, f"overlays/{overlay}", "restore"))
    assert [finding for finding in (findings(thing, VERSIONS[0]) for thing in things) if finding] == []
    found = by_name(things)
    assert found["Deployment", "web"]["spec"]["replicas"] == 0
    (container,) = template(found["Job", "migrate"])["spec"]["containers"]
    (usual,) = template(by_name(list(render(f"overlays/{overlay}")))["Job", "migrate"])["spec"]["containers"]
    assert container["command"][0] == "sleep"
    assert "args" not in container
    assert container["volumeMounts"] == usual["volumeMounts"]
