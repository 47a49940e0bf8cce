"""Follows the events with httpx-sse or sseclient-py, and goes on by hand after a cut."""

import os
import sys
import time

import httpx
import httpx_sse
import requests
import sseclient

URL = f"{os.environ['DRIFTSENTRY_URL']}/api/v1/events"
KEY = {"X-API-Key": os.environ["DRIFTSENTRY_API_KEY"]}


def say(*words):
    print(*words, flush=True)


def with_httpx_sse(headers):
    with httpx.Client(timeout=30) as client, httpx_sse.connect_sse(client, "GET", URL, headers=headers) as source:
        source.response.raise_for_status()
        say("open")
        for event in source.iter_sse():
            # The greeting has a number and no data.
            yield event.id, event.event if event.data else None


def with_sseclient(headers):
    with requests.get(URL, headers={**headers, "Accept": "text/event-stream"}, stream=True, timeout=30) as response:
        response.raise_for_status()
        say("open")
        for event in sseclient.SSEClient(response).events():
            yield event.id, event.event


follow = {"httpx-sse": with_httpx_sse, "sseclient-py": with_sseclient}[sys.argv[1]]
last = None
while True:
    try:
        for last, name in follow(KEY if last is None else {**KEY, "Last-Event-ID": last}):
            if name:
                say("event", last, name)
    except (httpx.TransportError, requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        say("cut", type(error).__name__)
    time.sleep(1)
