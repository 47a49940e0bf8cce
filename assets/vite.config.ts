import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { firstFiles } from './firstFiles.ts';
import { licenses } from './licenses.ts';

/** What runs first, and what it stands on: it must not wait for the rest. */
const FIRST =
  /\/src\/(cell|firstCalls|main|pages|api\/(ahead|problem|session)|drifts\/filters|preferences\/preferences|url\/search)\.ts/;
/** What nearly every page stands on: in one file, since each file costs its own way to the server and back. */
const COMMON =
  /\/node_modules\/(?!uplot\/)|\/src\/(useCell\.ts|routes\.tsx|text\/(shared|shell|sign_in)\.ts|(format|keyboard|live|shell|sign_in|ui|url)\/)|rolldown.runtime/;

// The build is the same, byte for byte, wherever it is made: nothing of the machine, the time or the commit goes in.
export default defineConfig({
  plugins: [react(), licenses(), firstFiles()],
  build: {
    target: 'es2023',
    // A style or an image inside the code would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'first', test: FIRST, priority: 2 },
            { name: 'common', test: COMMON, priority: 1 },
          ],
        },
      },
    },
  },
  // In development the pages come from Vite, and the API from an appliance that runs beside it.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/health', '/docs', '/openapi.json'].map((path) => [
        path,
        process.env.DRIFTSENTRY_URL ?? 'http://127.0.0.1:7777',
      ]),
    ),
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'] },
});
