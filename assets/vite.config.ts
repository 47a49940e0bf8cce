import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { licenses } from './licenses.ts';

// The build is the same, byte for byte, wherever it is made: nothing of the machine, the time or the commit goes in.
export default defineConfig({
  plugins: [react(), licenses()],
  build: {
    target: 'es2023',
    // A style or an image inside the code would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
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
