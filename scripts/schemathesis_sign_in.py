"""Who schemathesis is: an administrator, made anew on the machine every ten minutes.

An access token lives for 15 minutes, and requests are generated at random: they may delete users, end sessions, guess
passwords until an account is throttled. So the account is made by the command line, which needs no token, and a
request that would hit the account itself or its session is led past it: afterwards nothing would be tried but 401.
"""

import os
import subprocess
import uuid

import requests
import schemathesis

URL = os.environ["DRIFTSENTRY_URL"]
COMMAND = [os.environ["DRIFTSENTRY_BINARY"], "user", "add", "--role", "admin", "--password-stdin"]
PASSWORD = uuid.uuid4().hex

# The ids of every account that was made here, and of their sessions.
own = set()


@schemathesis.auth(refresh_interval=600)
class Administrator:
    """Signs in, and sends `Authorization: Bearer`."""

    def get(self, case, context):
        number = len(own)
        email = f"fuzzer-{number}@driftsentry.example"
        subprocess.run(
            [*COMMAND, email, "--data-dir", os.environ["DRIFTSENTRY_DATA_DIR"]],
            input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL,
        )
        # From an address of its own: generated sign-ins have theirs throttled.
        answer = requests.post(
            f"{URL}/api/v1/auth/login",
            json={"email": email, "password": PASSWORD},
            headers={"X-Forwarded-For": f"192.0.2.{number % 250 + 1}"},
            timeout=20,
        )
        answer.raise_for_status()
        token = answer.json()["data"]["accessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        me = requests.get(f"{URL}/api/v1/users/me", headers=headers, timeout=20)
        own.add(me.json()["data"]["id"])
        sessions = requests.get(f"{URL}/api/v1/auth/sessions", headers=headers, timeout=20)
        own.update(session["id"] for session in sessions.json()["data"]["items"])
        # The script looks at the end whether it still holds.
        with open(os.environ["DRIFTSENTRY_TOKEN_FILE"], "w", encoding="ascii") as file:
            file.write(token)
        return token

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    parameters = case.path_parameters or {}
    if case.method != "GET" and str(parameters.get("id")).lower() in own:
        parameters["id"] = str(uuid.uuid4())
