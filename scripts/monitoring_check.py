"""Watches a running server with Prometheus, as scripts/monitoring describes it."""

import json
import re
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

BINARY, FILES, WORK = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
TOKEN = "monitoring-0123456789abcdef"
PASSWORD = "seven rusty anchors"
# Of another part of the product, or of Prometheus itself.
NOT_OURS = {"up"}
# Present once something has happened that doesn't happen here.
LATER = {"driftsentry_backup_last_success_timestamp_seconds", "driftsentry_workspace_silent"}

children = []
trust_all = ssl.create_default_context()
trust_all.check_hostname = False
trust_all.verify_mode = ssl.CERT_NONE


def start(name, *command, env=None):
    log = open(WORK / f"{name}.log", "wb")
    child = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=WORK)
    children.append(child)
    return child


def said(name):
    return (WORK / f"{name}.log").read_text(errors="replace")


def until(what, ask, patience=30):
    began = time.monotonic()
    while time.monotonic() - began < patience:
        found = ask()
        if found:
            return found
        if any(child.poll() is not None for child in children):
            break
        time.sleep(0.1)
    logs = "\n".join(said(log.stem)[-3000:] for log in WORK.glob("*.log"))
    raise SystemExit(f"{what}: not within {patience} s\n{logs}")


def fetch(url, body=None, **headers):
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=10, context=trust_all) as answer:
        return answer.read().decode()


def serve():
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=WORK, check=True, capture_output=True)
    env = {
        "DRIFTSENTRY_ADMIN_EMAIL": "admin@monitoring.example",
        "DRIFTSENTRY_ADMIN_PASSWORD": PASSWORD,
        "DRIFTSENTRY_METRICS_TOKEN": TOKEN,
        "DRIFTSENTRY_STORE_MIN_FREE_BYTES": "0",
    }
    start("driftsentry", BINARY, "serve", "--listen", "127.0.0.1:0", "--data-dir", "data",
          "--tls-cert", "cert.pem", "--tls-key", "key.pem", env=env)
    listening = until("the server", lambda: re.search(r"listening on (https://\S+)", said("driftsentry")))
    return listening[1]


def use(url):
    """Gives every metric something to tell."""
    json_type = {"Content-Type": "application/json"}
    body = json.dumps({"email": "admin@monitoring.example", "password": PASSWORD}).encode()
    token = json.loads(fetch(f"{url}/api/v1/auth/login", body, **json_type))["data"]["accessToken"]
    signed = {"Authorization": f"Bearer {token}", **json_type}
    plan = Path(__file__).parent.parent / "tests/fixtures/terraform/05-modules-foreach.plan.json.gz"
    fetch(f"{url}/api/v1/scans?workspace=shop/prod", plan.read_bytes(), **signed, **{"Content-Encoding": "gzip"})
    drifts = json.loads(fetch(f"{url}/api/v1/drifts?status=open", **signed))["data"]["items"]

    def decide():
        reason = json.dumps({"reason": "agreed with the team"}).encode()
        fetch(f"{url}/api/v1/drifts/{drifts[0]['id']}/approve", reason, **signed)
        how = json.dumps({"resolvedHow": "manual-fix"}).encode()
        fetch(f"{url}/api/v1/drifts/{drifts[0]['id']}/resolve", how, **signed)

    return decide


def watch(url, decide):
    address = url.removeprefix("https://")
    (WORK / "token").write_text(TOKEN)
    (WORK / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{FILES}/prometheus-rules.yml]
scrape_configs:
  - job_name: driftsentry
    scheme: https
    tls_config: {{ca_file: {WORK}/cert.pem, server_name: localhost}}
    authorization: {{credentials_file: {WORK}/token}}
    static_configs: [{{targets: ["{address}"]}}]
""")
    subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=WORK, check=True, capture_output=True)
    port = 20_000 + time.time_ns() // 1000 % 20_000
    start("prometheus", "prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{port}",
          f"--storage.tsdb.path={WORK}/tsdb")
    api = f"http://127.0.0.1:{port}/api/v1"

    def ready():
        try:
            targets = json.loads(fetch(f"{api}/targets"))["data"]["activeTargets"]
        except OSError:
            return None
        return all(target["health"] == "up" for target in targets) and targets

    until("a scrape with the token", ready)
    # Rates and increases need samples before and after.
    time.sleep(2)
    decide()
    time.sleep(4)
    return api


def queries():
    dashboard = json.loads((FILES / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def answered(api, expr):
    expr = expr.replace("$__rate_interval", "5s").replace("$instance", ".*")
    answer = json.loads(fetch(f"{api}/query?{urllib.parse.urlencode({'query': expr})}"))
    assert answer["status"] == "success", answer
    return len(answer["data"]["result"])


def named(text):
    return set(re.findall(r"\b(?:driftsentry|process)_[a-z_]+\b", text))


def main():
    url = serve()
    decide = use(url)
    classic = fetch(f"{url}/metrics", Accept="text/plain", Authorization=f"Bearer {TOKEN}")
    checked = subprocess.run(["promtool", "check", "metrics"], input=classic, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    try:
        fetch(f"{url}/metrics", Host="drift.example")
        raise SystemExit("a scrape without the token was answered")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error

    api = watch(url, decide)
    wrong, empty, count = [], [], 0
    for title, expr in queries():
        count += 1
        try:
            if answered(api, expr) == 0:
                empty.append((title, expr))
        except (AssertionError, OSError) as error:
            wrong.append(f"{title}: {expr}: {error}")
    # What shows nothing has to be what does not happen here.
    wrong += [f"{title} shows nothing: {expr}" for title, expr in empty if not named(expr) & LATER]

    known = set(json.loads(fetch(f"{api}/label/__name__/values"))["data"]) | NOT_OURS | LATER
    rules = (FILES / "prometheus-rules.yml").read_text()
    expressions = "\n".join(expr for _, expr in queries())
    groups = json.loads(fetch(f"{api}/rules"))["data"]["groups"]
    evaluated = [rule for group in groups for rule in group["rules"]]
    wrong += [f"rule {rule['name']}: {rule['health']} {rule.get('lastError')}" for rule in evaluated
              if rule["health"] != "ok"]
    rule_expressions = "\n".join(rule["query"] for rule in evaluated)
    wrong += [f"no such metric: {name}" for name in sorted(named(expressions + rule_expressions) - known)]
    assert len(evaluated) == rules.count("- alert:"), "rules are missing"
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"a scrape by token, {len(evaluated)} rules and {count} queries: all answered")


try:
    main()
finally:
    for child in children:
        child.terminate()
    for child in children:
        child.wait(10)
