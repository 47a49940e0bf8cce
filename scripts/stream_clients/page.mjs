// Follows the events in a page of the server's own, in a headless Chromium, by the DevTools protocol.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import WebSocket from "ws";

const [profile] = process.argv.slice(2);
const server = process.env.DRIFTSENTRY_URL;
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-first-run",
  "--remote-debugging-port=0", `--user-data-dir=${profile}`];
const chromium = spawn("chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
let isOver = false;
process.on("SIGTERM", () => {
  isOver = true;
  chromium.kill("SIGTERM");
  setTimeout(() => process.exit(1), 3000);
});
process.on("exit", () => chromium.kill("SIGKILL"));
chromium.on("exit", (status) => {
  if (!isOver) console.error(`chromium ended: ${status}`);
  process.exit(isOver ? 0 : 1);
});

/** Where Chromium listens: it says so on stderr. */
async function devtools() {
  for await (const line of createInterface({ input: chromium.stderr })) {
    const found = /^DevTools listening on (ws:.*)$/.exec(line);
    if (found) return found[1];
  }
  throw new Error("chromium did not say where its DevTools listen");
}

const socket = new WebSocket(await devtools());
chromium.stderr.resume();
await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
let calls = 0;
const waiting = new Map();
const heard = new Map();
socket.on("message", (text) => {
  const { id, result, error, method, params } = JSON.parse(text);
  if (id === undefined) return heard.get(method)?.(params);
  const [resolve, reject] = waiting.get(id);
  waiting.delete(id);
  return error ? reject(new Error(error.message)) : resolve(result);
});
function call(method, params = {}, sessionId = undefined) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, [resolve, reject]);
    socket.send(JSON.stringify({ id: calls, method, params, sessionId }));
  });
}

/** Runs in the page. */
async function follow(token) {
  let last;
  for (;;) {
    try {
      const headers = { Authorization: `Bearer ${token}` };
      if (last !== undefined) headers["Last-Event-ID"] = last;
      const answer = await fetch("/api/v1/events", { headers });
      if (!answer.ok) throw new TypeError(`status ${answer.status}`);
      say("open");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        const blocks = (text + piece.value).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/, 2)));
          last = fields.id ?? last;
          if (fields.data) say(`event ${fields.id} ${fields.event}`);
        }
      }
    } catch (error) {
      say(`cut ${error}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const { targetId } = await call("Target.createTarget", { url: "about:blank" });
const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
const page = (method, params) => call(method, params, sessionId);
heard.set("Runtime.bindingCalled", ({ payload }) => console.log(payload));
await page("Page.enable");
const loaded = new Promise((resolve) => heard.set("Page.loadEventFired", resolve));
const { errorText } = await page("Page.navigate", { url: `${server}/docs` });
if (errorText) throw new Error(`${server}/docs: ${errorText}`);
await loaded;
await page("Runtime.enable");
await page("Runtime.addBinding", { name: "say" });
const token = JSON.stringify(process.env.DRIFTSENTRY_TOKEN);
const { exceptionDetails } = await page("Runtime.evaluate", { expression: `void (${follow})(${token})` });
if (exceptionDetails) throw new Error(exceptionDetails.text);
