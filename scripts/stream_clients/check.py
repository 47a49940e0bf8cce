"""Starts a server and its listeners, makes changes, kills and restarts the server, and compares what each one heard."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

BINARY, NODE_MODULES, WORK = (Path(argument) for argument in sys.argv[1:4])
HERE = Path(__file__).parent
ADMIN, PASSWORD = "admin@clients.example", secrets.token_hex(12)
# An event that nobody holds back is with curl, behind nginx too, within this, though nothing follows it.
PROMPT_S = 1.0
# The others may be slow to read what has arrived.
READ_S = 5.0
# A listener starts, or comes back, within this: a browser on a busy machine.
PATIENCE_S = 20.0
# A silent stream has a comment every 15 seconds.
SILENCE_S = 18.0


class Failed(Exception):
    """What was expected and did not happen."""


def until(condition, seconds, missing):
    """Waits for a condition; `missing()` says what lacks at the end."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds:.0f} s: {missing()}")
        time.sleep(0.02)


class Server:
    """The server, on one address for all its lives."""

    def __init__(self):
        self.listen = "127.0.0.1:0"
        self.log = open(WORK / "server.log", "ab")
        self.start()
        self.listen = self.url.removeprefix("http://")

    def start(self):
        environment = {
            **os.environ,
            "DRIFTSENTRY_ADMIN_EMAIL": ADMIN,
            "DRIFTSENTRY_ADMIN_PASSWORD": PASSWORD,
            "DRIFTSENTRY_TRUSTED_PROXIES": "127.0.0.1",
        }
        command = [BINARY, "serve", "--listen", self.listen, "--data-dir", WORK / "data"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        CHILDREN.append(self.process)
        first = self.process.stdout.readline()
        if not first.startswith("listening on "):
            raise Failed(f"the server did not say where it listens, but {first!r}")
        self.url = first.removeprefix("listening on ").strip()

    def stop(self, kill):
        self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            raise Failed("the server did not stop within 10 s while clients listened") from None


class Listener:
    """A client, and what it heard."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment
        self.opened, self.comments, self.cuts, self.events = 0, 0, [], []
        self.heard_at = 0.0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with open(WORK / f"{self.name}.log", "ab") as log:
            command = [str(part) for part in self.command]
            child = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
            CHILDREN.append(child)
            for line in child.stdout:
                self.hear(line.split())

    def hear(self, words):
        match words:
            case ["open"]:
                self.opened += 1
            case ["comment"]:
                self.comments += 1
            case ["event", number, name]:
                self.heard_at = time.monotonic()
                self.events.append((int(number), name))
            case _:
                self.cuts.append(" ".join(words))

    def state(self):
        log = (WORK / f"{self.name}.log").read_text(errors="replace")[-600:]
        return f"{self.name} opened {self.opened} times, heard {self.events}, cuts {self.cuts[-3:]}\n{log}"


class Curl(Listener):
    """`curl -N`, begun again with the last number after a cut."""

    def run(self):
        last, name = None, None
        while True:
            resume = ["--header", f"Last-Event-ID: {last}"] if last else []
            with open(WORK / f"{self.name}.log", "ab") as log:
                child = subprocess.Popen(self.command + resume, stdout=subprocess.PIPE, stderr=log, text=True)
            CHILDREN.append(child)
            for line in child.stdout:
                field, _, value = line.rstrip("\n").partition(": ")
                match field:
                    case "retry":
                        self.hear(["open"])
                    case "id":
                        last = value
                    case "event":
                        name = value
                    case "data":
                        self.hear(["event", last, name])
                    case ":":
                        self.hear(["comment"])
            self.hear(["cut", f"{child.wait()}"])
            time.sleep(1)


class Scene:
    """The server, its listeners, and what they have to hear."""

    def __init__(self):
        self.server = Server()
        self.expected = []
        self.api = httpx.Client(base_url=f"{self.server.url}/api/v1", timeout=10)
        admin = self.sign_in(ADMIN)
        email = "eve@clients.example"
        self.post("/users", {"email": email, "role": "engineer", "password": PASSWORD}, admin)
        key = self.post("/api-keys", {"name": "clients", "scope": "read"}, admin)["key"]
        self.token = self.sign_in(email)
        self.listeners = list(self.clients(key))

    def clients(self, key):
        environment = {
            **os.environ,
            "DRIFTSENTRY_URL": self.server.url,
            "DRIFTSENTRY_API_KEY": key,
            "DRIFTSENTRY_TOKEN": self.token,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # nginx looks for the directories it writes to in its prefix.
        config = (HERE / "nginx.conf").read_text()
        (WORK / "nginx.conf").write_text(config.replace("SERVER_URL", self.server.url).replace("WORK", str(WORK)))
        as_root = ["-g", "user root;"] if os.geteuid() == 0 else []
        nginx = ["nginx", "-p", f"{WORK}/", "-c", f"{WORK}/nginx.conf", "-e", f"{WORK}/nginx.log", *as_root]
        with open(WORK / "nginx.out", "wb") as out:
            CHILDREN.append(subprocess.Popen(nginx, stdout=out, stderr=out))
        sockets = {name: WORK / f"{name}.sock" for name in ("advised", "plain")}
        there = lambda: all(socket.exists() for socket in sockets.values())
        until(there, 10, lambda: f"nginx's sockets: {(WORK / 'nginx.out').read_text()}")
        curl = ["curl", "--no-buffer", "--silent", "--show-error", "--fail", "--header", f"X-API-Key: {key}"]
        yield Curl("curl", [*curl, f"{self.server.url}/api/v1/events"], environment)
        for name, socket in sockets.items():
            through = [*curl, "--unix-socket", str(socket), "http://drift.example/api/v1/events"]
            yield Curl(f"nginx-{name}", through, environment)
        for library in ("httpx-sse", "sseclient-py"):
            yield Listener(library, [sys.executable, HERE / "client.py", library], environment)
        for library in ("eventsource", "eventsource-parser"):
            yield Listener(library, ["node", NODE_MODULES / "client.mjs", library], environment)
        yield Listener("chromium", ["node", NODE_MODULES / "page.mjs", WORK / "profile"], environment)

    def sign_in(self, email):
        return self.post("/auth/login", {"email": email, "password": PASSWORD})["accessToken"]

    def post(self, path, body, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.api.post(path, json=body, headers=headers)
        if not answer.is_success:
            raise Failed(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()["data"]

    def change(self, path, body, *names):
        """Makes a change, which makes these events."""
        result = self.post(path, body, self.token)
        self.changed_at = time.monotonic()
        self.expected += [(len(self.expected) + 1 + place, name) for place, name in enumerate(names)]
        return result

    def put_on_record(self, resource, severity):
        place = {"resourceType": "aws_instance", "region": "eu-central-1", "workspace": "shop/prod"}
        body = {"resourceId": resource, **place, "severity": severity}
        states = {"expectedState": {"size": 1}, "actualState": {"size": 2}}
        names = ["drift:created"] + ["alert:created"] * (severity == "critical")
        return self.change("/drifts", {**body, **states}, *names)["id"]

    def all_have(self, what, condition, seconds):
        """Waits until every listener is so far."""
        started = time.monotonic()
        late = lambda: [listener for listener in self.listeners if not condition(listener)]
        until(lambda: not late(), seconds, lambda: f"{what}\n" + "\n".join(one.state() for one in late()))
        print(f"  {what}: all {len(self.listeners)} clients, {time.monotonic() - started:.2f} s", flush=True)

    def all_heard(self, what, seconds):
        self.all_have(what, lambda listener: listener.events == self.expected, seconds)

    def all_heard_promptly(self, what):
        self.all_heard(what, READ_S)
        for listener in self.listeners:
            took = listener.heard_at - self.changed_at
            if isinstance(listener, Curl) and took > PROMPT_S:
                raise Failed(f"{what}: with {listener.name} only after {took:.2f} s")


def play(scene):
    scene.all_have("the stream is open", lambda listener: listener.opened == 1, PATIENCE_S)
    first = scene.put_on_record("i-1", "info")
    scene.all_heard_promptly("one event, promptly")
    second = scene.put_on_record("i-2", "critical")
    scene.all_heard_promptly("two of one change, promptly")
    telling = [one for one in scene.listeners if isinstance(one, Curl) or one.name == "eventsource-parser"]
    silent = lambda: [one.name for one in telling if not one.comments]
    until(lambda: not silent(), SILENCE_S, lambda: f"a comment, with {silent()}")
    scene.all_heard("comments are no events", READ_S)
    scene.change(f"/drifts/{second}/triage", {}, "alert:read", "drift:triaged")
    scene.all_heard_promptly("events after a comment, promptly")

    scene.server.stop(kill=True)
    scene.server.start()
    scene.change(f"/drifts/{second}/approve", {"reason": "As it was written."}, "drift:approved")
    scene.all_heard("resumed after a kill, no gap and no double", PATIENCE_S)

    scene.server.stop(kill=False)
    scene.server.start()
    scene.change(f"/drifts/{first}/reject", {"reason": "It stays as it is now."}, "drift:rejected")
    scene.all_heard("resumed after a restart, no gap and no double", PATIENCE_S)
    scene.put_on_record("i-3", "warning")
    scene.all_heard_promptly("it goes on, promptly")
    scene.all_have("came back twice", lambda listener: listener.opened == 3, 0)


CHILDREN = []
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    play(Scene())
except Failed as failure:
    print(f"FAILED: {failure}", file=sys.stderr)
    print("--- the end of the server's log", (WORK / "server.log").read_text()[-3000:], sep="\n", file=sys.stderr)
    sys.exit(1)
finally:
    for process in CHILDREN:
        process.terminate()
    for process in CHILDREN:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
