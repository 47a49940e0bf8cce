import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Everybody's password in a store that `driftsentry demo` made. */
export const PASSWORD = 'tidal omen fjord quartz';
export const ADMIN = 'elena.rossi@brightcart.example';
export const ENGINEER = 'mara.lindqvist@brightcart.example';
export const VIEWER = 'noor.haddad@brightcart.example';

/** The binary under test: `DRIFTSENTRY_BINARY`, else the release build. */
const binary = resolve(process.env.DRIFTSENTRY_BINARY ?? release());

function release(): string {
  const target = resolve(import.meta.dirname, '../../target');
  const host = readdirSync(target).find((name) => name.includes('-linux-'));
  if (host === undefined)
    throw new Error('there is no release build: run cargo build --release, or set DRIFTSENTRY_BINARY');
  return join(target, host, 'release/driftsentry');
}

/** A request that the server refused or failed, as its log has it. */
interface Refused {
  method: string;
  route: string;
  status: number;
}

/** The appliance, on a store and a port of its own. */
export class Appliance {
  readonly dir = mkdtempSync(join(tmpdir(), 'driftsentry-ui-'));
  readonly log = join(this.dir, 'log');
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(readonly port: number) {}

  /** A store with a month of drift, or an empty one; then the server on it. */
  static async start(store: { drifts: number } | 'empty'): Promise<Appliance> {
    const appliance = new Appliance(await freePort());
    if (store !== 'empty') {
      appliance.run(['demo', '--data-dir', appliance.data, '--drifts', String(store.drifts)], {
        DRIFTSENTRY_DEMO_PASSWORD: PASSWORD,
      });
    }
    await appliance.start();
    return appliance;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get data(): string {
    return join(this.dir, 'data');
  }

  async start(): Promise<void> {
    const env = { ...process.env, DRIFTSENTRY_ADMIN_EMAIL: ADMIN, DRIFTSENTRY_ADMIN_PASSWORD: PASSWORD };
    const started = spawn(binary, ['serve', '--data-dir', this.data, '--listen', `127.0.0.1:${this.port}`], { env });
    this.#process = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (part: Buffer) => {
        this.#output += part.toString();
      });
    }
    for (let attempt = 0; ; attempt += 1) {
      if (started.exitCode !== null || attempt > 600) throw new Error(`the server did not start:\n${this.#output}`);
      const isReady = await fetch(`${this.url}/health/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the server as an operator would, or as a power cut would. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Runs another command of the binary, and gives what it printed. Exit 2 says "drift was found". */
  run(args: string[], env: Record<string, string> = {}): string {
    const { status, stdout, stderr } = spawnSync(binary, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
    if (status !== 0 && status !== 2) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** Pushes what `terraform show -json` printed, with an API key. */
  push(workspace: string, plan: unknown, key: string): string {
    const file = join(this.dir, 'plan.json');
    writeFileSync(file, typeof plan === 'string' ? readFileSync(plan) : JSON.stringify(plan));
    return this.run(['push', '--server', this.url, '--workspace', workspace, file], { DRIFTSENTRY_API_KEY: key });
  }

  /** Calls the API as somebody, past the UI. */
  async as(email: string): Promise<Caller> {
    const answer = await fetch(`${this.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    if (!answer.ok) throw new Error(`${email} could not sign in: ${await answer.text()}`);
    const { data } = (await answer.json()) as { data: { accessToken: string } };
    return new Caller(this.url, data.accessToken);
  }

  /** What was refused since `since` characters of the log. */
  refused(since = 0): Refused[] {
    return this.#output
      .slice(since)
      .split('\n')
      .filter((line) => line.includes('"message":"Request"'))
      .map((line) => JSON.parse(line) as Refused)
      .filter(({ status }) => status >= 400);
  }

  /** How long the log is by now. */
  get logged(): number {
    return this.#output.length;
  }
}

/** Somebody who calls the API. */
export class Caller {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it knows to be there.
  async call(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { data, error } = (await answer.json()) as { data: unknown; error?: unknown };
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(error)}`);
    return data;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
