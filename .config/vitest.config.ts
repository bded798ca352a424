import { defineConfig } from 'vitest/config';

// Two pools: laws and formats share threads; what starts real daemons gets processes, one file at a time each.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
