import { defineConfig } from 'vitest/config';

// Files run side by side, as many as a small machine has cores; what waits, waits for an event and not for a time.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
});
