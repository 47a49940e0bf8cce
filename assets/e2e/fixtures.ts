import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { Appliance, PASSWORD } from './appliance';

/** What is wrong in a page whoever looks: a test that expects a refusal names it. */
class Watch {
  readonly #complaints: string[] = [];
  readonly #allowed: RegExp[] = [];
  #refusals: string[] = [];

  constructor(private readonly appliance: Appliance) {}

  /** Complaints like this are what the test is about. */
  allow(complaint: RegExp): void {
    this.#allowed.push(complaint);
  }

  /** Refusals that the test brings about, such as `POST /api/v1/auth/login 401`. */
  allowRefusals(...refusals: string[]): void {
    this.#refusals = refusals;
    for (const refusal of refusals) {
      const status = refusal.split(' ').at(-1);
      this.allow(new RegExp(`console: Failed to load resource: the server responded with a status of ${status}`));
    }
  }

  over(context: BrowserContext): void {
    context.on('page', (page) => this.#page(page));
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== this.appliance.url && !['data:', 'blob:'].includes(url.protocol)) {
        this.#complaints.push(`it fetched from elsewhere: ${request.url()}`);
      }
    });
  }

  #page(page: Page): void {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        this.#complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#complaints.push(`uncaught: ${error.message}`));
  }

  expectQuiet(refusedByServer: { method: string; route: string; status: number }[]): void {
    const complaints = this.#complaints.filter(
      (complaint) => !this.#allowed.some((allowed) => allowed.test(complaint)),
    );
    expect(complaints, 'the browser complained').toEqual([]);
    const refused = refusedByServer.map(({ method, route, status }) => `${method} ${route} ${status}`);
    const unexpected = refused.filter((refusal) => !this.#refusals.includes(refusal));
    expect(unexpected, 'the server refused what the UI asked').toEqual([]);
  }
}

interface Tests {
  watch: Watch;
  /** Another person's browser: nothing in common with `page` but the server. */
  otherBrowser: (email: string) => Promise<Page>;
}

interface Workers {
  store: { drifts: number } | 'empty';
  appliance: Appliance;
}

export const test = base.extend<Tests, Workers>({
  store: [{ drifts: 400 }, { option: true, scope: 'worker' }],

  appliance: [
    async ({ store }, use) => {
      const appliance = await Appliance.start(store);
      await use(appliance);
      await appliance.dispose();
    },
    { scope: 'worker', timeout: 180_000 },
  ],

  baseURL: async ({ appliance }, use) => use(appliance.url),

  watch: [
    async ({ appliance, context }, use) => {
      const watch = new Watch(appliance);
      const before = appliance.logged;
      watch.over(context);
      await use(watch);
      watch.expectQuiet(appliance.refused(before));
    },
    { auto: true },
  ],

  otherBrowser: async ({ browser, appliance, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (email) => {
      const context = await browser.newContext({ baseURL: appliance.url, viewport: { width: 1440, height: 900 } });
      contexts.push(context);
      watch.over(context);
      const page = await context.newPage();
      await signIn(page, email);
      return page;
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };

/** Signs in at the page where one is asked to, and waits for the page that was wanted. */
export async function signIn(page: Page, email: string, path = '/'): Promise<void> {
  await page.goto(path);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('nav').first()).toBeAttached();
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeHidden();
}
