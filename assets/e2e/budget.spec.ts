import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ADMIN } from './appliance';
import { expect, signIn, test } from './fixtures';

const KB = 1_000;
const dist = join(import.meta.dirname, '../dist');

test('the first load and the whole build stay within their budgets', async ({ page, browser, appliance }) => {
  await signIn(page, ADMIN);
  const { cookies } = await page.context().storageState();
  for (const route of ['/', '/drifts']) {
    const fresh = await browser.newContext({ baseURL: appliance.url });
    await fresh.addCookies(cookies);
    const first = await fresh.newPage();
    const loaded: { kind: string; url: string; bytes: Promise<Buffer> }[] = [];
    first.on('response', (response) => {
      const kind = response.request().resourceType();
      if (kind === 'script' || kind === 'stylesheet')
        loaded.push({ kind, url: response.url(), bytes: response.body() });
    });
    await first.goto(route);
    await expect(first.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(first.getByText('Loading…')).toHaveCount(0);
    const size = async (kind: string) => {
      // The chart comes when it is shown, and has a budget of its own.
      const files = loaded.filter((file) => file.kind === kind && !/Chart|uplot/i.test(file.url));
      const sizes = await Promise.all(files.map(async ({ bytes }) => gzipSync(await bytes, { level: 9 }).length));
      return sizes.reduce((sum, one) => sum + one, 0);
    };
    const [js, css] = [await size('script'), await size('stylesheet')];
    test.info().annotations.push({ type: route, description: `${js} bytes of JS and ${css} of CSS, gzip` });
    console.info(`first load of ${route}: ${js} bytes of JS, ${css} bytes of CSS (gzip)`);
    expect(js, `JS of ${route}`).toBeLessThanOrEqual(130 * KB);
    expect(css, `CSS of ${route}`).toBeLessThanOrEqual(15 * KB);
    await fresh.close();
  }
});

test('the chart’s chunk and all of it together are small', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((name) => join(dist, name));
  const contents = files.filter((file) => statSync(file).isFile()).map((file) => ({ file, bytes: readFileSync(file) }));
  const chart = contents.filter(({ file }) => /Chart.*\.js$/.test(file));
  expect(chart).toHaveLength(1);
  const chartBytes = chart.map(({ bytes }) => gzipSync(bytes, { level: 9 }).length)[0] ?? 0;
  const all = contents.reduce((sum, { bytes }) => sum + brotliCompressSync(bytes).length, 0);
  console.info(`the chart: ${chartBytes} bytes (gzip); all of the build: ${all} bytes (brotli)`);
  expect(chartBytes).toBeLessThanOrEqual(25 * KB);
  expect(all).toBeLessThanOrEqual(300 * KB);
});
