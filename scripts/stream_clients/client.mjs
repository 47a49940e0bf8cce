// Follows the events with eventsource, which comes back by itself, or with eventsource-parser over fetch, by hand.

import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import { createParser } from "eventsource-parser";

const url = `${process.env.DRIFTSENTRY_URL}/api/v1/events`;
const key = { "X-API-Key": process.env.DRIFTSENTRY_API_KEY };
const names = ["drift:created", "drift:updated", "drift:triaged", "drift:approved", "drift:rejected", "drift:resolved",
  "alert:created", "alert:read", "scan:finished", "reset", "expired", "message"];

function withEventSource() {
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...key } }),
  });
  source.addEventListener("open", () => console.log("open"));
  for (const name of names) {
    source.addEventListener(name, (event) => console.log(`event ${event.lastEventId} ${name}`));
  }
  source.addEventListener("error", (error) => {
    if (source.readyState === EventSource.CLOSED) {
      console.error(`eventsource gave up: ${error.code} ${error.message}`);
      process.exit(1);
    }
  });
}

async function withParser() {
  let last;
  const parser = createParser({
    onEvent: ({ id, event }) => {
      last = id ?? last;
      console.log(`event ${id} ${event}`);
    },
    onComment: () => console.log("comment"),
  });
  for (;;) {
    try {
      const answer = await fetch(url, { headers: last === undefined ? key : { ...key, "Last-Event-ID": last } });
      if (!answer.ok) throw new TypeError(`status ${answer.status}`);
      console.log("open");
      for await (const text of answer.body.pipeThrough(new TextDecoderStream())) parser.feed(text);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      console.log(`cut ${error.message}`);
    }
    parser.reset();
    await sleep(1000);
  }
}

await { eventsource: withEventSource, "eventsource-parser": withParser }[process.argv[2]]();
