import { defineConfig } from 'vitest/config';

/**
 * Processes rather than threads: tests start servers, workers and signal handlers of their own, and
 * a test that blocks its thread in Atomics.wait must not hold up another file's.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
